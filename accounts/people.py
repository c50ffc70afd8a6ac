"""The host's users, whatever their model: ours, or one that has a name to log in with and an address.

Whether an address is verified stands in `email_verified_at`. A model without that field counts an account as verified
when it is active, and registration then makes accounts that become active with the mailed link.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser

from .models import normalize_email


def normalized(identifier: str) -> str:
    """Return the one spelling of what somebody typed as their name or address."""
    return normalize_email(identifier)


def find(identifier: str) -> AbstractBaseUser | None:
    """Return the user who logs in with ``identifier``, or None."""
    model = get_user_model()
    try:
        user: AbstractBaseUser = model._default_manager.get_by_natural_key(identifier)  # noqa: SLF001 - documented
    except (model.DoesNotExist, ValueError):
        return None
    return user


def find_by_email(email: str) -> AbstractBaseUser | None:
    """Return the one user with an address, or None; an address that several users share finds nobody."""
    model = get_user_model()
    field = model.get_email_field_name()
    found = list(model._default_manager.filter(**{f"{field}__iexact": normalized(email)})[:2])  # noqa: SLF001
    return found[0] if len(found) == 1 else None


def name_field() -> str:
    """Return the field that people may write their name into: `name`, `first_name`, or none."""
    return next((field for field in ("name", "first_name") if _has_field(get_user_model(), field)), "")


def name_of(user: AbstractBaseUser) -> str:
    """Return what a user is called; it may be empty."""
    return str(getattr(user, name_field() or "name", ""))


def email_of(user: AbstractBaseUser) -> str:
    """Return a user's address."""
    return str(getattr(user, user.get_email_field_name()))


def has_verification(user: AbstractBaseUser) -> bool:
    """Say whether the model keeps apart what is verified and what is active."""
    return hasattr(user, "email_verified_at")


def is_verified(user: AbstractBaseUser) -> bool:
    """Say whether the user has shown that the address is theirs."""
    if has_verification(user):
        return getattr(user, "email_verified_at", None) is not None
    return bool(user.is_active)


def awaits_verification(user: AbstractBaseUser) -> bool:
    """Say whether a verification link may still be used: never to undo a deactivation."""
    if has_verification(user):
        return bool(user.is_active) and not is_verified(user)
    return not user.is_active and user.last_login is None


def mark_verified(user: Any, *, now: datetime) -> None:
    """Record that the address is verified."""
    if has_verification(user):
        user.email_verified_at = now
        user.save(update_fields=["email_verified_at"])
    else:
        user.is_active = True
        user.save(update_fields=["is_active"])


def create(email: str, password: str, *, name: str) -> AbstractBaseUser:
    """Create a user who has yet to verify the address.

    :raises IntegrityError: the address is taken.
    """
    model: Any = get_user_model()
    fields: dict[str, Any] = {model.USERNAME_FIELD: normalized(email), model.get_email_field_name(): normalized(email)}
    if field := name_field():
        fields[field] = name
    if not _has_field(model, "email_verified_at"):
        fields["is_active"] = False
    user: AbstractBaseUser = model(**fields)
    user.set_password(password)
    user.save(force_insert=True)
    return user


def _has_field(model: Any, name: str) -> bool:
    return any(field.name == name for field in model._meta.get_fields())  # noqa: SLF001 - Django documents it
