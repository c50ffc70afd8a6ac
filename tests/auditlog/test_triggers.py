"""The attack: SQL that goes around the models. The database refuses it, until its owner opens the door."""

import datetime
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.migrations.state import ProjectState

from auditlog import maintenance, partitions, triggers
from auditlog.models import Event
from auditlog.operations import RefuseReplace

postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite only")

TABLE = Event._meta.db_table
UPDATE = "UPDATE bulwark_auditlog_event SET reason = 'forged'"
DELETE = "DELETE FROM bulwark_auditlog_event"


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("statement", [UPDATE, DELETE])
def test_sql_cannot_change_events(statement: str, events: Callable[..., Event]) -> None:
    event = events(reason="true")

    with pytest.raises(IntegrityError, match="events are only ever added"):
        run(statement)

    assert Event.objects.get(pk=event.pk).reason == "true"


@pytest.mark.parametrize("statement", [UPDATE, DELETE])
def test_the_trigger_is_what_refuses(statement: str, events: Callable[..., Event]) -> None:
    """With the door open the same SQL passes: so it is the trigger that stands in the way, and nothing else."""
    events(reason="true")

    with maintenance.allowed():
        run(statement)

    assert not Event.objects.filter(reason="true").exists()


def test_the_door_closes_again_after_an_error(events: Callable[..., Event]) -> None:
    events()

    with pytest.raises(ZeroDivisionError), maintenance.allowed():
        _ = 1 / 0

    with pytest.raises(IntegrityError):
        run(DELETE)


@postgres
@pytest.mark.parametrize("table", ["bulwark_auditlog_event", "bulwark_auditlog_event_default", "partition"])
def test_truncate_is_refused_on_the_table_and_on_each_partition(table: str, events: Callable[..., Event]) -> None:
    event = events()
    name = f"bulwark_auditlog_event_{event.ts:%Y_%m}" if table == "partition" else table

    with pytest.raises(IntegrityError, match="events are only ever added"):
        run(f"TRUNCATE {name}")


@postgres
def test_a_partition_cannot_be_changed_behind_its_parent(events: Callable[..., Event]) -> None:
    event = events()

    with pytest.raises(IntegrityError):
        run(f"DELETE FROM bulwark_auditlog_event_{event.ts:%Y_%m}")


@postgres
def test_the_setting_is_worth_nothing_to_a_role_that_does_not_own_the_table(events: Callable[..., Event]) -> None:
    events()
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE bulwark_test_app; GRANT bulwark_test_app TO CURRENT_USER")
        cursor.execute("GRANT ALL ON bulwark_auditlog_event TO bulwark_test_app")
        cursor.execute("SET LOCAL ROLE bulwark_test_app; SET LOCAL bulwark_auditlog.maintenance = 'on'")
    for statement in (UPDATE, DELETE):
        with pytest.raises(IntegrityError, match="events are only ever added"):
            run(statement)
    with connection.cursor() as cursor:
        cursor.execute(
            "RESET ROLE; SET LOCAL bulwark_auditlog.maintenance = 'off'; "
            "DROP OWNED BY bulwark_test_app; DROP ROLE bulwark_test_app"
        )


@postgres
def test_the_database_writes_the_transaction_whatever_an_insert_says(events: Callable[..., Event]) -> None:
    event = events(tx=1, epoch=99)

    event.refresh_from_db()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        assert cursor.fetchone() == (event.tx,)
    assert event.epoch == 1


@sqlite
@pytest.mark.parametrize("key", ["seq", "uuid"])
def test_an_event_cannot_be_replaced(key: str, events: Callable[..., Event]) -> None:
    """Which is a DELETE that no trigger is told of."""
    event = events(reason="true")
    names = [field.attname for field in Event._meta.concrete_fields if key == "seq" or field.attname != "seq"]
    given = {"reason": "'forged'", "uuid": "'0123'" if key == "seq" else "uuid"}
    values = ", ".join(given.get(name, name) for name in names)

    with pytest.raises(IntegrityError, match="events are only ever added"):
        run(f"INSERT OR REPLACE INTO bulwark_auditlog_event ({', '.join(names)}) SELECT {values} FROM {TABLE}")

    assert [(found.pk, found.reason) for found in Event.objects.all()] == [(event.pk, "true")]


@sqlite
def test_a_number_that_is_less_than_any_keeps_no_event_out(events: Callable[..., Event]) -> None:
    """SQLite's triggers know a number that is to be given as -1."""
    events(seq=-1)
    events()

    assert Event.objects.count() == 2


@sqlite
@pytest.mark.django_db(transaction=True)
def test_a_log_of_before_learns_to_refuse_it() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER bulwark_event_no_replace")
    assert triggers.missing(connection, TABLE) == ["bulwark_event_no_REPLACE"]
    state = ProjectState.from_apps(apps)
    with connection.schema_editor(atomic=False) as editor:
        RefuseReplace("Event").database_forwards("bulwark_auditlog", editor, state, state)

    assert triggers.missing(connection, TABLE) == []


@sqlite
@pytest.mark.django_db
def test_a_connection_that_does_not_know_the_door_is_refused() -> None:
    """Somebody who opens the file with another tool has no function to ask."""
    with connection.cursor() as cursor, closing(sqlite3.connect(":memory:")) as other:
        cursor.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'bulwark_auditlog_event' AND sql IS NOT NULL")
        for (definition,) in cursor.fetchall():
            other.execute(definition)
        for statement in (UPDATE, DELETE):
            with pytest.raises(sqlite3.OperationalError, match="no such function: bulwark_auditlog_maintenance"):
                other.execute(statement)


@postgres
@pytest.mark.django_db
@pytest.mark.parametrize("statement", ["UPDATE {} SET reason = 'forged'", "DELETE FROM {}", "TRUNCATE {}"])
def test_a_partition_that_is_made_later_is_protected_too(statement: str, events: Callable[..., Event]) -> None:
    events(ts=datetime.datetime(2033, 3, 3, tzinfo=datetime.UTC))
    partitions.create(connection, Event._meta.db_table, partitions.Month(2033, 3))

    with pytest.raises(IntegrityError, match="events are only ever added"):
        run(statement.format("bulwark_auditlog_event_2033_03"))
    assert triggers.missing(connection, Event._meta.db_table) == []


@postgres
@pytest.mark.django_db
def test_a_trigger_that_is_switched_off_on_one_partition_is_told() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE bulwark_auditlog_event_default DISABLE TRIGGER bulwark_event_no_truncate")

    assert triggers.missing(connection, Event._meta.db_table) == [
        "bulwark_event_no_truncate of bulwark_auditlog_event_default"
    ]
