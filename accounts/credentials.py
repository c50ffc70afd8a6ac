"""Whether the credentials a session was started with are still those of its user, and the check of a password."""

from django.contrib.auth import get_user_model, hashers
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.crypto import constant_time_compare

from .derivation import keyed_hash, keyed_hashes
from .models import EmailChange, TokenFamily

_LABEL = "accounts.auth_hash"


def auth_hash(user: AbstractBaseUser) -> str:
    """Return 64 hexadecimal digits that change whenever the password or the address of ``user`` does."""
    return keyed_hash(_LABEL, _state(user))


def matches(user: AbstractBaseUser, stored: str) -> bool:
    """Say whether ``stored`` is the hash of the user's credentials now, under SECRET_KEY or one of its fallbacks."""
    return any(constant_time_compare(candidate, stored) for candidate in keyed_hashes(_LABEL, _state(user)))


def check_password(user: AbstractBaseUser, password: str | None) -> bool:
    """Say whether ``password`` is the user's.

    Django rehashes an old hash on that occasion. To sessions and to changes of the address that would look like another
    password, so they are told that it is not.
    """
    return hashers.check_password(password, user.password, lambda raw: _rehash(user, raw))


def _rehash(user: AbstractBaseUser, password: str) -> None:
    stored, before = user.password, list(keyed_hashes(_LABEL, _state(user)))
    encoded = hashers.make_password(password)
    users = get_user_model()._default_manager  # noqa: SLF001 - documented
    # Only in place of the hash that was checked: the password may have been reset meanwhile.
    if users.filter(pk=user.pk, password=stored).update(password=encoded):
        user.password = encoded
        TokenFamily.objects.of(user).filter(auth_hash__in=before).update(auth_hash=auth_hash(user))
        EmailChange.objects.filter(user_id=user.pk, auth_hash__in=before).update(auth_hash=auth_hash(user))


def _state(user: AbstractBaseUser) -> bytes:
    return f"{user.password}\n{getattr(user, user.get_email_field_name(), '')}".encode()
