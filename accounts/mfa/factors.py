"""Whether a second factor that is shown is the user's: a guess is reserved, the factor used up, a refusal told."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from .. import guessing, signals
from ..models import Passkey, RecoveryCode
from . import passkeys, recovery, totp
from .proofs import FactorFault, FactorRefused, Method, Proof


def verify(user: AbstractBaseUser, proof: Proof, *, step: str, request: HttpRequest, now: datetime) -> list[str]:
    """Use a second factor up and return what it adds to the methods of a session (`amr`, RFC 8176).

    Call it in the transaction of what the factor is for.

    :param step: what it is shown for: `login`, `reauthenticate`.
    :raises FactorRefused: it is not the user's, or was used before; `tell_refused` signals that, outside of the
        transaction.
    """
    if proof.method is Method.PASSKEY:
        return passkeys.amr_of(passkeys.verify(user, proof.credential, proof.state, request=request, now=now))
    if proof.method is Method.TOTP:
        totp.verify(user, proof.code, now=now)
        return ["otp", "mfa"]
    recovery.verify(user, proof.code, now=now)
    signals.recovery_code_used.send(
        sender=RecoveryCode,
        request=request,
        user=user,
        target=user,
        outcome="success",
        data={"step": step, "left": recovery.remaining(user)},
    )
    return ["otp", "mfa"]


@contextmanager
def guess(
    user: AbstractBaseUser,
    proof: Proof,
    *,
    step: str,
    request: HttpRequest,
    solution: str | guessing.Payment = "",
    can_challenge: bool = True,
) -> Iterator[None]:
    """Reserve a guess at the user's codes for what happens in the block, and signal a factor that is refused there.

    Put it around the transaction. A passkey's signature is not to be guessed.

    :param solution: a solved challenge.
    :param can_challenge: whether the door can show one.
    :raises Problem: no guess is left, or a challenge has to be solved first.
    :raises FactorRefused: as the block raised it.
    """
    reserved = None
    if proof.method is not Method.PASSKEY:
        reserved = guessing.reserve(
            "mfa", account=user, request=request, solution=solution, can_challenge=can_challenge
        )
    if isinstance(reserved, guessing.Exhausted):
        tell_refused(user, proof.method, FactorRefused(FactorFault.EXHAUSTED), step=step, request=request)
        raise reserved.problem()
    try:
        yield
    except FactorRefused as refused:
        if reserved is not None:
            reserved.fail(user=user, request=request)
        tell_refused(user, proof.method, refused, step=step, request=request)
        raise
    if reserved is not None:
        reserved.succeed()


def tell_refused(
    user: AbstractBaseUser | None,
    method: Method,
    refused: FactorRefused,
    *,
    step: str,
    request: HttpRequest | None,
) -> None:
    """Signal that a factor was refused. Call it outside of the transaction that the refusal rolls back."""
    if isinstance(refused, passkeys.PasskeyCloned):
        signals.passkey_clone_detected.send_robust(
            sender=Passkey,
            request=request,
            user=refused.passkey.user,
            target=refused.passkey,
            outcome="refused",
            data={"stored": refused.passkey.sign_count, "presented": refused.presented},
        )
    signals.mfa_failed.send_robust(
        sender=get_user_model(),
        request=request,
        user=user,
        target=user,
        outcome="refused",
        data={"method": method, "reason": refused.fault, "step": step},
    )
