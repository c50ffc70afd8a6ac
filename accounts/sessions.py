"""Looks sessions up, judges them, and ends them."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.signals import setting_changed
from django.db import transaction
from django.utils.module_loading import import_string

from . import credentials, denylist
from .conf import conf
from .models import EndReason, TokenFamily, TokenFamilyQuerySet


def find(family_id: UUID | str, user_id: Any = None) -> TokenFamily | None:
    """Return a session with its user and the annotations that the settings name, in one query, or None.

    :param user_id: only if it is this user's; anybody's when left out.
    """
    return _named(family_id, user_id).first()


async def afind(family_id: UUID | str, user_id: Any = None) -> TokenFamily | None:
    """Return the same as `find`, without blocking the event loop."""
    return await _named(family_id, user_id).afirst()


def _named(family_id: UUID | str, user_id: Any) -> TokenFamilyQuerySet:
    found = _with_user().filter(pk=family_id)
    return found if user_id is None else found.filter(user_id=user_id)


def fault_of(family: TokenFamily, *, now: datetime) -> EndReason | str:
    """Return why a session may not be used any more, or an empty string.

    Its user counts as they are now: a password set by whatever route, a new address or a deactivation end it here,
    on the next request (OWASP ASVS 5.0, V7.4.2 and V7.4.3).
    """
    if family.revoked_at is not None:
        return family.revoke_reason or EndReason.REVOKED
    if not family.is_live(now):
        return "expired"
    if not family.user.is_active:
        return EndReason.DEACTIVATED
    if not credentials.matches(family.user, family.auth_hash):
        return EndReason.CREDENTIALS_CHANGED
    return ""


def end(family: TokenFamily, *, now: datetime, reason: str) -> bool:
    """End one session; say whether it was this call that ended it."""
    ended = TokenFamily.objects.filter(pk=family.pk).end(now=now, reason=reason) == 1
    _deny([family.pk])
    return ended


def end_all(sessions: TokenFamilyQuerySet, *, now: datetime, reason: str) -> int:
    """End many sessions and return how many had not ended before."""
    ids = list(sessions.filter(revoked_at=None).values_list("pk", flat=True)) if conf.mode == "stateless" else []
    ended = sessions.end(now=now, reason=reason)
    _deny(ids)
    return ended


def _deny(ids: Iterable[UUID]) -> None:
    """Tell the servers that do not ask the database, once it is sure that the change stays."""
    if conf.mode == "stateless":
        found = list(ids)
        transaction.on_commit(lambda: denylist.add(found))


@lru_cache(maxsize=1)
def _with_user() -> TokenFamilyQuerySet:
    annotations = {name: import_string(path)("user_id") for name, path in conf.session_annotations.items()}
    return TokenFamily.objects.select_related("user").annotate(**annotations).order_by()


def _on_setting_changed(*, setting: str, **_: object) -> None:
    if setting == "BULWARK_ACCOUNTS":
        _with_user.cache_clear()


setting_changed.connect(_on_setting_changed, dispatch_uid="bulwark_accounts.sessions")
