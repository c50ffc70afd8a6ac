"""Notices changes to users that are made elsewhere, and ends the sessions that must not outlive them."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models.signals import post_save, pre_delete
from django.utils import timezone

from . import sessions
from .conf import conf
from .credentials import auth_hash
from .models import EndReason, TokenFamily


def connect() -> None:
    """Start to watch."""
    post_save.connect(end_outdated_sessions, sender=get_user_model(), dispatch_uid="bulwark_accounts.watching")
    pre_delete.connect(
        end_sessions_of_deleted, sender=get_user_model(), dispatch_uid="bulwark_accounts.watching.deletion"
    )


def end_outdated_sessions(
    *, instance: Any, created: bool, update_fields: Collection[str] | None = None, **_: Any
) -> None:
    """End the sessions that a saved user's deactivation or, in mode "stateless", new password or address makes void.

    Mode "session" compares on every request, which is enough where there is no way back: who is made active again has
    the old credentials, and a session that nobody has used meanwhile would live again.
    """
    if created or update_fields == frozenset({"last_login"}):
        return
    theirs = TokenFamily.objects.of(instance).filter(revoked_at=None)
    if not instance.is_active:
        sessions.end_all(theirs, now=timezone.now(), reason=EndReason.DEACTIVATED)
    elif conf.mode == "stateless":
        outdated = theirs.exclude(auth_hash=auth_hash(instance))
        sessions.end_all(outdated, now=timezone.now(), reason=EndReason.CREDENTIALS_CHANGED)


def end_sessions_of_deleted(*, instance: Any, **_: Any) -> None:
    """In mode "stateless", end the sessions of a user who is about to go: no server there would miss the rows."""
    if conf.mode == "stateless":
        sessions.end_all(TokenFamily.objects.of(instance), now=timezone.now(), reason=EndReason.DELETED)
