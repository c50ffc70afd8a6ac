"""The host's users, whatever their model: ours, or one that has a name to log in with and an address.

Whether an address is verified stands in `email_verified_at`. A model without that field counts an account as verified
when it is active, and registration then makes accounts that become active with the mailed link.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.validators import EmailValidator, RegexValidator
from django.utils.translation import gettext_lazy as _

from .models import User, normalize_email
from .models.user import PLAIN


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
    model: Any = get_user_model()
    wanted = normalized(email)
    field = model.get_email_field_name()
    # Ours is kept in one spelling, and its index finds it. A host's may be in any, and a database folds letters in its
    # own way (PostgreSQL takes a dotless i for an i): the last word is not its.
    lookup = field if issubclass(model, User) else f"{field}__iexact"
    similar = model._default_manager.filter(**{lookup: wanted})[:10]  # noqa: SLF001 - documented
    found: list[AbstractBaseUser] = [user for user in similar if normalized(email_of(user)) == wanted]
    return found[0] if len(found) == 1 else None


def plain_address(email: str) -> str:
    """Return the one spelling of an address that somebody typed.

    :raises ValidationError: it is no address, or has letters that can be taken for others.
    """
    address = normalized(email)
    RegexValidator(PLAIN, _("Enter an address in plain letters."), "invalid")(address)
    EmailValidator()(address)
    return address


class AccountGone(LookupError):  # noqa: N818 - errors are past participles
    """An account was deleted after it was looked up."""

    def __init__(self) -> None:
        super().__init__("This account has been deleted.")


def hold(user: AbstractBaseUser) -> AbstractBaseUser:
    """Wait for whoever is changing this account, a login included, and keep others waiting until the transaction ends.

    What is read after it is still so when what follows from it is written.

    :return: the user as they are now.
    :raises AccountGone: there is none any more.
    """
    held = hold_if_there(user)
    if held is None:
        raise AccountGone
    return held


def hold_if_there(user: AbstractBaseUser) -> AbstractBaseUser | None:
    """As `hold`, for an account that may have gone meanwhile: then it returns None."""
    held: AbstractBaseUser | None = (
        get_user_model()._default_manager.select_for_update().filter(pk=user.pk).first()  # noqa: SLF001 - documented
    )
    return held


def set_email(user: Any, email: str, *, now: datetime) -> None:
    """Give a user another address, which counts as verified.

    :raises IntegrityError: another user has it.
    """
    field, name = user.get_email_field_name(), user.USERNAME_FIELD
    fields = {field}
    if getattr(user, name) == getattr(user, field):  # who logs in with the address logs in with the new one
        setattr(user, name, email)
        fields.add(name)
    setattr(user, field, email)
    if has_verification(user):
        user.email_verified_at = now
        fields.add("email_verified_at")
    user.save(update_fields=sorted(fields))


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


def can_be_inactive() -> bool:
    """Say whether the model keeps in the database who is active."""
    return _has_field(get_user_model(), "is_active")


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


def unsaved(email: str, *, name: str) -> Any:
    """Return a user who is in no database, for validators that compare a password with what is known of its owner."""
    model: Any = get_user_model()
    user = model(**{model.USERNAME_FIELD: email, model.get_email_field_name(): email})
    if field := name_field():
        setattr(user, field, name)
    return user


def create(email: str, encoded: str, *, name: str) -> AbstractBaseUser:
    """Create a user who has yet to verify the address.

    :param encoded: the password's hash.
    :raises IntegrityError: the address is taken.
    """
    model: Any = get_user_model()
    fields: dict[str, Any] = {model.USERNAME_FIELD: normalized(email), model.get_email_field_name(): normalized(email)}
    if field := name_field():
        fields[field] = name
    if not _has_field(model, "email_verified_at"):
        fields["is_active"] = False
    user: AbstractBaseUser = model(**fields)
    user.password = encoded
    user.save(force_insert=True)
    return user


def _has_field(model: Any, name: str) -> bool:
    return any(field.name == name for field in model._meta.get_fields())  # noqa: SLF001 - Django documents it
