"""Changing a password and setting a forgotten one."""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import router, transaction
from django.dispatch import Signal
from django.http import HttpRequest

from . import links, people, sessions, signals
from .credentials import auth_hash, check_password
from .models import EndReason, TokenFamily


class PasswordWrong(Exception):  # noqa: N818 - errors are past participles or say what is
    """The current password is not the one that was given."""


class LinkUsedUp(Exception):  # noqa: N818 - as above
    """A reset link was used, is too old, or was made up."""


def change_password(family: TokenFamily, *, current: str, new: str, request: HttpRequest, now: datetime) -> int:
    """Set a new password, end the user's other sessions and return how many that were.

    :raises PasswordWrong: ``current`` is not the password.
    :raises ValidationError: ``new`` is too weak.
    """
    user: AbstractBaseUser = family.user
    if not user.has_usable_password() or not check_password(user, current):
        _refused(signals.password_changed, request, user, "wrong_password")
        raise PasswordWrong
    validate_password(new, user)  # type: ignore[arg-type]  # Django's types know its own user only
    others = TokenFamily.objects.of(user).exclude(pk=family.pk)
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        _set(user, new)
        ended = sessions.end_all(others, now=now, reason=EndReason.PASSWORD_CHANGED)
        TokenFamily.objects.filter(pk=family.pk).update(auth_hash=auth_hash(user))
        _done(signals.password_changed, request, user, ended)
    links.send("password_changed", people.email_of(user), request=request)
    return ended


def request_reset(email: str, *, request: HttpRequest) -> None:
    """Mail a link that sets a password, if an active account has the address."""
    user = people.find_by_email(email)
    is_known = user is not None and user.is_active
    if user is not None and is_known:
        links.send_reset(user, request=request)
    signals.password_reset_requested.send_robust(
        sender=get_user_model(),
        request=request,
        user=None,
        target=user if is_known else None,
        outcome="success",
        data={"sent": is_known},
    )


def reset_password(token: str, new: str, *, request: HttpRequest, now: datetime) -> None:
    """Set a password by a mailed link, and end all sessions of its user.

    Who can read the mail has shown that the address is theirs, so it counts as verified.

    :raises LinkUsedUp: the link is not valid, or not any more.
    :raises ValidationError: ``new`` is too weak; the link stays valid.
    """
    user = links.user_of(token, "reset")
    if user is None or not user.is_active:
        _refused(signals.password_reset, request, None, "invalid_link")
        raise LinkUsedUp
    validate_password(new, user)  # type: ignore[arg-type]  # as above
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        _set(user, new)
        if people.awaits_verification(user):
            people.mark_verified(user, now=now)
        ended = sessions.end_all(TokenFamily.objects.of(user), now=now, reason=EndReason.PASSWORD_RESET)
        _done(signals.password_reset, request, user, ended)
    links.send("password_changed", people.email_of(user), request=request)


def faults_of(error: ValidationError) -> list[tuple[str, str]]:
    """Return the code and the sentence of each fault that a password validator found."""
    return [(each.code or "invalid", each.messages[0]) for each in error.error_list]


def _set(user: AbstractBaseUser, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])


def _done(signal: Signal, request: HttpRequest, user: Any, ended: int) -> None:
    signal.send(sender=type(user), request=request, user=user, target=user, outcome="success", data={"sessions": ended})


def _refused(signal: Signal, request: HttpRequest, user: AbstractBaseUser | None, reason: str) -> None:
    signal.send_robust(
        sender=get_user_model(), request=request, user=user, target=user, outcome="refused", data={"reason": reason}
    )
