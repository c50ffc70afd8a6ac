"""Finishing a login: by the second factor, or by a passkey that is both."""

from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction
from django.http import HttpRequest

from .. import people
from ..conf import conf
from ..first_factor import LoginFault, LoginRefused, tell_refused
from ..login import start_session
from ..models import Passkey, TokenFamily
from ..rotation import Granted
from . import factors, passkeys, second_step
from .proofs import FactorRefused, Method, Proof
from .second_step import FirstStep


def finish_log_in(
    first: FirstStep, proof: Proof, *, request: HttpRequest, now: datetime, solution: str = ""
) -> Granted | LoginRefused:
    """Start the session that a second factor was needed for.

    :param first: what `second_step.read` made of the token.
    :param solution: a solved challenge, where one was asked for.
    :raises Problem: no guess is left, a challenge has to be solved first, or the account is locked.
    """
    guess = factors.guess(first.user, proof, step="login", request=request, solution=solution)
    try:
        with guess, _transaction():
            amr = second_step.take(first, proof, request=request, now=now)
            return start_session(
                first.user, transport=first.transport, amr=amr, request=request, now=now, dpop_jkt=first.dpop_jkt
            )
    except FactorRefused:
        return LoginRefused(LoginFault.FACTOR, first.user)


def log_in_by_passkey(
    proof: Proof, *, transport: str, request: HttpRequest, now: datetime, dpop_jkt: str = ""
) -> Granted | LoginRefused:
    """Start a session for the user that a passkey names: it is both factors, so no password is asked for.

    :raises AccountLocked: staff have locked the account.
    """
    try:
        with _transaction():
            passkey = passkeys.verify(None, proof.credential, proof.state, request=request, now=now)
            user = user_of_passkey(passkey, request=request)
            if isinstance(user, LoginRefused):
                return user
            amr = passkeys.amr_of(passkey)
            return start_session(user, transport=transport, amr=amr, request=request, now=now, dpop_jkt=dpop_jkt)
    except FactorRefused as error:
        factors.tell_refused(None, Method.PASSKEY, error, step="login", request=request)
        return LoginRefused(LoginFault.FACTOR)


def user_of_passkey(passkey: Passkey, *, request: HttpRequest) -> AbstractBaseUser | LoginRefused:
    """Return the user of a passkey that was shown, or what keeps them out; a refusal is signalled.

    A lock is looked at when the session starts.
    """
    user: AbstractBaseUser = passkey.user
    fault = None if user.is_active else LoginFault.INACTIVE
    if fault is None and conf.require_verified_email and not people.is_verified(user):
        fault = LoginFault.UNVERIFIED
    return tell_refused(LoginRefused(fault, user), user.get_username(), request) if fault else user


def _transaction() -> transaction.Atomic:
    return transaction.atomic(using=router.db_for_write(TokenFamily))
