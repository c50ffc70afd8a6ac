"""Mailed links: each works once, for a while, and nothing of it is stored.

A link carries a token over the state it changes (Django's `PasswordResetTokenGenerator`): once the address is verified
or the password set, the token no longer fits. It stands after the `#`, which browsers send to no server, so it is in no
access log and no Referer. Opening a link changes nothing, for mail scanners open links too: the page behind it posts.
"""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.http import base36_to_int, urlsafe_base64_decode, urlsafe_base64_encode

from . import people
from .conf import conf

logger = logging.getLogger(__name__)

Purpose = Literal["verify", "reset"]
#: Characters of a link's token; ours have about 100.
MAX_LENGTH = 256


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
    return user if user is not None and _Generator(purpose).check_token(user, rest) else None


def send(
    template: str,
    email: str,
    *,
    request: HttpRequest,
    link: tuple[AbstractBaseUser, Purpose] | None = None,
    context: Mapping[str, Any] | None = None,
) -> None:
    """Mail a notice, with a link where one is given, and return at once.

    The caller learns nothing of the mail server: neither its time nor its refusal may tell that an address is known.
    """
    values = {"site": conf.site_url or f"{request.scheme}://{request.get_host()}", **(context or {})}
    if link is not None:
        user, purpose = link
        path = conf.verify_path if purpose == "verify" else conf.reset_path
        values["link"] = f"{values['site']}{path}#token={make_token(user, purpose)}"
    text = render_to_string(f"bulwark_accounts/mail/{template}.txt", values)
    subject, _, body = text.partition("\n")
    if conf.mail_in_background:
        _mailer().submit(_deliver, subject.strip(), body.strip(), email)
    else:
        _deliver(subject.strip(), body.strip(), email)


def _deliver(subject: str, body: str, email: str) -> None:
    try:
        send_mail(subject, f"{body}\n", None, [email])
    except Exception:  # what a mail backend raises is its own
        logger.exception("A mail was not sent: %s.", subject)


@lru_cache(maxsize=1)
def _mailer() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=2, thread_name_prefix="accounts-mail")


def send_verification(user: AbstractBaseUser, *, request: HttpRequest) -> None:
    """Mail the link that verifies the address; for an account without a password, one that sets it too."""
    if user.has_usable_password():
        send("verify", people.email_of(user), request=request, link=(user, "verify"))
    else:
        send("contested", people.email_of(user), request=request, link=(user, "reset"))


def send_reset(user: AbstractBaseUser, *, request: HttpRequest) -> None:
    """Mail the link that sets a password."""
    send("reset", people.email_of(user), request=request, link=(user, "reset"))
