"""Events of every type, full and bare, to be written in every format."""

import datetime

from auditlog.event_types import EventType
from auditlog.models import Event

TS = datetime.datetime(2026, 5, 17, 10, 30, 15, 250_000, tzinfo=datetime.UTC)


def full(member: EventType, outcome: str = "success") -> Event:
    """Return an event with a value in every column."""
    return Event(
        seq=7,
        ts=TS,
        type=member.label,
        outcome=outcome,
        severity=member.kind.severity,
        reason="stated",
        actor_type="user",
        actor_id="17",
        actor_label="alice@example.com",
        tenant="t-1",
        session="s-1",
        src_ip="192.0.2.7",
        country="CH",
        user_agent="curl/8",
        request_id="r-1",
        route="api/v1/articles/<uuid:pk>/",
        method="PATCH",
        status=403,
        target_type="bulwark_accounts.user",
        target_id="18",
        target_label="bob@example.com",
        changes={"title": {"before": "a", "after": None}},
        data=dict.fromkeys(sorted(member.kind.fields), "value"),
        dropped=1,
        count=3,
        last_ts=TS + datetime.timedelta(seconds=9),
    )


def bare(member: EventType) -> Event:
    """Return an event of which nothing is known."""
    return Event(ts=TS, type=member.label, outcome="failed", severity=1, actor_type="anonymous")
