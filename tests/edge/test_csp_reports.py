"""Reports come from anybody: they are checked, capped, told once, and hold no secret."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from edge import csp_reports, signals
from edge.metrics import CSP_REPORTS
from tests.edge.types import Listen

pytestmark = pytest.mark.urls("tests.edge.urls")

OLD = {
    "csp-report": {
        "document-uri": "https://user:pw@example.org/page?token=PLANTED#x",
        "blocked-uri": "https://evil.example/x.js?y=PLANTED",
        "effective-directive": "script-src-elem",
        "original-policy": "PLANTED",
        "script-sample": "PLANTED",
    }
}
NEW = [
    {
        "type": "csp-violation",
        "url": "PLANTED",
        "body": {
            "documentURL": "https://example.org/page?PLANTED",
            "blockedURL": "inline",
            "effectiveDirective": "style-src",
        },
    },
    {"type": "deprecation", "body": {"id": "x"}},
]


@pytest.fixture(autouse=True)
def _nothing_seen() -> Iterator[None]:
    csp_reports.seen.clear()
    yield
    csp_reports.seen.clear()


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, str]]:
    """Return the reports that were logged."""
    records = [vars(record) for record in caplog.records if record.name == "edge.csp_reports"]
    return [{name: record[name] for name in ("document", "blocked", "directive")} for record in records]


def send(client: Client, body: Any, content_type: str = "application/csp-report") -> Any:
    return client.post("/csp-report", body if isinstance(body, bytes) else json.dumps(body), content_type=content_type)


def test_both_kinds_of_report_are_told_without_secrets(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    assert send(client, OLD).status_code == 204
    assert send(client, NEW, "application/reports+json").status_code == 204
    assert told(caplog) == [
        {
            "document": "https://example.org/page",
            "blocked": "https://evil.example/x.js",
            "directive": "script-src-elem",
        },
        {"document": "https://example.org/page", "blocked": "inline", "directive": "style-src"},
    ]


def test_the_same_report_is_told_once(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    before = CSP_REPORTS._value.get()
    for _ in range(5):
        send(client, OLD)
    assert CSP_REPORTS._value.get() == before + 5
    assert len(told(caplog)) == 1


def test_a_new_report_is_signalled_once(client: Client, heard: Listen) -> None:
    violated = heard(signals.csp_violated)
    send(client, OLD)
    send(client, OLD)
    (sending,) = violated
    assert sending["outcome"] == "refused"
    assert sending["data"] == {
        "document": "https://example.org/page",
        "blocked": "https://evil.example/x.js",
        "directive": "script-src-elem",
    }


def test_somebody_who_invents_reports_does_not_flood_those_who_listen() -> None:
    now = [0.0]
    seen = csp_reports.Seen(clock=lambda: now[0])
    told = sum(seen.is_new({"n": str(number)}) for number in range(500))
    assert told == csp_reports.MAX_TOLD
    now[0] = 3_601
    assert seen.is_new({"n": "another"})


def test_after_an_hour_it_is_told_again() -> None:
    now = [0.0]
    seen = csp_reports.Seen(clock=lambda: now[0])
    assert [seen.is_new({"a": "b"}), seen.is_new({"a": "b"})] == [True, False]
    now[0] = 3_601
    assert seen.is_new({"a": "b"})


def test_what_is_remembered_is_bounded() -> None:
    seen = csp_reports.Seen()
    for number in range(csp_reports.MAX_SEEN + 10):
        seen.is_new({"n": str(number)})
    assert len(seen._ends) == csp_reports.MAX_SEEN


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/csp-report", 400),
        (b"[]", "application/csp-report", 204),
        (b"[1]", "application/csp-report", 400),
        (b'"x"', "application/csp-report", 400),
        (b'{"csp-report": 5}', "application/csp-report", 400),
        (b'{"csp-report": {"document-uri": {"a": 1}}}', "application/csp-report", 204),
        (b'{"csp-report": {"document-uri": "http://["}}', "application/csp-report", 204),
        (b'{"csp-report": {"document-uri": "\\u0000"}}', "application/csp-report", 400),
        (b" " * 20_000, "application/csp-report", 413),
        (b"{}", "application/json", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
    ],
)
def test_what_is_no_report_is_a_problem(client: Client, body: bytes, content_type: str, status: int) -> None:
    assert send(client, body, content_type).status_code == status


def test_a_report_is_capped(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    many = [{"type": "csp-violation", "body": {"effectiveDirective": f"{n}" + "x" * 300}} for n in range(40)]
    send(client, many, "application/reports+json")
    assert len(told(caplog)) == csp_reports.MAX_REPORTS
    assert max(len(each["directive"]) for each in told(caplog)) == csp_reports.MAX_TEXT


def test_reports_are_limited_and_need_no_csrf_token() -> None:
    client = Client(enforce_csrf_checks=True)
    codes = [send(client, {"csp-report": {"document-uri": f"https://x/{n}"}}).status_code for n in range(31)]
    assert codes == [204] * 30 + [429]


def test_only_posts_are_taken(client: Client) -> None:
    assert client.get("/csp-report").status_code == 405


def test_pages_say_where_to_report(client: Client) -> None:
    headers = client.get("/page").headers
    assert "report-uri /csp-report" in headers["Content-Security-Policy"]
    assert "report-to csp" in headers["Content-Security-Policy"]
    assert headers["Reporting-Endpoints"] == 'csp="/csp-report"'
