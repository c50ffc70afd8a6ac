"""What leaves for Sentry or OpenTelemetry holds none of the secrets that were planted."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import sentry_sdk
import sentry_sdk.logger
from django.test import Client
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, StatusCode
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from edge.redaction import REDACTED
from edge.telemetry.opentelemetry import RedactingExporter
from edge.telemetry.sentry import sentry_options

from .planted import TEXTS, WORD


class Collecting(Transport):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.sent.append(envelope.serialize())


def started(**options: Any) -> Collecting:
    transport = Collecting()
    sentry_sdk.init(
        dsn="https://key@sentry.example.org/1",  # pragma: allowlist secret
        transport=transport,
        traces_sample_rate=1.0,
        enable_logs=True,
        **options,
    )
    return transport


@pytest.fixture(autouse=True)
def _stopped() -> Iterator[None]:
    with sentry_sdk.isolation_scope():
        yield
    sentry_sdk.get_global_scope().set_client(None)


def fail_with_all(client: Client) -> bytes:
    """Put every secret wherever an event could pick it up. An event quotes these lines: they name none themselves."""
    for text in TEXTS:
        sentry_sdk.add_breadcrumb(message=text, data={"password": WORD, "note": text})
        try:
            raise ValueError(text)  # noqa: TRY301 - a traceback is wanted
        except ValueError:
            sentry_sdk.capture_exception()
        sentry_sdk.capture_message(text)
        sentry_sdk.logger.warning(text.replace("{", "{{").replace("}", "}}"), note=text)
    client.raise_request_exception = False
    client.cookies["session"] = WORD
    client.get(f"/api/fail/crash?token={WORD}&x=1", headers={"authorization": f"Bearer {WORD}-0123456789"})
    with sentry_sdk.start_transaction(name="x", op="y") as transaction:
        transaction.set_data("password", WORD)
        with sentry_sdk.start_span(op="http", name=f"GET /?token={WORD}"):
            pass
    sentry_sdk.flush()
    return b"\n".join(transport_of().sent)


def transport_of() -> Collecting:
    transport = sentry_sdk.get_client().transport
    assert isinstance(transport, Collecting)
    return transport


@pytest.mark.urls("tests.edge.urls")
def test_sentry_gets_no_secret(client: Client) -> None:
    transport = started(**sentry_options())
    sent = fail_with_all(client)
    assert len(transport.sent) > 2 * len(TEXTS)
    assert b"PLANTED" not in sent
    assert b"eyJhbGci" not in sent
    assert b"RuntimeError" in sent, "the crash itself is told"
    assert b'"request_id"' in sent
    assert b'"type":"log"' in sent


@pytest.mark.urls("tests.edge.urls")
def test_without_the_scrubber_sentry_gets_them(client: Client) -> None:
    started()
    assert fail_with_all(client).count(b"PLANTED") > len(TEXTS)


class TestSpans:
    @staticmethod
    def told(exporter: SpanExporter) -> None:
        """Put every secret wherever a span could carry it."""
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        tracer = provider.get_tracer("tests")
        for text in TEXTS:
            with pytest.raises(ValueError), tracer.start_as_current_span(text) as span:  # noqa: PT011, PT012
                span.set_attribute("db.query.text", text)
                span.set_attribute("several", [text, text])
                span.set_attribute("http.request.header.authorization", "PLANTED")
                span.set_attribute("password", "PLANTED")
                span.set_attribute("bytes", 5)
                span.add_event(text, {"payload": text, "token": "PLANTED"})
                span.add_link(SpanContext(1, 2, is_remote=False), {"note": text})
                span.set_status(StatusCode.ERROR, text)
                raise ValueError(text)
        provider.shutdown()

    def test_no_secret_is_handed_on(self) -> None:
        memory = InMemorySpanExporter()
        self.told(RedactingExporter(memory))
        spans = memory.get_finished_spans()
        assert len(spans) == len(TEXTS)
        for span in spans:
            text = span.to_json()
            assert "PLANTED" not in text
            assert "eyJhbGci" not in text
            assert REDACTED in text
        first = spans[0]
        assert first.attributes
        assert first.attributes["bytes"] == 5
        assert first.context
        assert first.start_time
        assert any(event.name == "exception" for event in first.events)

    def test_without_the_exporter_they_are(self) -> None:
        memory = InMemorySpanExporter()
        self.told(memory)
        assert all("PLANTED" in span.to_json() or "eyJhbGci" in span.to_json() for span in memory.get_finished_spans())

    def test_what_the_other_says_is_passed_on(self) -> None:
        class Failing(SpanExporter):
            def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
                return SpanExportResult.FAILURE

            def force_flush(self, timeout_millis: int = 30_000) -> bool:
                return False

        exporter = RedactingExporter(Failing())
        assert exporter.export([]) is SpanExportResult.FAILURE
        assert exporter.force_flush() is False
        exporter.shutdown()
