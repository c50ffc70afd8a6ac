"""Whether the credentials a session was started with are still those of its user."""

import hashlib
import hmac
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.crypto import constant_time_compare

_LABEL = b"bulwark:accounts:auth_hash:"


def auth_hash(user: AbstractBaseUser, secret: str | bytes | None = None) -> str:
    """Return 64 hexadecimal digits that change whenever the password or the address of ``user`` does.

    :param secret: what to compute it with; SECRET_KEY when left out.
    """
    key = settings.SECRET_KEY if secret is None else secret
    derived = hmac.digest(_bytes(key), _LABEL, hashlib.sha256)
    email = str(getattr(user, user.get_email_field_name(), ""))
    return hmac.new(derived, f"{user.password}\n{email}".encode(), hashlib.sha256).hexdigest()


def matches(user: AbstractBaseUser, stored: str) -> bool:
    """Say whether ``stored`` is the hash of the user's credentials now, under SECRET_KEY or one of its fallbacks."""
    return any(constant_time_compare(candidate, stored) for candidate in _candidates(user))


def _candidates(user: AbstractBaseUser) -> Iterator[str]:
    yield auth_hash(user)
    for secret in settings.SECRET_KEY_FALLBACKS:
        yield auth_hash(user, secret)


def _bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret
