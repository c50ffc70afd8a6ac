"""Locks that hold until their time is over or staff take them off: on every server, for the next request."""

from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction
from django.http import HttpRequest

from edge.problems.errors import Problem

from . import people, sessions, signals
from .guessing import forget_guesses
from .models import AccountLock, EndReason, TokenFamily
from .reasons import checked_reason


class AccountLocked(Problem):
    """Nobody logs in to this account now. Who gets this answer has shown who they are."""

    status_code = 403
    default_detail = "This account is locked. Ask the people who run this service."
    default_code = "account_locked"


def lock(
    user: Any,
    *,
    until: datetime | None,
    reason: str,
    by: str,
    now: datetime,
    actor: Any = None,
    request: HttpRequest | None = None,
) -> int:
    """Lock an account, end its sessions, and return how many those were. A lock that holds is replaced.

    :param until: when the lock ends by itself; None: when it is taken off.
    :param reason: why, in words that will be read in the log.
    :param by: what locks: `admin`, `command`, `response`.
    :param actor: who does it, or None.
    :raises ValueError: the reason is empty or too long, or the end is not in the future.
    :raises AccountGone: it has been deleted meanwhile.
    """
    reason = checked_reason(reason)
    if until is not None and until <= now:
        msg = "A lock ends in the future."
        raise ValueError(msg)
    values = {"locked_at": now, "until": until, "reason": reason, "locked_by": by}
    with transaction.atomic(using=router.db_for_write(AccountLock)):
        people.hold(user)
        AccountLock.objects.update_or_create(user_id=user.pk, defaults=values)
        ended = sessions.end_all(TokenFamily.objects.of(user), now=now, reason=EndReason.LOCKED)
        seconds = None if until is None else int((until - now).total_seconds())
        data = {"by": by, "reason": reason, "seconds": seconds, "sessions": ended}
        _tell(signals.account_locked, user, actor, request, data)
    return ended


def unlock(
    user: Any, *, reason: str, by: str, now: datetime, actor: Any = None, request: HttpRequest | None = None
) -> bool:
    """Take the lock off an account, forget the guesses at it, and say whether it was locked by staff.

    :param reason: why, in words that will be read in the log.
    :raises ValueError: the reason is empty or too long.
    :raises StoreUnavailable: the guesses cannot be reached; nothing is changed.
    """
    reason = checked_reason(reason)
    forget_guesses(user)
    with transaction.atomic(using=router.db_for_write(AccountLock)):
        was_locked = is_locked(user, now=now)
        AccountLock.objects.of(user).delete()
        _tell(signals.account_unlocked, user, actor, request, {"by": by, "reason": reason, "was_locked": was_locked})
    return was_locked


def is_locked(user: AbstractBaseUser, *, now: datetime) -> bool:
    """Say whether a lock of staff holds."""
    return AccountLock.objects.of(user).active(now).exists()


def _tell(signal: Any, user: Any, actor: Any, request: HttpRequest | None, data: dict[str, Any]) -> None:
    signal.send(sender=type(user), request=request, user=actor, target=user, outcome="success", data=data)
