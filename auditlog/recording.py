"""The one way into the log."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.http import HttpRequest

from . import cleaning, facts, request_log, writing
from .event_types import Kind, kind_of
from .models import Event, Outcome, Severity


def record(
    type: str,  # noqa: A002 - the column's name
    *,
    request: HttpRequest | None = None,
    user: Any = None,
    target: models.Model | None = None,
    outcome: str = Outcome.SUCCESS,
    severity: int | None = None,
    reason: str = "",
    changes: Mapping[str, Any] | None = None,
    data: Mapping[str, Any] | None = None,
) -> Event:
    """Record that something happened, and return the event.

    A success is stored at once, in the transaction that is open: both stand or neither. A refusal or failure is
    stored when the request has ended, so that its rollback does not take the event away; outside of a request at once.
    Whatever the arguments hold is made storable: it is cut, cleaned, and stripped of secrets.

    :param type: a name of `event_types.EventType` or of `BULWARK_AUDITLOG["TYPES"]`; under any other the event is
        stored without its ``data``.
    :param request: default: the request that is being served.
    :param user: who acted; default: the user of the request, where one is known.
    :param target: what was acted on.
    :param outcome: "success", "refused" or "failed".
    :param severity: 1 (informational) to 6 (fatal), as in OCSF; default: that of the type.
    :param reason: a stable word for machines, as "wrong_password".
    :param changes: field -> {"before": value, "after": value}.
    :param data: only the fields that the type lists are kept; the others are counted in `dropped`.
    :raises ValueError: ``outcome`` or ``severity`` is not one of those named above.
    :raises django.db.Error: a success could not be stored.
    """
    outcome = Outcome(outcome)
    log = request_log.current()
    request = request or (log.request if log else None)
    kind = kind_of(type)
    event = Event.of(
        {
            "type": cleaning.text(type, facts.LIMITS["type"]),
            "outcome": outcome.value,
            "severity": int(Severity(severity) if severity is not None else _severity(kind, outcome)),
            "reason": cleaning.text(reason, facts.LIMITS["reason"]) if reason else "",
            "changes": cleaning.json_object(changes or {}),
            **_split(kind, data or {}),
            **facts.cleaned(_collected(request, user, target)),
        }
    )
    _keep(event, log)
    return event


def _split(kind: Kind, data: Mapping[str, Any]) -> dict[str, Any]:
    kept, dropped = kind.split(data)
    return {"data": cleaning.json_object(kept), "dropped": dropped}


def _keep(event: Event, log: request_log.RequestLog | None) -> None:
    if event.outcome == Outcome.SUCCESS:
        writing.write(event)
    elif log is not None and log.is_open:
        log.events.append(event)
    else:
        writing.write_or_spool([event])


def _collected(request: HttpRequest | None, user: Any, target: models.Model | None) -> facts.Facts:
    """Merge what is known; where two sources know the same column, the nearer one to the event is right."""
    known = facts.of_request(request) if request is not None else {}
    for more in (facts.of_target(target), facts.of_actor(user, request)):
        known.update({name: value for name, value in more.items() if value})
    return known


def _severity(kind: Kind, outcome: Outcome) -> Severity:
    return kind.severity if outcome is Outcome.SUCCESS else max(kind.severity, Severity.LOW)
