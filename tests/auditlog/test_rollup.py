from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.utils import timezone

from auditlog import generating, rollup
from auditlog.models import Event, Facet, HourlyCount

pytestmark = pytest.mark.django_db(transaction=True)
Store = Callable[..., Event]
NINE = datetime(2026, 5, 1, 9, tzinfo=UTC)


def counts(facet: Facet) -> set[tuple[int, str, str, str, int]]:
    rows = HourlyCount.objects.filter(facet=facet)
    return {(row.hour.hour, row.type, row.outcome, row.value, row.count) for row in rows}


def test_events_are_counted_by_hour(events: Store) -> None:
    for minute in (0, 30, 59):
        events(ts=NINE.replace(minute=minute), src_ip="192.0.2.7", route="login")
    events(ts=NINE.replace(hour=10), src_ip=None, route="")
    events(ts=NINE, outcome="success", type="accounts.logged_out", src_ip="192.0.2.7")

    assert rollup.count_new("default") == 5

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


def test_hours_are_those_of_utc_wherever_the_command_runs(events: Store) -> None:
    with timezone.override("Asia/Kolkata"):
        events(ts=NINE.replace(minute=45))
        rollup.count_new("default")

    assert HourlyCount.objects.filter(facet=Facet.ALL).get().hour == NINE


def test_an_event_is_counted_once_even_when_it_comes_late(events: Store) -> None:
    events(ts=NINE)
    assert rollup.count_new("default") == 1
    assert rollup.count_new("default") == 0

    events(ts=NINE)
    rollup.count_new("default")

    assert HourlyCount.objects.get(facet=Facet.ALL).count == 2


def test_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollup, "BATCH", 700)
    monkeypatch.setattr(rollup, "ROWS_A_STATEMENT", 50)
    list(generating.store(generating.events(2000, days=1, seed=1), "default"))

    call_command("auditlog_rollup")

    assert sum(row.count for row in HourlyCount.objects.filter(facet=Facet.ALL)) == 2000
    refused = Event.objects.exclude(outcome="success").count()
    for facet in (Facet.SOURCE, Facet.ROUTE):
        assert sum(row.count for row in HourlyCount.objects.filter(facet=facet)) == refused
