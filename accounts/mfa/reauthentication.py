"""Showing the credentials again in a session that goes on: its `auth_time` and its methods are what was shown now."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction
from django.http import HttpRequest

from .. import guessing, sessions, signals
from ..login import LoginFault, LoginRefused, authenticate
from ..models import TokenFamily
from . import factors, holdings
from .proofs import FactorRefused, Method, Proof


@dataclass(frozen=True)
class FactorMissing:
    """The password is right, and the user has a second factor that was not shown."""

    methods: list[Method]


def reauthenticate(
    family: TokenFamily,
    password: str,
    proof: Proof | None,
    *,
    request: HttpRequest,
    now: datetime,
    solution: str = "",
    can_challenge: bool = True,
) -> TokenFamily | LoginRefused | FactorMissing:
    """Take the password, and the second factor of a user who has one; a passkey alone will do.

    :param password: empty with a passkey.
    :param solution: a solved challenge, where one was asked for. It pays for one wrong guess: at the password or, where
        that is right, at the factor.
    :param can_challenge: whether the door can show one.
    :return: the session as it is now, or what is wrong.
    :raises Problem: no guess at the factor is left, or a challenge has to be solved first.
    :raises SessionOver: the session has ended meanwhile.
    """
    user, payment = family.user, guessing.Payment(solution)
    amr: list[str] = []
    if password or proof is None or proof.method is not Method.PASSKEY:
        checked = _check_password(user, password, request=request, solution=payment, can_challenge=can_challenge)
        if checked is not None:
            return checked
        amr.append("pwd")
        if proof is None and holdings.is_enrolled(user):
            return FactorMissing(holdings.methods_of(user))
    if proof is None:
        _renew(family, amr, request=request, now=now)
        return family
    guess = factors.guess(
        user, proof, step="reauthenticate", request=request, solution=payment, can_challenge=can_challenge
    )
    try:
        with guess, transaction.atomic(using=router.db_for_write(TokenFamily)):
            amr += factors.verify(user, proof, step="reauthenticate", request=request, now=now)
            _renew(family, amr, request=request, now=now)
    except FactorRefused:
        return LoginRefused(LoginFault.FACTOR, user)
    return family


def _check_password(
    user: AbstractBaseUser, password: str, *, request: HttpRequest, solution: guessing.Payment, can_challenge: bool
) -> LoginRefused | None:
    checked = authenticate(
        user.get_username(), password, request=request, solution=solution, can_challenge=can_challenge
    )
    if isinstance(checked, LoginRefused):
        return checked
    # Between the request's session and this query the name may have passed to another user.
    return None if checked.pk == user.pk else LoginRefused(LoginFault.UNKNOWN)


def _renew(family: TokenFamily, amr: list[str], *, request: HttpRequest, now: datetime) -> None:
    family.auth_time, family.amr = now, amr
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        # A token that is made for a session after its end would outlive its entry in the denylist.
        if not TokenFamily.objects.live(now).filter(pk=family.pk).update(auth_time=now, amr=amr):
            raise sessions.SessionOver
        signals.reauthenticated.send(
            sender=TokenFamily, request=request, user=family.user, target=family, outcome="success", data={"amr": amr}
        )
