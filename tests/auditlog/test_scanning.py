"""A question of several conditions reads a bounded stretch, says how far it went, and misses nothing on the way."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from itertools import product

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from auditlog import scanning
from auditlog.keyset import Cursor
from auditlog.lookups import Within
from auditlog.models import Event
from auditlog.scanning import Question, every, look

pytestmark = pytest.mark.django_db
NOW = timezone.now()
Store = Callable[..., Event]


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "BOUND", 5)


@pytest.fixture
def log(events: Store) -> list[Event]:
    """Forty events, one a second, in a pattern of tenants, types, outcomes and networks."""
    return [
        events(
            ts=NOW - timedelta(seconds=40 - number - number % 2),  # two at each moment
            tenant=f"t-{number % 2}",
            type=f"a.{number % 7}",
            outcome="refused" if number % 11 == 0 else "success",
            src_ip=f"192.0.2.{number % 5}",
            actor_id="17" if number % 3 == 0 else "",
            actor_label="17" if number % 4 == 0 else "",
        )
        for number in range(40)
    ]


ACTOR = (Q(actor_id="17"), Q(actor_label="17"))
TENANT, KIND = (Q(tenant="t-0"),), (Q(type="a.3"),)
NETWORK = Q(Within(ip_network("192.0.2.0/31")))
QUESTIONS = [
    Question(drivers=drivers, networks=networks, rest=rest)
    for drivers, networks, rest in product(
        ((), (TENANT,), (ACTOR,), (TENANT, KIND), (ACTOR, TENANT)), ((), (NETWORK,)), ((), (Q(outcome="refused"),))
    )
]


def seqs(question: Question) -> list[int]:
    return [event.seq for event in question.events.newest_first()]


@pytest.mark.parametrize("question", QUESTIONS)
def test_stretch_after_stretch_finds_each_event_once(question: Question, log: list[Event]) -> None:
    found = [event.seq for rows in every(question, 3) for event in rows]

    assert found == seqs(question)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_way_back_finds_them_too(question: Question, log: list[Event]) -> None:
    cursor: Cursor | None = Cursor(NOW - timedelta(days=1), 0, is_newer=True)
    found: list[int] = []
    while cursor is not None:
        page = look(question, cursor, 3).page
        found += [event.seq for event in reversed(page.events)]
        cursor = page.newer

    assert found == seqs(question)[::-1]


def test_an_empty_stretch_says_how_far_it_went_and_where_to_go_on(log: list[Event]) -> None:
    found = look(Question(rest=(Q(reason="nowhere"),)), None, 3, with_count=True)

    assert (found.page.events, found.count) == ([], 0)
    assert found.searched_to == log[-6].ts
    assert found.page.older == Cursor(log[-6].ts, log[-6].seq)


def test_the_rarest_condition_leads(log: list[Event], events: Store) -> None:
    """A type of which there are few is looked for through the whole log, though its tenant has many events."""
    events(ts=NOW - timedelta(days=3), type="a.rare", tenant="t-0", reason="wanted")

    found = look(Question(drivers=(TENANT, (Q(type="a.rare"),))), None, 3)

    assert [event.reason for event in found.page.events] == ["wanted"]
    assert found.searched_to is None


def test_a_network_with_few_addresses_leads(log: list[Event], events: Store) -> None:
    events(ts=NOW - timedelta(days=3), src_ip="198.51.100.7", outcome="refused")
    network = Q(Within(ip_network("198.51.100.0/24")))

    assert len(look(Question(networks=(network,), rest=(Q(outcome="refused"),)), None, 3).page.events) == 1


def test_one_condition_needs_no_bound(log: list[Event]) -> None:
    with CaptureQueriesContext(connection) as captured:
        found = look(Question(drivers=(TENANT,)), None, 12)

    assert (len(captured), len(found.page.events), found.searched_to) == (1, 12, None)


def test_what_cannot_be_asks_nothing(log: list[Event]) -> None:
    with CaptureQueriesContext(connection) as captured:
        found = look(Question(is_impossible=True), None, 3, with_count=True)

    assert (len(captured), found.page.events, found.count) == (0, [], 0)


def test_an_event_of_two_alternatives_is_counted_once(log: list[Event]) -> None:
    assert look(Question(drivers=(ACTOR,)), None, 50, with_count=True).count == len(seqs(Question(drivers=(ACTOR,))))
