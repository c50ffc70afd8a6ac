import datetime
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from auditlog import partitions
from auditlog.models import Event
from auditlog.partitions import Month, month_of, months_from

postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
TABLE = Event._meta.db_table


def at(year: int, month: int, day: int = 1, hour: int = 0) -> datetime.datetime:
    return datetime.datetime(year, month, day, hour, tzinfo=datetime.UTC)


def test_a_year_ends() -> None:
    assert list(months_from(at(2026, 11, 30), 2)) == [Month(2026, 11), Month(2026, 12), Month(2027, 1)]


def test_a_month_begins_at_midnight_utc() -> None:
    auckland = datetime.timezone(datetime.timedelta(hours=13))

    assert month_of(datetime.datetime(2027, 1, 1, 12, tzinfo=auckland)) == Month(2026, 12)


@postgres
@pytest.mark.django_db
def test_an_event_lands_in_the_partition_of_its_month(events: Callable[..., Event]) -> None:
    this_month = partitions.existing(connection, TABLE)[0]
    events(ts=this_month.first_day)
    events(ts=at(1999, 12, 31))

    assert count(this_month.table(TABLE)) == 1
    assert count(f"{TABLE}_default") == 1


@postgres
@pytest.mark.django_db
def test_events_that_came_too_early_move_into_their_partition(events: Callable[..., Event]) -> None:
    month = Month(2031, 5)
    first, last = events(ts=at(2031, 5)), events(ts=at(2031, 5, 31, 23))
    events(ts=at(2031, 6))
    first.refresh_from_db()

    assert partitions.create(connection, TABLE, month) == 2

    assert count(month.table(TABLE)) == 2
    assert count(f"{TABLE}_default") == 1
    assert Event.objects.get(pk=first.pk).tx == first.tx
    assert Event.objects.get(pk=last.pk).ts == last.ts
    with pytest.raises(Exception, match="only ever added"), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {month.table(TABLE)}")


@postgres
@pytest.mark.django_db
def test_the_command_makes_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("auditlog_partitions", "--ahead", "5")
    assert "Made the partitions of" in capsys.readouterr().out
    assert len(partitions.existing(connection, TABLE)) == 6

    call_command("auditlog_partitions", "--ahead", "5")
    assert capsys.readouterr().out == "Every partition is there.\n"


@pytest.mark.skipif(connection.vendor == "postgresql", reason="PostgreSQL has partitions")
def test_the_command_says_where_it_is_of_no_use() -> None:
    with pytest.raises(CommandError, match="no partitions"):
        call_command("auditlog_partitions")


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        (number,) = cursor.fetchone()
    return int(number)
