"""Another address for an account: confirmed where it leads, told where it led before, and undone from there.

Note [undo]. Whoever takes an account over changes its address first. So the link that the old address gets outlives a
change of the password, and any further change of the address, for `UNDO_TIMEOUT`: used, it gives the old address back,
ends every session, leaves no password that is known and takes away the second factors and the accounts elsewhere that
were added since `UNDO_TIMEOUT` before the change was asked for, for a thief may have been there before and kept still;
the owner sets a new password by mail. An account that was registered for the old address meanwhile, and never verified
it, loses it. Whoever reads the old mailbox can do all that for as long, too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, router, transaction
from django.db.models import QuerySet
from django.dispatch import Signal
from django.http import HttpRequest

from . import credentials, deletion, links, locks, mail, passwords, people, sessions, signals
from .background import task
from .conf import conf
from .mfa import planted
from .models import EmailChange, EndReason, TokenFamily


def request_change(user: AbstractBaseUser, email: str, *, request: HttpRequest) -> None:
    """Have a link mailed to ``email`` that makes it the user's address.

    The answer and its time do not tell whether somebody has the address already; its owner is told.

    :param email: as `people.plain_address` returns it.
    """
    with transaction.atomic(using=router.db_for_write(EmailChange)):
        offer_change.enqueue(str(user.pk), email, credentials.auth_hash(user))
        signals.email_change_requested.send(
            sender=type(user), request=request, user=user, target=user, outcome="success", data={}
        )


@task()
def offer_change(user_id: str, email: str, asked_as: str) -> None:
    """Mail the link to the new address, or to the owner of a known one that somebody tried.

    :param asked_as: the user's `auth_hash` when it was asked for. Who has set another password since has not asked.
    """
    users: Any = get_user_model()._default_manager  # noqa: SLF001 - documented
    with transaction.atomic(using=router.db_for_write(EmailChange)):
        user = users.select_for_update().filter(pk=user_id, is_active=True).first()
        if user is None or not credentials.matches(user, asked_as):
            return  # deleted since, or another password or address
        if people.find_by_email(email) is not None:
            mail.send_asked("known", email, request=None, user=user)
            return
        change = EmailChange.objects.create(
            user=user, old_email=people.email_of(user), new_email=email, auth_hash=credentials.auth_hash(user)
        )
        link: tuple[links.Purpose, str] = ("email_change", str(change.pk))
        if not mail.send_asked("email_change", email, request=None, user=user, link=link):
            change.delete()


def confirm_change(token: str, *, request: HttpRequest, now: datetime) -> None:
    """Make the new address the user's, and end all sessions.

    :raises LinkUsedUp: the link is not valid, or not any more, or somebody else has the address by now.
    """
    with _refusing(signals.email_changed, request), transaction.atomic(using=router.db_for_write(EmailChange)):
        change = _held(token, "email_change")
        is_held = locks.is_locked(change.user, now=now)  # whoever asked may be why
        if is_held or people.find_by_email(change.new_email) is not None:
            raise passwords.LinkUsedUp
        _mark(EmailChange.objects.filter(pk=change.pk, confirmed_at=None), confirmed_at=now)
        people.set_email(change.user, change.new_email, now=now)
        data = {"sessions": _end_all(change.user, now=now)}
        _tell(signals.email_changed, change, data, request=request)


def undo_change(token: str, *, request: HttpRequest, now: datetime) -> None:
    """Give the old address back and end all sessions (Note [undo]).

    :raises LinkUsedUp: as above, or somebody else has shown that the old address is theirs.
    """
    with _refusing(signals.email_change_undone, request), transaction.atomic(using=router.db_for_write(EmailChange)):
        change = _held(token, "email_undo")
        user: Any = change.user
        # Those that came after it were made by whoever had no right to: their undo links die with it.
        since = EmailChange.objects.filter(user=user, confirmed_at__gte=change.confirmed_at, undone_at=None)
        _mark(since, undone_at=now)
        displaced = _displaced(change, now=now)
        people.set_email(user, change.old_email, now=now)
        user.set_unusable_password()
        user.save(update_fields=["password"])
        planted.remove(user, request=request, since=change.requested_at - conf.undo_timeout)
        passwords.send_reset(user)
        data = {"sessions": _end_all(user, now=now), "displaced": displaced}
        _tell(signals.email_change_undone, change, data, request=request)


def _held(token: str, purpose: links.Purpose) -> EmailChange:
    """Return the change that a link is for, and its user as they are now, whom nobody else changes meanwhile.

    :raises LinkUsedUp: the link is not valid, or not any more.
    """
    change = links.email_change_of(token, purpose)
    if change is not None and people.hold_if_there(change.user) is not None:
        change = links.email_change_of(token, purpose)
    if change is None:
        raise passwords.LinkUsedUp
    return change


def _displaced(change: EmailChange, *, now: datetime) -> str:
    """Take the old address from an account that has never shown that it reads it, and return that account's id.

    Else a thief would register the old address again, and the link would lead nowhere.

    :raises LinkUsedUp: the account that has the address has shown it.
    """
    holder = people.find_by_email(change.old_email)
    if holder is None or holder.pk == change.user.pk:
        return ""
    holder = people.hold_if_there(holder)
    if holder is None:
        return ""
    if not people.awaits_verification(holder):
        raise passwords.LinkUsedUp
    _end_all(holder, now=now, reason=EndReason.DELETED)
    deletion.anonymise(holder)
    return str(holder.pk)


def _mark(changes: QuerySet[EmailChange], **values: datetime) -> None:
    """Use the link up: of two that present it at once, one wins."""
    if not changes.update(**values):
        raise passwords.LinkUsedUp


def _end_all(user: AbstractBaseUser, *, now: datetime, reason: EndReason = EndReason.EMAIL_CHANGED) -> int:
    return sessions.end_all(TokenFamily.objects.of(user), now=now, reason=reason)


def _tell(signal: Signal, change: EmailChange, data: dict[str, Any], *, request: HttpRequest) -> None:
    signal.send(sender=EmailChange, request=request, user=change.user, target=change, outcome="success", data=data)


@contextmanager
def _refusing(signal: Signal, request: HttpRequest) -> Iterator[None]:
    try:
        yield
    except (IntegrityError, passwords.LinkUsedUp):
        data = {"reason": "invalid_link"}
        signal.send_robust(sender=EmailChange, request=request, user=None, target=None, outcome="refused", data=data)
        raise passwords.LinkUsedUp from None
