"""Ending sessions on behalf of their user."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import router, transaction
from django.dispatch import Signal
from django.http import HttpRequest

from . import sessions, signals
from .errors import TokenRefused
from .models import EndReason, TokenFamily
from .simplejwt.legacy import read_any_refresh_token
from .tokens import read_access_token


def log_out(refresh: str, access: str | None, *, request: HttpRequest, now: datetime) -> bool:
    """End the session that either token belongs to; False when there is none left to end.

    Expired tokens will do: they end a session, they do not open one.
    """
    family = _family_of_refresh(refresh, now=now) or _family_of_access(access, now=now)
    return family is not None and end_by_holder(family, request=request, now=now)


def family_of(token: str, *, now: datetime) -> TokenFamily | None:
    """Return the session that a refresh or an access token belongs to, expired or not; None for no token of ours."""
    return _family_of_refresh(token, now=now) or _family_of_access(token, now=now)


def end_by_holder(family: TokenFamily, *, request: HttpRequest | None, now: datetime) -> bool:
    """End a session whose holder logs out; False when it has ended before."""
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        ended = sessions.end(family, now=now, reason=EndReason.LOGOUT)
        if ended:
            _send(signals.logged_out, request, family.user, family, {})
    return ended


def log_out_everywhere(current: TokenFamily, *, request: HttpRequest, now: datetime) -> int:
    """End all sessions of the current one's user and return how many that were."""
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        ended = sessions.end_all(TokenFamily.objects.of(current.user), now=now, reason=EndReason.LOGOUT_ALL)
        _send(signals.logged_out_everywhere, request, current.user, current.user, {"sessions": ended})
    return ended


def end_others(current: TokenFamily, *, request: HttpRequest, now: datetime) -> int:
    """End the user's sessions but the current one and return how many that were."""
    others = TokenFamily.objects.of(current.user).exclude(pk=current.pk)
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        ended = sessions.end_all(others, now=now, reason=EndReason.REVOKED)
        data = {"reason": EndReason.REVOKED, "by": "user", "sessions": ended}
        _send(signals.session_revoked, request, current.user, None, data)
    return ended


def end_one(current: TokenFamily, session_id: UUID, *, request: HttpRequest, now: datetime) -> bool:
    """End one live session of the current one's user; False when there is no such session."""
    family = TokenFamily.objects.of(current.user).live(now).filter(pk=session_id).first()
    if family is None:
        return False
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        ended = sessions.end(family, now=now, reason=EndReason.REVOKED)
        if ended:
            data = {"reason": EndReason.REVOKED, "by": "user", "sessions": 1}
            _send(signals.session_revoked, request, current.user, family, data)
    return ended


def _family_of_refresh(token: str, *, now: datetime) -> TokenFamily | None:
    try:
        claims = read_any_refresh_token(token, now=now, may_be_expired=True) if token else None
    except TokenRefused:
        return None
    family = sessions.find(claims.family_id) if claims else None
    return family if family is not None and claims is not None and claims.is_issued_by(family) else None


def _family_of_access(token: str | None, *, now: datetime) -> TokenFamily | None:
    try:
        claims = read_access_token(token, now=now, may_be_expired=True) if token else None
    except TokenRefused:
        return None
    return sessions.find(claims["sid"]) if claims else None


def _send(signal: Signal, request: HttpRequest | None, user: Any, target: Any, data: dict[str, Any]) -> None:
    signal.send(sender=TokenFamily, request=request, user=user, target=target, outcome="success", data=data)
