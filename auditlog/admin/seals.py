"""The seal of one event: whether it has one, and whether the event is still what was sealed."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from ..metrics import VERIFIED
from ..models import Event, Outcome, Severity
from ..recording import record
from ..sealing import proofs, verifying
from ..sealing.checkpoints import own_keys


def state_of(event: Event) -> str:
    """Return in words whether an event is sealed, where and when; this does not say that it is intact."""
    try:
        seat = proofs.seat_of(event)
    except proofs.EventNotSealed:
        return _("Not sealed yet.")
    if seat.tree.sealed_at is None:
        return _("Leaf %(index)s of tree %(tree)s.") % {"index": seat.index, "tree": seat.tree.number}
    when = date_format(localtime(seat.tree.sealed_at), "Y-m-d H:i:s")
    said = _("Leaf %(index)s of tree %(tree)s, whose last checkpoint is of %(when)s.")
    return said % {"index": seat.index, "tree": seat.tree.number, "when": when}


def verify(request: HttpRequest, object_id: uuid.UUID) -> HttpResponse:
    """Compare one event with its seal, say what came of it on its page, and record that."""
    event = get_object_or_404(Event, uuid=object_id)
    keys = own_keys()
    if not keys.keys:
        messages.error(request, _("SEAL_KEYS has no key here: a signature cannot be checked."))
        return _page_of(event)
    try:
        verdict = verifying.check_event(event, keys)
    except proofs.EventNotSealed:
        messages.warning(request, _("This event is not sealed yet: there is nothing to compare it with."))
        return _page_of(event)
    _tell(request, event, verdict)
    return _page_of(event)


def proof(request: HttpRequest, object_id: uuid.UUID) -> HttpResponse:
    """Give what proves to somebody else that the event is in the log, as JSON: all of it, so that it was seen."""
    event = get_object_or_404(Event, uuid=object_id)
    try:
        found: dict[str, Any] = proofs.inclusion(event)
    except LookupError as error:
        return JsonResponse({"detail": str(error)}, status=409)
    data = {"id": str(event.uuid), "type": event.type}
    record("auditlog.event_viewed", request=request, target=event, data=data)
    response = JsonResponse(found)
    response["Content-Disposition"] = f'attachment; filename="proof-{event.uuid}.json"'
    return response


def _tell(request: HttpRequest, event: Event, verdict: verifying.Verdict) -> None:
    outcome = Outcome.SUCCESS if verdict.is_good else Outcome.FAILED
    data = {"events": verdict.events, "checkpoints": verdict.checkpoints, "findings": len(verdict.findings)}
    severity = None if verdict.is_good else Severity.CRITICAL
    record(VERIFIED, request=request, target=event, outcome=outcome, severity=severity, data=data)
    if verdict.is_good:
        messages.success(request, _("This event is what was sealed and signed."))
    else:
        messages.error(request, _("THIS EVENT IS NOT WHAT WAS SIGNED: %s") % verdict.findings[0].text)


def _page_of(event: Event) -> HttpResponse:
    return redirect("admin:bulwark_auditlog_event_change", event.uuid)
