"""How many guesses at a secret there are: at every door, for every account, from every place (ASVS 5.0, V6.3.1).

Whoever checks a secret reserves a guess first, and gives it back when the secret was right:

    reserved = guessing.reserve("mfa", account=user, request=request)
    if isinstance(reserved, guessing.Exhausted):
        raise reserved.problem()
    if is_right:
        reserved.succeed()
    else:
        reserved.fail(user=user)
"""

from .budget import Exhausted, Payment, Reservation, Scope, reserve
from .challenges import Challenge, NoChallenge, challenge, challenge_path
from .resetting import forget_guesses
from .trust import device_of, device_or_ip, is_trusted, trust_device

__all__ = [
    "Challenge",
    "Exhausted",
    "NoChallenge",
    "Payment",
    "Reservation",
    "Scope",
    "challenge",
    "challenge_path",
    "device_of",
    "device_or_ip",
    "forget_guesses",
    "is_trusted",
    "reserve",
    "trust_device",
]
