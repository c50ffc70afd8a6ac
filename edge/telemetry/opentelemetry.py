"""Spans for OpenTelemetry without secrets.

provider.add_span_processor(BatchSpanProcessor(RedactingExporter(OTLPSpanExporter())))
"""

from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link, Status

from ..redaction import REDACTED, is_secret_name, redacted_text


class RedactingExporter(SpanExporter):
    """Takes secrets out of what it hands on to another exporter: names, attributes, events, links, descriptions.

    :param exporter: sends the spans.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([redacted_span(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def redacted_span(span: ReadableSpan) -> ReadableSpan:
    """Return a copy of ``span`` without secrets, by name and by shape."""
    events = [Event(redacted_text(each.name), _attributes(each.attributes), each.timestamp) for each in span.events]
    description = span.status.description
    return ReadableSpan(
        name=redacted_text(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_attributes(span.attributes),
        events=events,
        links=[Link(link.context, _attributes(link.attributes)) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code, redacted_text(description) if description else None),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _attributes(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: REDACTED if is_secret_name(name) else _value(value) for name, value in (attributes or {}).items()}


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return redacted_text(value)
    return tuple(_value(each) for each in value) if isinstance(value, list | tuple) else value
