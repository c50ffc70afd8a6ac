"""Whole months go; the log stays proved, and nobody can make an event go in the same way unseen."""

import datetime
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from auditlog import partitions, retention
from auditlog.models import DroppedRange, ErasedPart, Event, Facet, Follower, HourlyCount
from auditlog.partitions import Month
from auditlog.sealing import erasing, proofs

from .conftest import Seal, Verify, attack, store

postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
OLD = [datetime.datetime(2025, month, day, tzinfo=datetime.UTC) for month, day in ((8, 31), (9, 1), (9, 30))]
TABLE = Event._meta.db_table


@pytest.fixture
def old_log(db: None, own_transaction_is_over: None, events: Callable[..., Event], seal: Seal) -> list[Event]:
    """A log whose oldest events are of two months that are over, in no good order, with younger ones between."""
    old = []
    for number in range(30):
        old.append(events(ts=OLD[number % 3], actor_id="7", actor_label="alice@example.com"))
        store(20, seed=number)
    seal()
    return old


@pytest.mark.parametrize(
    ("keep", "months"),
    [(13, [Month(2025, 8), Month(2025, 9)]), (14, [Month(2025, 8)]), (15, []), (1, [Month(2025, 8), Month(2025, 9)])],
)
@postgres
def test_the_last_full_months_are_kept(keep: int, months: list[Month], old_log: list[Event]) -> None:
    found = retention.expired("default", keep, NOW)

    assert [month for month in found if month.year == 2025] == months
    assert old_log


@postgres
def test_a_dropped_month_is_gone_told_and_still_proved(old_log: list[Event], verify: Verify, seal: Seal) -> None:
    kept = proofs.inclusion(Event.objects.latest("seq"))

    assert retention.drop(Month(2025, 9), "default") == 20

    assert not Event.objects.filter(ts__gte=OLD[1], ts__lte=OLD[2]).exists()
    assert Month(2025, 9) not in partitions.existing(connection, TABLE)
    told = Event.objects.get(type="auditlog.partition_dropped")
    assert (told.data["month"], told.data["events"]) == ("2025-09", 20)
    assert verify().is_good
    seal()
    assert verify().is_good
    assert retention.drop(Month(2025, 8), "default") == 10
    assert verify().is_good
    assert proofs.inclusion(Event.objects.get(uuid=kept["event"]))["leaf_hash"] == kept["leaf_hash"]
    assert old_log


@postgres
def test_no_address_outlives_its_month_in_the_charts(old_log: list[Event]) -> None:
    """How much happened stays countable; from where it came is as old as the events (ASVS 5.0, V14.2.7)."""
    assert old_log
    for facet, value in ((Facet.SOURCE, "192.0.2.7"), (Facet.ROUTE, "login"), (Facet.ALL, "")):
        for hour in (OLD[2], NOW):
            row = {"type": "accounts.login_failed", "outcome": "refused", "facet": facet, "value": value}
            HourlyCount.objects.create(hour=hour.replace(minute=0), count=3, **row)

    retention.drop(Month(2025, 9), "default")

    left = HourlyCount.objects.filter(type="accounts.login_failed").values_list("facet", "hour__year")
    assert set(left) == {("source", 2026), ("route", 2025), ("route", 2026), ("all", 2025), ("all", 2026)}


@postgres
def test_what_is_still_there_cannot_go_with_it(old_log: list[Event], verify: Verify) -> None:
    """Neither may a range be stretched, nor the event that vouches be changed or removed."""
    retention.drop(Month(2025, 9), "default")
    told = Event.objects.get(type="auditlog.partition_dropped")
    victim = old_log[0]
    attack("DELETE FROM bulwark_auditlog_event WHERE seq = %s", victim.seq)
    assert verify().findings[0].event == victim.uuid

    DroppedRange.objects.update_or_create(tree=1, first=0, defaults={"event": told.uuid, "last": 0})
    assert verify().findings[0].event == told.uuid

    attack("DELETE FROM bulwark_auditlog_event WHERE seq = %s", told.seq)
    assert verify().findings[0].event == told.uuid


@postgres
def test_when_a_witness_is_dropped_another_takes_over(old_log: list[Event], verify: Verify, seal: Seal) -> None:
    """The event that told of an older month is of a month that has become old itself."""
    erasing.erase("7", "default")
    retention.drop(Month(2025, 9), "default")
    seal()
    for told in Event.objects.filter(type__startswith="auditlog."):
        # As if it had been written in August 2025; its leaf is made anew, which only a test can have signed.
        attack("UPDATE bulwark_auditlog_event SET ts = %s WHERE seq = %s", OLD[0], told.seq)
    assert ErasedPart.objects.count() == 60

    retention.drop(Month(2025, 8), "default")

    assert [finding.text for finding in verify().findings] == []
    (told,) = Event.objects.filter(type="auditlog.partition_dropped")
    assert set(DroppedRange.objects.values_list("event", flat=True)) == {told.uuid}
    assert not ErasedPart.objects.exists(), "the events that they belong to are gone"
    assert old_log


@postgres
def test_what_is_not_sealed_or_not_read_is_kept(old_log: list[Event], events: Callable[..., Event]) -> None:
    Follower.objects.create(name="shipping", epoch=1, tx=0, seq=0)
    with pytest.raises(retention.MonthKept, match="'shipping' has not read"):
        retention.drop(Month(2025, 9), "default")
    Follower.objects.filter(name="shipping").delete()
    events(ts=OLD[1])
    with pytest.raises(retention.MonthKept, match="not sealed"):
        retention.drop(Month(2025, 9), "default")
    assert Event.objects.filter(ts=OLD[1]).count() == 11
    assert old_log


@postgres
def test_the_command_drops_or_tells_what_it_would(old_log: list[Event], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("auditlog_retain", "--keep", "1m", "--dry-run")
    assert "2025-08 would be dropped.\n2025-09 would be dropped.\n" in capsys.readouterr().out
    assert Event.objects.filter(ts__in=OLD).count() == len(old_log)

    call_command("auditlog_retain", "--keep", "1m")
    assert "Dropped 2025-08 with 10 events.\nDropped 2025-09 with 20 events.\n" in capsys.readouterr().out
    call_command("auditlog_retain", "--keep", "1y")
    assert capsys.readouterr().out == "No month is old enough.\n"


@postgres
@pytest.mark.django_db
@pytest.mark.parametrize("keep", ["", "13", "0m", "m", "13 months"])
def test_nonsense_drops_nothing(keep: str) -> None:
    with pytest.raises(CommandError, match="as 13m or 2y"):
        call_command("auditlog_retain", "--keep", keep)


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor == "postgresql", reason="PostgreSQL has partitions")
def test_the_command_says_where_it_is_of_no_use() -> None:
    with pytest.raises(CommandError, match="no partitions"):
        call_command("auditlog_retain", "--keep", "13m")
