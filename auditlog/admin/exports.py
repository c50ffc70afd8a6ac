"""The events of a search as a file."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBadRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from ..formats import Format, write
from ..models import Event
from ..recording import record
from ..scanning import Question, every
from ..search import EventSearch
from ..timeouts import bounded


def export(request: HttpRequest) -> HttpResponseBase:
    """Stream the events that the query string asks for, newest first, whatever their number.

    That somebody takes them, with which search and as what, is an event before the first of them leaves.
    """
    search = EventSearch(request.GET)
    kind = request.GET.get("format", Format.CSV)
    if kind not in list(Format) or not search.is_valid():
        return HttpResponseBadRequest("Choose a format and a search that the list of events shows without mistakes.")
    record("auditlog.events_exported", request=request, data={"format": kind, "filters": search.asked})
    found = Format(kind)
    parts = write(found, _batches(search.question()))
    # Of a plain iterator Django would make a list under ASGI: the whole file in memory.
    content = _one_by_one(parts) if isinstance(request, ASGIRequest) else parts
    response = StreamingHttpResponse(content, content_type=found.content_type)
    name = f"events-{timezone.now():%Y%m%dT%H%M%SZ}.{found.extension}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


async def _one_by_one(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (part := await sync_to_async(lambda: next(parts, None))()) is not None:
        yield part


def _batches(question: Question) -> Iterator[list[Event]]:
    """Yield the events; a batch is one short question, so that no snapshot of the database is held meanwhile."""
    batches = every(question)
    while True:
        with bounded(Event.objects.db):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch
