"""What a lost Redis must not lift: the blocks and switches among the audit log's responses, as the edge reads them.

Whatever is blocked or disabled is one of them: what the edge was told by a command is kept here too, and ended here.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from django.db import router, transaction
from django.utils import timezone

from auditlog.cleaning import text
from auditlog.models import AlertStep, Response
from edge.blocks import Block, DisabledRoute
from edge.blocks.entries import network_of

#: Seconds; what is later than a date can say is no other end than this.
_CENTURY = 3_155_760_000
_is_kept: ContextVar[bool] = ContextVar("is_kept", default=False)


def blocks() -> Iterator[Block]:
    """Yield the networks that somebody has blocked, for `BULWARK_EDGE["BLOCK_SOURCE"]`."""
    for response in _holding("block_network"):
        yield Block(str(network_of(response.subject)), _end(response), response.reason)


def routes() -> Iterator[DisabledRoute]:
    """Yield the routes that somebody has disabled, for `BULWARK_EDGE["ROUTE_SOURCE"]`."""
    for response in _holding("disable_route"):
        yield DisabledRoute(response.subject, _end(response), response.reason)


@contextmanager
def kept_already() -> Iterator[None]:
    """Inside, what the edge blocks or disables is kept by the caller: a response that is being taken."""
    token = _is_kept.set(True)
    try:
        yield
    finally:
        _is_kept.reset(token)


def keep_block(*, user: Any, data: Mapping[str, Any], **_: Any) -> None:
    """Receiver of `network_blocked`: list a block that was set by other means than a response."""
    _keep("block_network", data["network"], user, data)


def keep_switch(*, user: Any, data: Mapping[str, Any], **_: Any) -> None:
    """Receiver of `route_disabled`: list a route that was disabled by other means than a response."""
    _keep("disable_route", data["route"], user, data)


def end_blocks(*, user: Any, data: Mapping[str, Any], **_: Any) -> None:
    """Receiver of `network_unblocked`: end the responses that hold this network, or the next loss would block it."""
    _end_held("block_network", lambda subject: str(network_of(subject)) == data["network"], user, data)


def end_switches(*, user: Any, data: Mapping[str, Any], **_: Any) -> None:
    """Receiver of `route_enabled`: end the responses that hold this route."""
    _end_held("disable_route", lambda subject: subject == data["route"], user, data)


def _keep(action: str, subject: str, user: Any, data: Mapping[str, Any]) -> None:
    if _is_kept.get():
        return
    now, seconds = timezone.now(), min(data["seconds"], _CENTURY)
    with _change():
        Response.objects.create(
            action=action,
            subject=subject,
            reason=text(data["reason"], 200),
            by=_who(user),
            done_at=now,
            ends_at=now + timedelta(seconds=seconds) if seconds else None,
        )


def _end_held(action: str, is_meant: Callable[[str], bool], user: Any, data: Mapping[str, Any]) -> None:
    who, now = _who(user), timezone.now()
    with _change():
        for row in _holding(action):
            if not is_meant(row.subject):
                continue
            is_ended = Response.objects.filter(pk=row.pk, undone_at=None).update(undone_at=now, undone_by=who)
            if is_ended and row.alert_id:
                told = text(f"undone: {row} ({data['reason']})", 400)
                AlertStep.objects.create(alert_id=row.alert_id, actor=who, text=told)


def _change() -> transaction.Atomic:
    # In a transaction that is open this is a savepoint: the edge goes on when a listener fails, and so must that.
    return transaction.atomic(using=router.db_for_write(Response))


def _who(user: Any) -> str:
    return str(user.get_username()) if user else "command"


def _holding(action: str) -> Iterator[Response]:
    now = timezone.now()
    taken = Response.objects.filter(action=action, undone_at=None).order_by("done_at")
    return (response for response in taken if response.holds(now))


def _end(response: Response) -> float:
    return response.ends_at.timestamp() if response.ends_at else 0
