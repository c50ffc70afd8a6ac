"""Ending the sessions of others, by an administrator or a command, with a reason."""

from datetime import datetime
from typing import Any

from django.db import router, transaction
from django.http import HttpRequest

from . import sessions, signals
from .models import TokenFamily, TokenFamilyQuerySet
from .reasons import checked_reason


def revoke(
    found: TokenFamilyQuerySet, *, reason: str, by: str, request: HttpRequest | None, user: Any, now: datetime
) -> int:
    """End sessions and return how many had not ended before.

    :param reason: why, in words that will be read in the log.
    :param by: what ended them: `admin`, `command`.
    :param user: who did it, or None.
    :raises ValueError: the reason is empty or too long.
    """
    reason = checked_reason(reason)
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        targets = list(found.filter(revoked_at=None).select_related("user").order_by("pk")[:2])
        ended = sessions.end_all(found, now=now, reason=reason)
        if ended:
            signals.session_revoked.send(
                sender=TokenFamily,
                request=request,
                user=user,
                target=targets[0] if len(targets) == 1 else None,
                outcome="success",
                data={"reason": reason, "by": by, "sessions": ended},
            )
    return ended
