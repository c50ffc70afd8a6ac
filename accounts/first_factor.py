"""Whether somebody knows an account's password."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils import timezone

from . import guessing, hashing, locks, people, signals
from .conf import conf
from .derivation import keyed_hash
from .hashers import HashersBusy


class LoginFault(StrEnum):
    """Why a login is refused.

    A client is told of no guess left, of a challenge to solve, and, once the password was shown, of an address to
    verify; nothing else tells one from the other.
    """

    CHALLENGE = "challenge_required"
    EXHAUSTED = "too_many_guesses"
    FACTOR = "second_factor"
    INACTIVE = "inactive"
    LOCKED = "account_locked"
    PASSWORD = "wrong_password"  # noqa: S105 - a word
    UNKNOWN = "unknown_account"
    UNUSABLE = "no_usable_password"
    UNVERIFIED = "email_not_verified"


@dataclass(frozen=True)
class LoginRefused:
    """No session. ``fault`` is for signals; a client learns no more than that the credentials do not fit.

    :ivar exhausted: what the guess budget said, where it was the one that refused.
    """

    fault: LoginFault
    user: AbstractBaseUser | None = None
    exhausted: guessing.Exhausted | None = None


def authenticate(
    identifier: str,
    password: str,
    *,
    request: HttpRequest | None,
    solution: str | guessing.Payment = "",
    can_challenge: bool = True,
) -> AbstractBaseUser | LoginRefused:
    """Return the user who shows the right password, or why nobody does; a refusal is signalled, once.

    Every door comes through here, so that all spend from one guess budget (Note [guesses]) and cost the same, whoever
    is named (Note [equal work]; OWASP ASVS 5.0, V6.3.8).

    :param identifier: the address, or what the user model logs in with.
    :param solution: a solved challenge.
    :param can_challenge: whether the door can show one.
    :raises LimiterUnavailable: guesses cannot be counted, so none is checked (503).
    :raises HashersBusy: too many passwords are being hashed (503).
    """
    reserved = guessing.reserve(
        "password", account=identifier, request=request, solution=solution, can_challenge=can_challenge
    )
    if isinstance(reserved, guessing.Exhausted):
        is_challenge = reserved.scope is guessing.Scope.CHALLENGE
        fault = LoginFault.CHALLENGE if is_challenge else LoginFault.EXHAUSTED
        # Nobody is looked up: with no hash to hide it, the time would tell whether somebody is there.
        return tell_refused(LoginRefused(fault, exhausted=reserved), identifier, request)
    try:
        checked = _checked(identifier, password)
    except HashersBusy:
        reserved.succeed()  # nothing was checked
        raise
    if not isinstance(checked, LoginRefused):
        reserved.succeed()
        return checked
    if checked.fault is LoginFault.UNVERIFIED:  # whoever learns this has shown the password
        reserved.succeed()
    else:
        reserved.fail(user=checked.user, request=request)
    return tell_refused(checked, identifier, request)


def confirm_password(user: Any, password: str, *, kind: str, request: HttpRequest | None) -> bool:
    """Say whether somebody who is logged in knows the password of the account; a wrong one spends a guess.

    :param kind: whose counts: `password_change`, say.
    :raises Problem: no guess is left (429), or guesses cannot be counted (503).
    """
    reserved = guessing.reserve(kind, account=user, request=request, can_challenge=False)
    if isinstance(reserved, guessing.Exhausted):
        raise reserved.problem()
    try:
        is_right = hashing.check_password(user, password)
    except HashersBusy:
        reserved.succeed()
        raise
    if is_right:
        reserved.succeed()
    else:
        reserved.fail(user=user, request=request)
    return is_right


def pseudonym(identifier: str) -> str:
    """Return what stands for an address in the log: the same for the same address, and no address.

    People type their password where the name goes.
    """
    text = people.normalized(identifier).encode("utf-8", "surrogatepass")
    return keyed_hash("accounts.identifier", text)[:16]


def _checked(identifier: str, password: str) -> AbstractBaseUser | LoginRefused:
    user = people.find(identifier)
    fault = _fault_of(user)
    # What is known of the account must not decide how much is hashed.
    is_right = hashing.check_password(None if fault else user, password)
    if fault or user is None:
        return LoginRefused(fault or LoginFault.UNKNOWN, user)
    if not is_right:
        return LoginRefused(LoginFault.PASSWORD, user)
    if conf.require_verified_email and not people.is_verified(user):
        return LoginRefused(LoginFault.UNVERIFIED, user)
    return user


def _fault_of(user: AbstractBaseUser | None) -> LoginFault | None:
    """Return what keeps an account from logging in, whatever the password."""
    if user is None:
        return LoginFault.UNKNOWN
    if not user.is_active:
        return LoginFault.INACTIVE
    if locks.is_locked(user, now=timezone.now()):
        return LoginFault.LOCKED
    return None if user.has_usable_password() else LoginFault.UNUSABLE


def tell_refused(refused: LoginRefused, identifier: str, request: HttpRequest | None) -> LoginRefused:
    """Signal a refused login and return it."""
    signals.login_failed.send_robust(
        sender=get_user_model(),
        request=request,
        user=refused.user,
        target=None,
        outcome="refused",
        data={"reason": refused.fault, "identifier": pseudonym(identifier)},
    )
    return refused
