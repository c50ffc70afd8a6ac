"""An event in the Open Cybersecurity Schema Framework, version 1.8 (https://schema.ocsf.io/1.8.0)."""

from typing import Any

from django.conf import settings

from ..meanings import Meaning, meaning_of
from ..models import Event, Outcome

VERSION = "1.8.0"
_METHODS = {
    name: number
    for number, name in enumerate(
        ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "PATCH"), start=1
    )
}
_OTHER, _SUCCESS, _FAILURE = 99, 1, 2
_ACCOUNTS = ("user", "account")


def as_ocsf(event: Event) -> dict[str, Any]:
    """Return ``event`` in the class that its type maps to; what has no place there is under `unmapped`."""
    meaning = meaning_of(event.type)
    activity = _METHODS.get(event.method, _OTHER) if meaning.class_uid == 4002 else meaning.activity_id
    found: dict[str, Any] = without_empty(
        {
            "class_uid": meaning.class_uid,
            "category_uid": meaning.class_uid // 1000,
            "activity_id": activity,
            "activity_name": meaning.name.lower() if activity == _OTHER else None,
            "type_uid": meaning.class_uid * 100 + activity,
            "time": _milliseconds(event),
            "severity_id": event.severity,
            "status_id": _SUCCESS if event.outcome == Outcome.SUCCESS else _FAILURE,
            "status": event.outcome,
            "status_detail": event.reason,
            "message": f"{event.type} {event.outcome}",
            "count": event.count,
            "end_time": int(event.last_ts.timestamp() * 1000) if event.last_ts else None,
            "metadata": _metadata(event),
            **_BY_CLASS[meaning.class_uid](event, meaning),
        }
    )
    # Left as it is: a value before or after a change may be null.
    unmapped = {name: value for name, value in _unmapped(event).items() if value}
    return {**found, "unmapped": unmapped} if unmapped else found


def _milliseconds(event: Event) -> int:
    return int(event.ts.timestamp() * 1000)


def _metadata(event: Event) -> dict[str, Any]:
    return {
        "version": VERSION,
        "product": {"name": "Bulwark", "vendor_name": "Bulwark"},
        "uid": str(event.uuid),
        "sequence": event.seq,
        "event_code": event.type,
        "correlation_uid": event.request_id,
        "tenant_uid": event.tenant,
    }


def _unmapped(event: Event) -> dict[str, Any]:
    return {
        "changes": event.changes,
        "country": event.country,
        "data": event.data,
        "dropped": event.dropped,
        "target_id": event.target_id,
        "target_label": event.target_label,
        "target_type": event.target_type,
    }


def _actor(event: Event) -> dict[str, Any]:
    session = {"uid": event.session} if event.session else None
    user = {"uid": event.actor_id, "name": event.actor_label} if event.actor_id or event.actor_label else None
    return {"user": user, "session": session, "app_name": None if user or session else event.actor_type}


def _subject(event: Event) -> dict[str, Any]:
    """Return the account that was acted on; where none is named, the one that acted."""
    if event.target_id and is_account(event.target_type):
        return {"uid": event.target_id, "name": event.target_label}
    if event.actor_id or event.actor_label:
        return {"uid": event.actor_id, "name": event.actor_label}
    return {"name": str(event.data.get("user") or event.data.get("identifier") or "unknown")}


def is_account(target_type: str) -> bool:
    """Say whether a target is an account: of this project, or of one that the event was written in."""
    return target_type == settings.AUTH_USER_MODEL.lower() or target_type.rpartition(".")[2] in _ACCOUNTS


def _source(event: Event) -> dict[str, Any]:
    return {"ip": event.src_ip} if event.src_ip else {"name": "unknown"}


def _http(event: Event) -> dict[str, Any]:
    asked = {
        "http_method": event.method if event.method in _METHODS else None,
        "url": {"path": event.route} if event.route else None,
        "user_agent": event.user_agent,
        "uid": event.request_id,
    }
    return {
        "http_request": without_empty(asked) or None,
        "http_response": {"code": event.status} if event.status else None,
    }


def _identity(event: Event, _meaning: Meaning) -> dict[str, Any]:
    return {"actor": _actor(event), "src_endpoint": _source(event), "user": _subject(event)}


def _authentication(event: Event, meaning: Meaning) -> dict[str, Any]:
    session = {"uid": event.session} if event.session else None
    return {
        **_identity(event, meaning),
        "service": {"name": event.type.partition(".")[0]},
        "session": session,
        "is_remote": bool(event.src_ip),
    }


def _user_access(event: Event, meaning: Meaning) -> dict[str, Any]:
    given = [str(event.data[name]) for name in ("role", "action") if event.data.get(name)]
    return {**_identity(event, meaning), "privileges": given or [event.type]}


def _api(event: Event, _meaning: Meaning) -> dict[str, Any]:
    resource = {"uid": event.target_id, "name": event.target_label, "type": event.target_type}
    request = {"uid": event.request_id} if event.request_id else None
    return {
        "actor": _actor(event),
        "api": {"operation": event.type, "request": request},
        "src_endpoint": _source(event),
        "resources": [resource] if event.target_id or event.target_label else None,
        **_http(event),
    }


def _http_activity(event: Event, _meaning: Meaning) -> dict[str, Any]:
    found = _http(event)
    if not any(found.values()):
        found["http_request"] = {"uid": "unknown"}  # the class demands one of the two
    return {"src_endpoint": _source(event), **found}


def _finding(event: Event, _meaning: Meaning) -> dict[str, Any]:
    evidence = {"actor": _actor(event), "src_endpoint": _source(event)}
    return {
        "finding_info": {"uid": str(event.uuid), "title": event.type, "desc": event.reason},
        "is_alert": True,
        "evidences": [evidence],
    }


_BY_CLASS = {
    2004: _finding,
    3001: _identity,
    3002: _authentication,
    3005: _user_access,
    4002: _http_activity,
    6003: _api,
}


def without_empty(value: Any) -> Any:
    """Leave out members that hold nothing; a false and a zero hold something."""
    if isinstance(value, list):
        return [without_empty(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: without_empty(item) for name, item in value.items() if item is not None and item != ""}
    return {name: item for name, item in kept.items() if item not in ({}, [])}
