"""Deleting an account at its owner's wish.

What others have to find again (an article's author, an event's actor) points at the row; what a person can be found
by goes. With `DELETION` "delete" the row goes too, unless other rows are protected from that.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction
from django.db.models import ProtectedError, RestrictedError
from django.http import HttpRequest

from . import people, sessions, signals
from .conf import conf
from .models import EmailChange, EndReason, Passkey, RecoveryCode, TokenFamily, TotpDevice

#: A name that leads nowhere, for ever (RFC 2606, section 2).
NOWHERE = "deleted.invalid"


def delete_account(user: AbstractBaseUser, *, request: HttpRequest, now: datetime) -> None:
    """End all sessions of a user and take their name, address, password and rights away, or the whole row.

    Who has been deleted by another request meanwhile is deleted no second time.
    """
    with transaction.atomic(using=router.db_for_write(type(user))):
        if not _is_there(user):
            return
        ended = sessions.end_all(TokenFamily.objects.of(user), now=now, reason=EndReason.DELETED)
        # While the name is there: the log keeps it, and receivers mail to the address.
        signals.account_deleted.send(
            sender=type(user), request=request, user=user, target=user, outcome="success", data={"sessions": ended}
        )
        if conf.deletion != "delete" or not _deleted(user):
            anonymise(user)


def _is_there(user: AbstractBaseUser) -> bool:
    held = people.hold_if_there(user)
    return held is not None and held.get_username() == user.get_username()


def _deleted(user: AbstractBaseUser) -> bool:
    try:
        with transaction.atomic(using=router.db_for_write(type(user))):
            type(user)._default_manager.filter(pk=user.pk).delete()  # noqa: SLF001 - Django documents it
    except (ProtectedError, RestrictedError):
        return False
    return True


def anonymise(user: Any) -> None:
    """Take from a user what tells a person, opens anything, or gives a right."""
    user.set_unusable_password()
    user.is_active = user.is_staff = user.is_superuser = False
    setattr(user, user.get_email_field_name(), f"{user.pk}@{NOWHERE}")
    setattr(user, user.USERNAME_FIELD, f"{user.pk}@{NOWHERE}")
    for field in ("name", "first_name", "last_name"):
        if hasattr(user, field):
            setattr(user, field, "")
    if people.has_verification(user):
        user.email_verified_at = None
    user.save()
    for relation in ("groups", "user_permissions"):
        if hasattr(user, relation):
            getattr(user, relation).clear()
    if hasattr(user, "socialaccount_set"):  # allauth's, where it is installed: another provider's word opens nothing
        user.socialaccount_set.all().delete()
    for model in (EmailChange, Passkey, RecoveryCode, TotpDevice):
        model._default_manager.filter(user=user).delete()  # noqa: SLF001 - Django documents it
    TokenFamily.objects.of(user).update(ip=None, user_agent="", label="")
