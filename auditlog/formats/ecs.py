"""An event in the Elastic Common Schema (https://www.elastic.co/docs/reference/ecs)."""

from typing import Any

from ..meanings import Meaning, meaning_of
from ..models import Event, Outcome
from .ocsf import is_account, without_empty

VERSION = "9.0.0"


def as_ecs(event: Event) -> dict[str, Any]:
    """Return ``event`` as a document; what has no place there is under `bulwark`, a name of our own."""
    document: dict[str, Any] = without_empty(
        {
            "@timestamp": event.ts.isoformat(),
            "ecs": {"version": VERSION},
            "message": f"{event.type} {event.outcome}",
            "event": _event(event, meaning_of(event.type)),
            "user": _user(event),
            "source": {"ip": event.src_ip, "geo": {"country_iso_code": event.country}},
            "user_agent": {"original": event.user_agent},
            "http": {
                "request": {"id": event.request_id, "method": event.method},
                "response": {"status_code": event.status},
            },
            "organization": {"id": event.tenant},
            "related": {"ip": [event.src_ip] if event.src_ip else [], "user": _people(event)},
        }
    )
    return {**document, "bulwark": _own(event)}


def _event(event: Event, meaning: Meaning) -> dict[str, Any]:
    return {
        "id": str(event.uuid),
        "kind": "alert" if meaning is Meaning.FOUND else "event",
        "category": meaning.ecs_categories,
        "type": meaning.ecs_types,
        "action": event.type,
        "outcome": "success" if event.outcome == Outcome.SUCCESS else "failure",
        "reason": event.reason,
        "severity": event.severity,
        "sequence": event.seq,
        "end": event.last_ts.isoformat() if event.last_ts else None,
        "dataset": "bulwark.audit",
        "module": "bulwark",
    }


def _user(event: Event) -> dict[str, Any]:
    user: dict[str, Any] = {"id": event.actor_id, "name": event.actor_label}
    if is_account(event.target_type):
        user["target"] = {"id": event.target_id, "name": event.target_label}
    return user


def _people(event: Event) -> list[str]:
    target = event.target_label if is_account(event.target_type) else ""
    return sorted({event.actor_label, target} - {""})


def _own(event: Event) -> dict[str, Any]:
    return {
        "actor_type": event.actor_type,
        "changes": event.changes,
        "count": event.count,
        "data": event.data,
        "dropped": event.dropped,
        "route": event.route,
        "session": event.session,
        "target": {"type": event.target_type, "id": event.target_id, "label": event.target_label},
    }
