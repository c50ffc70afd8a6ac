"""Notices changes to users that are made elsewhere, for servers that do not ask the database on each request."""

from collections.abc import Collection
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models.signals import post_save
from django.utils import timezone

from . import sessions
from .conf import conf
from .credentials import auth_hash
from .models import EndReason, TokenFamily


def connect() -> None:
    """Start to watch."""
    post_save.connect(end_outdated_sessions, sender=get_user_model(), dispatch_uid="bulwark_accounts.watching")


def end_outdated_sessions(
    *, instance: Any, created: bool, update_fields: Collection[str] | None = None, **_: Any
) -> None:
    """In mode "stateless", end the sessions that a saved user's new password, address or deactivation makes void.

    Mode "session" compares on every request and needs no notice.
    """
    if conf.mode != "stateless" or created or update_fields == frozenset({"last_login"}):
        return
    theirs = TokenFamily.objects.of(instance).filter(revoked_at=None)
    if not instance.is_active:
        sessions.end_all(theirs, now=timezone.now(), reason=EndReason.DEACTIVATED)
    else:
        outdated = theirs.exclude(auth_hash=auth_hash(instance))
        sessions.end_all(outdated, now=timezone.now(), reason=EndReason.CREDENTIALS_CHANGED)
