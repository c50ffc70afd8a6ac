"""A restored database does not go on where its original went on."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection, transaction

from auditlog.models import Event, Tree
from auditlog.sealing import epochs

from .conftest import EVENTS, Seal, Verify, dump, owner_with_triggers_off, put_back, sealed_log, store

postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")


@postgres
@pytest.mark.usefixtures("first_epoch_comes_back")
def test_a_restored_dump_starts_a_new_epoch(seal: Seal, verify: Verify) -> None:
    """In another cluster, where transactions are numbered anew: those of the dump seem to be of the future."""
    sealed_log(seal)
    unsealed = 4
    store(unsealed, seed=2)
    pretend_to_be_restored()
    store(3, seed=3)  # somebody has written before the sealer noticed

    # A transaction of somebody else on the server may hold up the event that tells of the epoch.
    assert seal().events + seal().events == unsealed + 3 + 1

    first, second = Tree.objects.order_by("number")
    assert (first.size, second.size, second.reason) == (EVENTS, unsealed + 3 + 1, "restored")
    told = Event.objects.get(type="auditlog.epoch_started")
    assert told.data == {"epoch": 2, "sealed_before": EVENTS}
    assert told.epoch == 2
    verdict = verify()
    assert (verdict.findings, verdict.unsealed) == ([], 0)

    store(2, seed=4)
    assert seal().events == 2
    assert verify().is_good


@postgres
def test_the_original_does_not_start_one(log: list[Event], seal: Seal) -> None:
    store(1, seed=2)
    seal()

    assert Tree.objects.get().size == EVENTS + 1
    assert log


def test_a_rolled_back_log_goes_on_in_another_tree(
    published: Path, log: list[Event], seal: Seal, verify: Verify
) -> None:
    """To sign on in the same tree would give two logs the same name and size."""
    dump()
    store(10, seed=2)
    seal()
    note = (published / "1.checkpoint").read_text()
    put_back()
    store(5, seed=3)

    seal()

    first, second = Tree.objects.order_by("number")
    assert (first.size, second.number, second.reason) == (EVENTS, 2, "rolled_back")
    assert (published / "1.checkpoint").read_text() == note
    assert (published / "2.checkpoint").exists()
    assert len(verify().findings) == 1, "the loss is told"
    assert log


@pytest.mark.usefixtures("first_epoch_comes_back")
def test_an_epoch_begins_after_every_writer_of_the_last_one(events: Callable[..., Event]) -> None:
    epochs.start("default", reason="first")
    events(reason="old")
    with transaction.atomic():
        epochs.start("default", reason="rolled_back")
    events(reason="new")

    expected = {"old": 1, "new": 2 if connection.vendor == "postgresql" else 1}
    assert {event.reason: event.epoch for event in Event.objects.filter(reason__in=expected)} == expected


def pretend_to_be_restored() -> None:
    """What a dump is like in another cluster: its youngest transactions are of the future there."""
    with owner_with_triggers_off(), connection.cursor() as cursor:
        cursor.execute("UPDATE bulwark_auditlog_tree SET incarnation = 'elsewhere'")
        # Each row is written anew, by another transaction than that of its event: a restore does so too.
        cursor.execute(
            "UPDATE bulwark_auditlog_event SET tx = CASE WHEN (epoch, tx, seq) > "
            "(SELECT epoch, tx, seq FROM bulwark_auditlog_follower WHERE name = 'seal') THEN 1000000000000 ELSE tx END"
        )
