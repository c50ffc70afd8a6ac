"""What a reviewer asks, and what the log answers."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auditlog.models import Event
from auditlog.search import EventSearch

pytestmark = pytest.mark.django_db
Store = Callable[..., Event]


def found(**asked: Any) -> list[str]:
    """Return the reasons of the events that the form finds."""
    form = EventSearch(asked)
    assert form.is_valid(), form.errors
    return sorted(form.events().values_list("reason", flat=True))


@pytest.mark.parametrize(
    ("asked", "column", "value"),
    [
        ({"type": "accounts.logged_out"}, "type", "accounts.logged_out"),
        ({"outcome": "refused"}, "outcome", "refused"),
        ({"severity": "5"}, "severity", 5),
        ({"severity": "4"}, "severity", 6),
        ({"tenant": "t-1"}, "tenant", "t-1"),
        ({"session": "s-1"}, "session", "s-1"),
        ({"route": "api/v1/auth/login"}, "route", "api/v1/auth/login"),
        ({"actor": "alice@example.com"}, "actor_label", "alice@example.com"),
        ({"actor": "17"}, "actor_id", "17"),
        ({"ip": "192.0.2.7"}, "src_ip", "192.0.2.7"),
        ({"ip": "192.0.2.0/24"}, "src_ip", "192.0.2.7"),
        ({"ip": "192.0.2.7/24"}, "src_ip", "192.0.2.7"),
        ({"ip": "2001:db8::/32"}, "src_ip", "2001:db8::1"),
        ({"ip": "::ffff:192.0.2.7"}, "src_ip", "192.0.2.7"),
        ({"q": "192.0.2.7"}, "src_ip", "192.0.2.7"),
        ({"q": "192.0.0.0/16"}, "src_ip", "192.0.2.7"),
        ({"q": "abc-request"}, "request_id", "abc-request"),
        ({"q": "alice@example.com"}, "actor_label", "alice@example.com"),
        ({"q": "Alice@Example.com"}, "actor_label", "alice@example.com"),
        ({"q": "17"}, "actor_id", "17"),
        ({"q": "t-1"}, "tenant", "t-1"),
        ({"q": "s-1"}, "session", "s-1"),
        ({"q": "42"}, "target_id", "42"),
        ({"q": " 42 "}, "target_id", "42"),
        ({"q": "0196f7a0-0000-7000-8000-000000000001"}, "session", "0196f7a0-0000-7000-8000-000000000001"),
        ({"q": "0196f7a0000070008000000000000001"}, "session", "0196f7a0-0000-7000-8000-000000000001"),
        ({"q": "0196f7a0-0000-7000-8000-000000000001"}, "request_id", "0196f7a0000070008000000000000001"),
        ({"q": "0196f7a0-0000-7000-8000-000000000001"}, "uuid", uuid.UUID("0196f7a0-0000-7000-8000-000000000001")),
    ],
)
def test_each_question_finds_its_event_and_no_other(
    asked: dict[str, str], column: str, value: Any, events: Store
) -> None:
    events(reason="other", src_ip="198.51.100.1", actor_label="bob@example.com", tenant="t-2")
    events(reason="nothing known")
    events(reason="wanted", **{column: value})

    assert found(**asked) == ["wanted"]


def test_a_word_that_nobody_knows_finds_nothing(events: Store) -> None:
    events()

    assert found(q="no such thing") == []


def test_a_word_is_found_in_every_column_that_knows_it(events: Store) -> None:
    events(reason="actor", actor_id="17")
    events(reason="target", target_id="17")

    assert found(q="17") == ["actor", "target"]


def test_conditions_narrow_each_other(events: Store) -> None:
    events(reason="both", tenant="t-1", severity=5)
    events(reason="one", tenant="t-1", severity=1)

    assert found(tenant="t-1", severity="4") == ["both"]


def ago(**parts: int) -> datetime:
    return timezone.now() - timedelta(**parts)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["day", "minute", "week"]),
        ({"period": "1h"}, ["minute"]),
        ({"period": "24h"}, ["minute"]),
        ({"period": "7d"}, ["day", "minute"]),
        ({"period": "365d"}, ["day", "minute", "month", "week"]),
        ({"period": "all"}, ["day", "minute", "month", "week", "years"]),
    ],
)
def test_the_period(asked: dict[str, str], expected: list[str], events: Store) -> None:
    for reason, ts in {
        "minute": ago(minutes=1),
        "day": ago(days=2),
        "week": ago(days=8),
        "month": ago(days=40),
        "years": ago(days=900),
    }.items():
        events(reason=reason, ts=ts)

    assert found(**asked) == expected


def test_a_range_of_time_goes_before_the_period(events: Store) -> None:
    events(reason="in", ts=datetime.fromisoformat("2020-05-02T10:00:00+00:00"))
    events(reason="before", ts=datetime.fromisoformat("2020-04-30T10:00:00+00:00"))
    events(reason="after", ts=datetime.fromisoformat("2020-06-02T10:00:00+00:00"))

    assert found(since="2020-05-01T00:00", until="2020-06-01T00:00", period="1h") == ["in"]
    assert found(since="2020-05-01T00:00") == ["after", "in"]
    assert found(until="2020-05-01T00:00") == ["before"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"ip": "nonsense"}, "ip"),
        ({"ip": "192.0.2.0/99"}, "ip"),
        ({"outcome": "maybe"}, "outcome"),
        ({"severity": "x"}, "severity"),
        ({"severity": "9"}, "severity"),
        ({"period": "3d"}, "period"),
        ({"since": "yesterday"}, "since"),
        ({"q": "a\0b"}, "q"),
        ({"q": "x" * 300}, "q"),
    ],
)
def test_a_wrong_question_is_told_and_answered_with_nothing(asked: dict[str, str], field: str, events: Store) -> None:
    """Never with everything: a reviewer would take that for an answer."""
    events()
    form = EventSearch(asked)

    assert list(form.events()) == []
    assert list(form.errors) == [field]


def test_a_type_that_is_listed_no_more_can_still_be_asked_for(events: Store) -> None:
    events(reason="old", type="shop.closed")

    assert found(type="shop.closed") == ["old"]


def test_the_number_of_queries_does_not_grow(events: Store) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            list(EventSearch({"q": "alice@example.com"}).events()[:50])
        return len(captured)

    events(actor_label="alice@example.com")
    few = queries()
    for _ in range(100):
        events(actor_label="alice@example.com", tenant="t-1")

    assert queries() == few <= 8
