"""What migrations of the log do to rows that are there."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

from auditlog.models import Event, Tile
from auditlog.operations import SaltApart

SHARED = b"0123456789abcdef"
Store = Callable[..., Event]
pytestmark = pytest.mark.django_db(transaction=True)


class StoppedError(Exception):
    pass


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SaltApart, "ROWS_A_BATCH", 3)


def set_apart() -> None:
    state = ProjectState.from_apps(apps)
    with connection.schema_editor(atomic=False) as editor:
        SaltApart("Event").database_forwards("bulwark_auditlog", editor, state, state)


def salts() -> list[bytes]:
    return [bytes(salt) for salt in Event.objects.order_by("seq").values_list("salt", flat=True)]


@pytest.mark.parametrize("count", [2, 3, 4, 7, 8])
def test_events_that_share_a_salt_get_one_each(count: int, events: Store) -> None:
    for _ in range(count):
        events(salt=SHARED)
    later = bytes(events().salt)

    set_apart()

    assert len(set(salts())) == count + 1
    assert SHARED not in salts()
    assert salts()[-1] == later


def test_salts_of_their_own_stay(events: Store) -> None:
    for _ in range(4):
        events()
    before = salts()

    set_apart()

    assert salts() == before


def test_what_was_interrupted_goes_on_where_it_was(events: Store) -> None:
    for _ in range(8):
        events(salt=SHARED)
    updates = 0

    def fail_at_the_second(execute: Any, sql: str, *rest: Any) -> Any:
        nonlocal updates
        updates += sql.startswith("UPDATE")
        if updates == 2:
            raise StoppedError
        return execute(sql, *rest)

    with connection.execute_wrapper(fail_at_the_second), pytest.raises(StoppedError):
        set_apart()
    assert salts()[:5] == [SHARED] * 5
    done = salts()[5:]
    assert SHARED not in done

    set_apart()

    assert salts()[5:] == done
    assert len(set(salts())) == 8


def test_a_sealed_salt_stays(events: Store) -> None:
    for _ in range(2):
        events(salt=SHARED)
    Tile.objects.create(tree=1, level=0, index=0, hashes=b"", keys=b"")

    set_apart()

    assert salts() == [SHARED, SHARED]


def test_no_writer_waits_for_all_of_them() -> None:
    """An atomic migration keeps the lock of whatever it did to the table before."""
    loader = MigrationLoader(connection)
    found = [
        migration
        for (app, _name), migration in loader.disk_migrations.items()
        if app == "bulwark_auditlog" and any(isinstance(operation, SaltApart) for operation in migration.operations)
    ]

    assert [migration.atomic for migration in found] == [False]
