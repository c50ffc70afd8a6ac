"""An event as plain JSON: the columns of the log by their names, and `id` for the public one."""

from typing import Any

from ..models import Event

#: In the order in which they are written.
COLUMNS = (
    *("id", "seq", "ts", "type", "outcome", "severity", "reason", "count", "last_ts"),
    *("actor_type", "actor_id", "actor_label", "tenant", "session"),
    *("src_ip", "country", "user_agent", "request_id", "route", "method", "status"),
    *("target_type", "target_id", "target_label", "changes", "data", "dropped", "epoch", "tx"),
)


def as_record(event: Event) -> dict[str, Any]:
    """Return every column of ``event`` as JSON-able values; times are ISO 8601 in UTC."""
    known = vars(event)
    return {
        **{name: known.get(name) for name in COLUMNS},
        "id": str(event.uuid),
        "ts": event.ts.isoformat(),
        "last_ts": event.last_ts.isoformat() if event.last_ts else None,
    }
