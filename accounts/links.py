"""Mailed links: each works once, for a while, and nothing of it is stored.

A link carries a token over the state it changes (Django's `PasswordResetTokenGenerator`): once the address is verified
or the password set, the token no longer fits. It stands after the `#`, which browsers send to no server, so it is in no
access log and no Referer. Opening a link changes nothing, for mail scanners open links too: the page behind it posts.
"""

from datetime import timedelta
from typing import Any, Literal

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing
from django.core.exceptions import ValidationError
from django.utils.http import base36_to_int, urlsafe_base64_decode, urlsafe_base64_encode

from . import credentials
from .conf import conf
from .models import EmailChange

Purpose = Literal["verify", "reset", "email_change", "email_undo"]
#: Characters of a link's token; ours have up to 200.
MAX_LENGTH = 512


class _Generator(PasswordResetTokenGenerator):
    """Covers the password, the last login and the address; a link for one purpose fits no other."""

    def __init__(self, purpose: Purpose) -> None:
        super().__init__()
        self.purpose = purpose
        self.key_salt = f"bulwark:accounts:{purpose}"

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        verified = getattr(user, "email_verified_at", None)
        return f"{super()._make_hash_value(user, timestamp)}{user.is_active}{verified}"

    def age(self, token: str) -> timedelta:
        """Return how long ago a token was made, one that has been checked."""
        return timedelta(seconds=self._num_seconds(self._now()) - base36_to_int(token.partition("-")[0]))

    def check_token(self, user: Any, token: str | None) -> bool:
        limit = conf.verify_timeout if self.purpose == "verify" else conf.reset_timeout
        return bool(super().check_token(user, token)) and self.age(str(token)) <= limit


def make_token(user: AbstractBaseUser, purpose: Purpose) -> str:
    """Return the token of a link for ``user``."""
    owner: Any = user  # the generator's types know Django's own user only
    name = urlsafe_base64_encode(str(user.pk).encode())
    return f"{name}.{_Generator(purpose).make_token(owner)}"


def user_of(token: str, purpose: Purpose) -> AbstractBaseUser | None:
    """Return the user a link was made for, or None when it is not valid any more or never was."""
    name, _, rest = token.partition(".")
    if len(token) > MAX_LENGTH or not token.isascii() or not rest:
        return None
    try:
        pk = urlsafe_base64_decode(name).decode()
        user: AbstractBaseUser | None = get_user_model()._default_manager.filter(pk=pk).first()  # noqa: SLF001
    except (ValueError, ValidationError, OverflowError):
        return None
    return user if user is not None and fits(token, purpose, user) else None


def fits(token: str, purpose: Purpose, user: AbstractBaseUser) -> bool:
    """Say whether a link that was `user_of` somebody is so still, for the user as they are now."""
    return _Generator(purpose).check_token(user, token.partition(".")[2])


def email_change_token(change: EmailChange, purpose: Purpose) -> str:
    """Return the token of a link that confirms or undoes a change of an address."""
    return signing.dumps([str(change.pk)], salt=f"bulwark:accounts:{purpose}")


def email_change_of(token: str, purpose: Purpose) -> EmailChange | None:
    """Return the change that a link was made for, or None when it is not valid any more or never was."""
    limit = conf.verify_timeout if purpose == "email_change" else conf.undo_timeout
    try:
        if len(token) > MAX_LENGTH:
            return None
        pk, *_ = signing.loads(token, salt=f"bulwark:accounts:{purpose}", max_age=limit)
        change = EmailChange.objects.select_related("user").get(pk=pk)
    except (signing.BadSignature, EmailChange.DoesNotExist, ValueError):
        return None
    is_open = _is_pending(change) if purpose == "email_change" else change.undone_at is None
    return change if is_open and change.user.is_active else None


def _is_pending(change: EmailChange) -> bool:
    """Say whether a change can be confirmed still: under the password and the address that it was asked for."""
    return change.confirmed_at is None and credentials.matches(change.user, change.auth_hash)


def url_of(purpose: Purpose, about: str, *, to: str) -> str:
    """Return the address of the page that a link opens. It is the site's own, whatever host a request has named.

    :param about: id of the user, or of the change of an address.
    :param to: the address that it is mailed to.
    :raises ObjectDoesNotExist: it is gone, or the user's address is another by now: whoever reads the one of before
        gets no link to the account; or a change was asked for under another password.
    """
    if purpose in {"verify", "reset"}:
        users = get_user_model()._default_manager  # noqa: SLF001 - documented
        token = make_token(users.get(pk=about, **{get_user_model().get_email_field_name(): to}), purpose)
    else:
        change = EmailChange.objects.select_related("user").get(pk=about)
        if purpose == "email_change" and not _is_pending(change):
            raise EmailChange.DoesNotExist
        token = email_change_token(change, purpose)
    path = {
        "verify": conf.verify_path,
        "reset": conf.reset_path,
        "email_change": conf.email_confirm_path,
        "email_undo": conf.email_undo_path,
    }[purpose]
    return f"{conf.site_url}{path}#token={token}"
