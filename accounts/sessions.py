"""Looks sessions up, judges them, and ends them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.core.signals import setting_changed
from django.db import router, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from edge.problems.errors import Problem

from . import credentials, denylist, people
from .conf import conf
from .counters import count_ended
from .errors import Refusal
from .models import EndReason, TokenFamily, TokenFamilyQuerySet
from .prepared import PreparedLookup


class SessionOver(Problem):
    """The session was ended while the request waited for its turn."""

    status_code = 401
    default_detail = _("The session has ended.")
    default_code = Refusal.REVOKED


def find(family_id: UUID | str, user_id: Any = None) -> TokenFamily | None:
    """Return a session with its user and the annotations that the settings name, in one query, or None.

    It is read where it is written: on a replica that lags, a session that has ended would be alive, and the token
    just given out a replay.

    :param user_id: only if it is this user's; anybody's when left out.
    """
    family = _lookup(router.db_for_write(TokenFamily)).get(family_id)
    return family if family is None or user_id is None or family.user_id == user_id else None


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


@contextmanager
def alone_in(family: TokenFamily) -> Iterator[None]:
    """Open a transaction in which nobody else changes the account of a session that is still alive.

    It may have been ended, and the account deleted, by the change that this one waited for.

    :raises SessionOver: it was.
    """
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        is_there = people.hold_if_there(family.user) is not None
        if not (is_there and TokenFamily.objects.live(timezone.now()).filter(pk=family.pk).exists()):
            raise SessionOver
        yield


def end(family: TokenFamily, *, now: datetime, reason: str) -> bool:
    """End one session; say whether it was this call that ended it."""
    ended = TokenFamily.objects.filter(pk=family.pk).end(now=now, reason=reason) == 1
    _deny([family.pk])
    count_ended(reason, int(ended))
    return ended


def end_all(sessions: TokenFamilyQuerySet, *, now: datetime, reason: str) -> int:
    """End many sessions and return how many had not ended before."""
    ids = list(sessions.filter(revoked_at=None).values_list("pk", flat=True)) if conf.mode == "stateless" else []
    ended = sessions.end(now=now, reason=reason)
    _deny(ids)
    count_ended(reason, ended)
    return ended


def _deny(ids: Iterable[UUID]) -> None:
    """Tell the servers that do not ask the database, once it is sure that the change stays."""
    if conf.mode == "stateless":
        found = list(ids)
        transaction.on_commit(lambda: denylist.add(found))


@lru_cache(maxsize=8)
def _lookup(alias: str) -> PreparedLookup[TokenFamily]:
    """Return the query of a session with its user; see Note [prepared]."""
    annotations = {name: import_string(path)("user_id") for name, path in conf.session_annotations.items()}
    return PreparedLookup(TokenFamily.objects.annotate(**annotations), alias, related="user")


def _on_setting_changed(*, setting: str, **_: object) -> None:
    if setting == "BULWARK_ACCOUNTS":
        _lookup.cache_clear()


setting_changed.connect(_on_setting_changed, dispatch_uid="bulwark_accounts.sessions")
