from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.utils import timezone

from auditlog import generating, rollup
from auditlog.models import Event, Facet, HourlyCount

pytestmark = pytest.mark.django_db(transaction=True)
Count = Callable[[], int]
Store = Callable[..., Event]
NINE = datetime(2026, 5, 1, 9, tzinfo=UTC)


@pytest.fixture
def count_new(settled: Callable[[], None]) -> Count:
    def count() -> int:
        settled()
        return rollup.count_new("default")

    return count


def counts(facet: Facet) -> set[tuple[int, str, str, str, int]]:
    rows = HourlyCount.objects.filter(facet=facet)
    return {(row.hour.hour, row.type, row.outcome, row.value, row.count) for row in rows}


def test_events_are_counted_by_hour(events: Store, count_new: Count) -> None:
    for minute in (0, 30, 59):
        events(ts=NINE.replace(minute=minute), src_ip="192.0.2.7", route="login")
    events(ts=NINE.replace(hour=10), src_ip=None, route="")
    events(ts=NINE, outcome="success", type="accounts.logged_out", src_ip="192.0.2.7")

    assert count_new() == 5

    assert counts(Facet.ALL) == {
        (9, "accounts.login_failed", "failed", "", 3),
        (10, "accounts.login_failed", "failed", "", 1),
        (9, "accounts.logged_out", "success", "", 1),
    }
    assert counts(Facet.SOURCE) == {
        (9, "accounts.login_failed", "failed", "192.0.2.7", 3),
        (10, "accounts.login_failed", "failed", "", 1),
    }
    assert counts(Facet.ROUTE) == {
        (9, "accounts.login_failed", "failed", "login", 3),
        (10, "accounts.login_failed", "failed", "", 1),
    }


def test_a_host_with_many_ipv6_addresses_is_one_source(events: Store, count_new: Count) -> None:
    """As for floods: it would add a row with each request, and stand nowhere in the ranking."""
    for address in ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"):
        events(ts=NINE, src_ip=address)

    count_new()

    assert counts(Facet.SOURCE) == {
        (9, "accounts.login_failed", "failed", "2001:db8::/64", 2),
        (9, "accounts.login_failed", "failed", "2001:db8:0:1::/64", 1),
    }


def test_a_botnet_does_not_fill_the_counts_and_its_largest_sources_stay(
    events: Store, count_new: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollup, "SOURCES_AN_HOUR", 2)
    for number in range(5):
        events(ts=NINE, src_ip=f"192.0.2.{number}")
    for _ in range(2):
        events(ts=NINE, src_ip="198.51.100.7")
        events(ts=NINE, src_ip="203.0.113.7", type="authz.denied", outcome="refused")
    events(ts=NINE, src_ip=None)
    events(ts=NINE.replace(hour=10))

    count_new()

    assert counts(Facet.SOURCE) == {
        (9, "accounts.login_failed", "failed", "198.51.100.7", 2),
        (9, "authz.denied", "refused", "203.0.113.7", 2),
        (9, "accounts.login_failed", "failed", "", 6),
        (10, "accounts.login_failed", "failed", "", 1),
    }


def test_as_many_sources_as_are_kept_for_now_are_told_apart(
    events: Store, count_new: Count, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollup, "SOURCES_AN_HOUR", 2)
    for number in range(4):
        events(ts=NINE, src_ip=f"192.0.2.{number}")

    count_new()

    assert len(counts(Facet.SOURCE)) == 4


def test_hours_are_those_of_utc_wherever_the_command_runs(events: Store, count_new: Count) -> None:
    with timezone.override("Asia/Kolkata"):
        events(ts=NINE.replace(minute=45))
        count_new()

    assert HourlyCount.objects.filter(facet=Facet.ALL).get().hour == NINE


def test_an_event_is_counted_once_even_when_it_comes_late(events: Store, count_new: Count) -> None:
    events(ts=NINE)
    assert count_new() == 1
    assert count_new() == 0

    events(ts=NINE)
    count_new()

    assert HourlyCount.objects.get(facet=Facet.ALL).count == 2


def test_many(monkeypatch: pytest.MonkeyPatch, settled: Callable[[], None]) -> None:
    monkeypatch.setattr(rollup, "BATCH", 700)
    monkeypatch.setattr(rollup, "ROWS_A_STATEMENT", 50)
    list(generating.store(generating.events(2000, days=1, seed=1), "default"))
    settled()

    call_command("auditlog_rollup")

    assert sum(row.count for row in HourlyCount.objects.filter(facet=Facet.ALL)) == 2000
    refused = Event.objects.exclude(outcome="success").count()
    for facet in (Facet.SOURCE, Facet.ROUTE):
        assert sum(row.count for row in HourlyCount.objects.filter(facet=facet)) == refused
