"""Attacks by the owner of the table, with every trigger off: none stays unseen, and the first bad event is named."""

import datetime
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from auditlog.models import DroppedRange, ErasedPart, Event, Follower, Tile, Tree
from auditlog.sealing import erasing, merkle, sealer
from auditlog.sealing.entries import CURRENT, Leaves, leaf_hashes, rows

from .conftest import EVENTS, Seal, Verify, attack, dump, owner_with_triggers_off, put_back, store

FORGED: dict[str, Any] = {
    "BigAutoField": 10**9,
    "BigIntegerField": 1,
    "BinaryField": b"another salt 16b",
    "CharField": "x",
    "DateTimeField": datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC),
    "GenericIPAddressField": "192.0.2.99",
    "JSONField": '{"forged": true}',
    "PositiveIntegerField": 77,
    "PositiveSmallIntegerField": 6,
    "UUIDField": uuid.UUID(int=7),
}
COLUMNS = {field.name: field for field in Event._meta.concrete_fields}


@pytest.fixture
def victim(log: list[Event]) -> Event:
    return log[300]


def test_an_untouched_log_is_good(log: list[Event], verify: Verify) -> None:
    verdict = verify()

    assert verdict.is_good
    assert (verdict.events, verdict.unsealed) == (EVENTS, 0)
    assert log


def test_no_column_can_be_edited(victim: Event, verify: Verify) -> None:
    """Each in turn, and put back: all are found, each time with the event's name."""
    for name, field in COLUMNS.items():
        value = FORGED[field.get_internal_type()]
        if name in ("outcome", "severity"):  # the table takes no nonsense
            value = {"outcome": "failed", "severity": 7 - victim.severity}[name]
        if connection.vendor == "sqlite" and name == "uuid":
            value = value.hex
        before = Event.objects.get(uuid=victim.uuid)
        key = "uuid" if name != "uuid" else "seq"
        where = victim.seq if key == "seq" else victim.uuid.hex
        attack(f"UPDATE bulwark_auditlog_event SET {name} = %s WHERE {key} = %s", value, where)

        verdict = verify()

        assert not verdict.is_good, name
        named = {verdict.findings[0].event}
        assert named & {victim.uuid, uuid.UUID(int=7)}, name
        restored = getattr(before, name)
        prepared = field.get_db_prep_save(restored, connection)
        key, where = ("seq", 10**9) if name == "seq" else (key, where)
        attack(f"UPDATE bulwark_auditlog_event SET {name} = %s WHERE {key} = %s", prepared, where)
        assert verify().is_good, name


def test_an_event_cannot_be_deleted(victim: Event, verify: Verify) -> None:
    attack("DELETE FROM bulwark_auditlog_event WHERE seq = %s", victim.seq)

    (finding,) = verify().findings

    assert finding.event == victim.uuid
    assert "missing" in finding.text


def test_an_event_cannot_be_put_among_older_ones(log: list[Event], verify: Verify) -> None:
    """Back-dated with a number and a transaction of the past, as if it had always been there."""
    old, forged = log[0], uuid.UUID(int=99)
    columns = ", ".join(name for name in COLUMNS if name not in ("seq", "uuid"))
    key = forged.hex if connection.vendor == "sqlite" else forged
    attack(
        f"INSERT INTO bulwark_auditlog_event (seq, uuid, {columns}) "
        f"SELECT %s, %s, {columns} FROM bulwark_auditlog_event WHERE seq = %s",
        -5,
        key,
        old.seq,
    )

    (finding,) = verify().findings

    assert finding.event == forged
    assert "does not belong there" in finding.text


@pytest.mark.parametrize(
    ("place", "statement"),
    [
        ({"epoch": "-7"}, "PRAGMA ignore_check_constraints = on"),
        ({"epoch": "-7"}, "ALTER TABLE bulwark_auditlog_event DROP CONSTRAINT bulwark_auditlog_event_epoch_check"),
        ({"epoch": "NULL"}, "ALTER TABLE bulwark_auditlog_event ALTER COLUMN epoch DROP NOT NULL"),
        ({"tx": "NULL"}, "ALTER TABLE bulwark_auditlog_event ALTER COLUMN tx DROP NOT NULL"),
    ],
)
def test_an_event_cannot_be_put_where_nobody_reads(
    place: dict[str, str], statement: str, log: list[Event], verify: Verify
) -> None:
    """Before all others, or at a place that compares with none: with a constraint less it stands on every page."""
    if statement.startswith("PRAGMA") != (connection.vendor == "sqlite"):
        pytest.skip("the other database's statement")
    forged = uuid.UUID(int=99)
    columns = [name for name in COLUMNS if name not in ("seq", "uuid")]
    values = ", ".join(place.get(name, name) for name in columns)
    attack(statement)
    attack(
        f"INSERT INTO bulwark_auditlog_event (seq, uuid, {', '.join(columns)}) "
        f"SELECT %s, %s, {values} FROM bulwark_auditlog_event WHERE seq = %s",
        -5,
        forged.hex if connection.vendor == "sqlite" else forged,
        log[300].seq,
    )
    if connection.vendor == "sqlite":
        attack("PRAGMA ignore_check_constraints = off")

    (finding,) = verify().findings

    assert finding.event == forged


def test_two_events_cannot_change_places(log: list[Event], verify: Verify) -> None:
    first, second = log[10], log[20]
    for old, new in ((first.seq, -1), (second.seq, first.seq), (-1, second.seq)):
        attack("UPDATE bulwark_auditlog_event SET seq = %s WHERE seq = %s", new, old)

    finding = verify().findings[0]

    assert finding.event in (first.uuid, second.uuid)


def test_the_log_cannot_be_emptied(log: list[Event], verify: Verify) -> None:
    attack("DELETE FROM bulwark_auditlog_event" if connection.vendor == "sqlite" else "TRUNCATE bulwark_auditlog_event")

    finding = verify().findings[0]

    assert finding.event == log[0].uuid


@pytest.mark.parametrize("level", [0, 1])
def test_the_hashes_cannot_be_made_anew(level: int, victim: Event, verify: Verify, seal: Seal) -> None:
    """The attacker knows how: every event is hashed again, up to the root. What is missing is the key."""
    attack("UPDATE bulwark_auditlog_event SET type = 'nothing.happened' WHERE seq = %s", victim.seq)
    with owner_with_triggers_off():
        _hash_again(levels=level + 1)

    finding = verify().findings[0]

    assert "changed together with its hash" in finding.text
    if level:
        store(1, seed=2)
        with pytest.raises(sealer.SealRefused, match="not the one that was signed"):
            seal()


def test_the_ids_beside_the_hashes_cannot_be_changed(log: list[Event], verify: Verify) -> None:
    tile = Tile.objects.get(level=0, index=0)
    tile.keys = bytes(tile.keys[16:32]) + bytes(tile.keys[:16]) + bytes(tile.keys[32:])
    tile.save()

    assert not verify().is_good
    assert log


def test_a_tile_cannot_be_taken_away(log: list[Event], verify: Verify) -> None:
    Tile.objects.filter(level=0, index=1).delete()

    assert "Tile 1 of level 0" in verify().findings[0].text
    assert log


def test_the_newest_events_cannot_be_cut_off_with_their_hashes(
    published: Path, log: list[Event], verify: Verify, seal: Seal
) -> None:
    """Put an older dump in place: inside the database all is consistent. The checkpoint outside tells."""
    dump()
    store(50, seed=2)
    seal()
    assert verify().is_good

    put_back()

    assert verify(known=[]).is_good, "from inside nobody can see it"
    (finding,) = verify().findings
    assert f"{EVENTS + 50} events were signed in tree 1, which has {EVENTS}" in finding.text
    assert log
    assert published.exists()


def test_the_whole_seal_cannot_be_thrown_away(published: Path, log: list[Event], verify: Verify, seal: Seal) -> None:
    for model in (Tree, Tile, Follower):
        model.objects.all().delete()
    attack("DELETE FROM bulwark_auditlog_event WHERE seq = %s", log[3].seq)

    seal()  # goes on in another tree

    assert Tree.objects.get().number == 2
    assert "tree 1, which is not in this database" in verify().findings[0].text
    assert Event.objects.get(type="auditlog.epoch_started").reason == "rolled_back"
    assert published.exists()


def test_a_gap_needs_an_event_that_vouches_for_it(victim: Event, verify: Verify) -> None:
    attack("DELETE FROM bulwark_auditlog_event WHERE seq = %s", victim.seq)
    DroppedRange.objects.create(event=uuid.uuid4(), tree=1, first=300, last=300)

    assert "vouch for events that are gone" in verify().findings[0].text


def test_two_gaps_cannot_vouch_for_each_other(log: list[Event], verify: Verify) -> None:
    first, second = log[300], log[301]
    attack("DELETE FROM bulwark_auditlog_event WHERE seq IN (%s, %s)", first.seq, second.seq)
    DroppedRange.objects.create(event=first.uuid, tree=1, first=301, last=301)
    DroppedRange.objects.create(event=second.uuid, tree=1, first=300, last=300)

    assert len(verify().findings) == 2


def test_data_cannot_be_blanked_without_an_event_that_says_so(victim: Event, verify: Verify) -> None:
    (row,) = rows(Event.objects.filter(pk=victim.pk), CURRENT)
    commitment = Leaves(CURRENT).commitments(row, {})[2]
    attack("UPDATE bulwark_auditlog_event SET data = '{}' WHERE seq = %s", victim.seq)
    salts = b"".join(Leaves(CURRENT).salts(row[-1])[:2])
    attack("UPDATE bulwark_auditlog_event SET salt = %s WHERE seq = %s", salts + bytes(32), victim.seq)
    ErasedPart.objects.create(uuid=victim.uuid, part="what", commitment=commitment, event=uuid.uuid4())

    assert "vouch for data that are gone" in verify().findings[0].text


def test_nothing_can_stand_where_erased_data_stood(victim: Event, verify: Verify) -> None:
    subject = victim.actor_id or victim.actor_label or victim.target_id
    if not subject:
        subject = str(uuid.uuid4())
        attack("UPDATE bulwark_auditlog_event SET actor_id = %s WHERE seq = %s", subject, victim.seq)
    erasing.erase(subject, "default")
    attack("UPDATE bulwark_auditlog_event SET actor_label = 'mallory' WHERE seq = %s", victim.seq)

    assert victim.uuid in [finding.event for finding in verify().findings]


@pytest.mark.parametrize("by", [5, -5])
def test_the_place_of_the_sealer_cannot_be_moved(
    by: int, log: list[Event], seal: Seal, verify: Verify, caplog: pytest.LogCaptureFixture
) -> None:
    """Forward it would leave events out for good, backward it would seal them twice."""
    Follower.objects.filter(name="seal").update(seq=log[-1].seq + by)
    store(10, seed=2)

    assert seal().events == 10

    assert "it is put back" in caplog.text
    assert verify().is_good


def _hash_again(levels: int) -> None:
    found = list(rows(Event.objects.order_by("epoch", "tx", "seq"), CURRENT))
    hashes = leaf_hashes(found, CURRENT, "default")
    for tile in Tile.objects.filter(level=0):
        tile.hashes = b"".join(hashes[tile.index * 256 : (tile.index + 1) * 256])
        tile.save()
    if levels > 1:
        full = Tile.objects.filter(level=0).order_by("index")[: len(hashes) // 256]
        roots = b"".join(merkle.subtree_hash(bytes(tile.hashes)) for tile in full)
        Tile.objects.filter(level=1).update(hashes=roots)
