"""A log that is sealed, and an attacker who owns its tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from auditlog import following, generating, maintenance
from auditlog.models import Event, Follower, Tile, Tree
from auditlog.sealing import notes, publishing, sealer, verifying
from auditlog.sealing.checkpoints import own_keys

Seal = Callable[[], sealer.Sealed]
Verify = Callable[..., verifying.Verdict]
TABLES = [model._meta.db_table for model in (Event, Tree, Tile, Follower)]
EVENTS = 600  # more than two tiles


@pytest.fixture(autouse=True)
def key(settings: Settings) -> notes.Signer:
    signer = notes.new_signer("audit.example.com")
    settings.BULWARK_AUDITLOG = {
        **settings.BULWARK_AUDITLOG,
        "SEAL_KEYS": signer.secret_line,
        "SEAL_ORIGIN": "audit.example.com",
    }
    return signer


@pytest.fixture
def published(settings: Settings, tmp_path: Path) -> Path:
    """A folder outside the database that takes checkpoints."""
    folder = tmp_path / "published"
    backend = "auditlog.sealing.publishing.FilePublisher"
    settings.BULWARK_AUDITLOG = {
        **settings.BULWARK_AUDITLOG,
        "PUBLISHERS": {"disk": {"BACKEND": backend, "OPTIONS": {"folder": folder}}},
    }
    return folder


@pytest.fixture
def seal(settled: Callable[[], None]) -> Seal:
    """Seal when nobody else's transaction can be in the way, and publish."""

    def wait_and_seal() -> sealer.Sealed:
        if not connection.in_atomic_block:
            settled()
        sealed = sealer.seal("default", publishing.known(own_keys()))
        assert publishing.publish_due("default") == []
        return sealed

    return wait_and_seal


@pytest.fixture
def verify() -> Verify:
    def run(**arguments: Any) -> verifying.Verdict:
        keys = own_keys()
        return verifying.verify("default", keys, **{"known": publishing.known(keys), **arguments})

    return run


@pytest.fixture
def log(db: None, seal: Seal, own_transaction_is_over: None) -> list[Event]:
    """600 events, sealed, in the order of the log; all of it in the transaction of the test."""
    return sealed_log(seal)


@pytest.fixture
def own_transaction_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what this transaction has written be sealed: what a test does to a sealed log ends with a rollback.

    Which events may be sealed is the matter of test_sealer.py, with transactions that are real.
    """
    monkeypatch.setattr(following._OldestOpenTransaction, "template", str(2**62))


def sealed_log(seal: Seal) -> list[Event]:
    store(EVENTS)
    assert seal().events == EVENTS
    return list(Event.objects.order_by("epoch", "tx", "seq"))


def store(count: int, seed: int = 1) -> None:
    Event.objects.insert(list(generating.events(count, days=1, seed=seed)))


def sealed_ids() -> list[bytes]:
    keys = b"".join(bytes(tile.keys) for tile in Tile.objects.filter(level=0).order_by("tree", "index"))
    return [keys[at : at + 16] for at in range(0, len(keys), 16)]


@contextmanager
def owner_with_triggers_off() -> Iterator[None]:
    """What no trigger can stop: the owner of the table."""
    with maintenance.allowed(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE bulwark_auditlog_event DISABLE TRIGGER USER")
        try:
            yield
        finally:
            if connection.vendor == "postgresql":
                cursor.execute("ALTER TABLE bulwark_auditlog_event ENABLE TRIGGER USER")


def attack(statement: str, *values: Any) -> None:
    with owner_with_triggers_off(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def dump() -> None:
    """Keep a copy of the log and of its seal, for `put_back`."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS dumped_{table}")
            cursor.execute(f"CREATE TABLE dumped_{table} AS SELECT * FROM {table}")


def put_back() -> None:
    with owner_with_triggers_off(), connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}")
            cursor.execute(f"INSERT INTO {table} SELECT * FROM dumped_{table}")
            cursor.execute(f"DROP TABLE dumped_{table}")


@pytest.fixture
def first_epoch_comes_back(transactional_db: None) -> Iterator[None]:
    """A function of the database outlives the flush after a test."""
    yield
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT bulwark_auditlog_epoch()")
            if cursor.fetchone() != (1,):
                cursor.execute(
                    "CREATE OR REPLACE FUNCTION bulwark_auditlog_epoch() RETURNS integer IMMUTABLE LANGUAGE sql "
                    "AS 'SELECT 1'"
                )
