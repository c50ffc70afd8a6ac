"""The log over HTTP, to be read: for a SIEM, or a program of the auditors."""

import uuid
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from ..following import Reading
from ..formats import Format, as_ecs, as_ocsf, as_record
from ..keyset import Cursor
from ..models import Event
from ..recording import record
from ..scanning import look
from ..timeouts import QuestionAborted, bounded
from . import documentation
from .permissions import MayExport, MayView
from .questions import Asked, understood

#: How many stretches of the log one answer looks through for an event that the filters let pass.
STRETCHES = 20
_AS: dict[Format, Callable[[Event], dict[str, Any]]] = {
    Format.ECS: as_ecs,
    Format.NDJSON: as_record,
    Format.OCSF: as_ocsf,
}


class QuestionTooLong(APIException):
    status_code = 503
    default_detail = "This took the database too long. Ask for a shorter time or for something rarer."
    default_code = "query_timeout"


class EventListView(APIView):
    """Events, newest first or in the order of the log."""

    permission_classes = (MayExport,)

    @documentation.describe_list
    def get(self, request: Request) -> Response:
        """List the events that the parameters ask for.

        A walk through them begins without `cursor`, which is told to the log itself, and goes on by `next`.
        With `order=log` events come in the order in which they became visible, none is missed however slow its
        transaction was, and `next` is always there: ask it again later for what has happened since.
        """
        asked = understood(request)
        if not asked.cursor:
            filters = {**asked.search.asked, "order": asked.order}
            data = {"format": f"api.{asked.schema}", "filters": filters}
            record("auditlog.events_exported", request=_inner(request), user=request.user, data=data)
        try:
            with bounded(Event.objects.db):
                events, before, after = (_in_log_order if asked.order == "log" else _newest)(asked)
        except QuestionAborted as error:
            raise QuestionTooLong from error
        url = request.build_absolute_uri()
        return Response(
            {
                "results": [_AS[asked.schema](event) for event in events],
                "next": replace_query_param(url, "cursor", after) if after else None,
                "previous": replace_query_param(url, "cursor", before) if before else None,
            }
        )


class EventView(APIView):
    """One event."""

    permission_classes = (MayView,)

    @documentation.describe_one
    def get(self, request: Request, id: uuid.UUID) -> Response:  # noqa: A002 - the name in the URL
        """Show one event whole; that it was looked at is an event too."""
        event = Event.objects.filter(uuid=id).first()
        if event is None:
            raise Http404
        data = {"id": str(event.uuid), "type": event.type}
        record("auditlog.event_viewed", request=_inner(request), user=request.user, target=event, data=data)
        return Response(as_record(event))


_Answer = tuple[list[Event], str, str]


def _newest(asked: Asked) -> _Answer:
    page = look(asked.search.question(), asked.after(), asked.limit).page
    return page.events, _word(asked, page.newer), _word(asked, page.older)


def _word(asked: Asked, cursor: Cursor | None) -> str:
    return asked.word([cursor.ts.isoformat(), cursor.seq, cursor.is_newer]) if cursor else ""


def _in_log_order(asked: Asked) -> _Answer:
    question = asked.search.question()
    reading = Reading(asked.follower(), Event.objects.db)
    found: list[Event] = []
    for _ in range(STRETCHES):
        before = (reading.place.epoch, reading.place.tx, reading.place.seq)
        events = reading.next_range(asked.limit)
        found = [] if question.is_impossible else list(events.filter(question.condition))
        if found or before == (reading.place.epoch, reading.place.tx, reading.place.seq):
            break
    return found, "", asked.word([reading.place.epoch, reading.place.tx, reading.place.seq])


def _inner(request: Request) -> HttpRequest:
    return request._request  # noqa: SLF001 - the way that REST framework documents
