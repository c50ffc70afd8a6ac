"""Nothing is sealed twice or missed, whatever the order in which transactions commit."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections, transaction
from pytest_django import Settings

from auditlog.models import Event, Follower, Tile, Tree
from auditlog.sealing import merkle, sealer
from auditlog.sealing.ahead import Ahead
from auditlog.sealing.checkpoints import Checkpoint, own_keys
from auditlog.sealing.tiles import Tiles

from .conftest import Seal, Verify, sealed_ids, store

postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")


@pytest.mark.django_db(transaction=True)
def test_a_tree_grows_as_if_it_had_been_made_at_once(seal: Seal) -> None:
    for number, count in enumerate((1, 254, 1, 1, 300, 700)):
        store(count, seed=number)
        assert seal().events == count

    tree = Tree.objects.get()
    hashes = b"".join(bytes(tile.hashes) for tile in Tile.objects.filter(level=0).order_by("index"))
    assert (tree.size, len(hashes)) == (1257, 1257 * 32)

    def node(level: int, index: int) -> bytes:
        return merkle.subtree_hash(hashes[index << level + 5 : index + 1 << level + 5])

    for size in (1, 255, 256, 257, 512, 1000, 1257):
        assert merkle.root(Tiles(1, "default").node, size) == merkle.root(node, size)
    assert Checkpoint.opened(tree.note, own_keys()) == Checkpoint(1, 1257, merkle.root(node, 1257))
    assert sealed_ids() == [event.uuid.bytes for event in Event.objects.order_by("epoch", "tx", "seq")]


@pytest.mark.django_db(transaction=True)
def test_more_than_a_batch_is_sealed_at_once(seal: Seal, monkeypatch: pytest.MonkeyPatch, verify: Verify) -> None:
    monkeypatch.setattr(sealer, "BATCH", 100)
    store(250)

    assert seal().events == 250
    assert seal().events == 0
    assert verify().is_good


@contextmanager
def slow_writer(events: Callable[..., Event]) -> Iterator[None]:
    """Somebody who has written an event, and commits at the end of the block."""
    has_written, may_commit = threading.Event(), threading.Event()

    def write_slowly() -> None:
        with transaction.atomic():
            events(reason="slow")
            has_written.set()
            may_commit.wait(30)
        connections.close_all()

    writer = threading.Thread(target=write_slowly)
    writer.start()
    has_written.wait(30)
    yield
    may_commit.set()
    writer.join()


def sealed_reasons() -> list[str]:
    order = {event.uuid.bytes: event.reason for event in Event.objects.all()}
    return [order[key] for key in sealed_ids()]


@postgres
@pytest.mark.django_db(transaction=True)
def test_an_open_transaction_holds_back_what_came_after_it(
    events: Callable[..., Event], seal: Seal, settled: Callable[[], None], verify: Verify
) -> None:
    """It got its numbers first and commits last: sealed past it, its events would be missed for ever."""
    events(reason="before")
    settled()
    with slow_writer(events):
        events(reason="fast")

        assert sealer.seal("default").events == 1
        assert verify().unsealed == 1

    assert seal().events == 2
    assert sealed_reasons() == ["before", "slow", "fast"]
    assert verify().is_good


@postgres
@pytest.mark.django_db(transaction=True)
def test_what_was_hashed_while_a_transaction_was_open_is_sealed_in_its_place(
    events: Callable[..., Event], seal: Seal, settled: Callable[[], None], verify: Verify
) -> None:
    events(reason="before")
    tree, ahead = seal().tree, Ahead()
    assert tree is not None
    with slow_writer(events):
        events(reason="fast")
        assert ahead.look(tree, "default") is False
        assert sealer.seal("default", ahead=ahead).events == 0

    settled()
    assert sealer.seal("default", ahead=ahead).events == 2
    assert sealed_reasons() == ["before", "slow", "fast"]
    assert verify().is_good


@postgres
@pytest.mark.django_db(transaction=True)
def test_writers_who_roll_back_and_two_sealers(seal: Seal, verify: Verify) -> None:
    """Small size of `bench/sealing.py`."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def loop(work: Callable[[int], Any]) -> Callable[[], None]:
        def run() -> None:
            number = 0
            try:
                while not stop.is_set():
                    work(number := number + 1)
            except BaseException as error:  # noqa: BLE001 - told by the test
                failures.append(error)
            finally:
                connections.close_all()

        return run

    threads = [threading.Thread(target=loop(write)) for _ in range(4)]
    threads += [threading.Thread(target=loop(lambda _: sealer.seal("default"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    stop.wait(2)
    stop.set()
    for thread in threads:
        thread.join()
    seal()

    assert failures == []
    assert sorted(sealed_ids()) == sorted(event.uuid.bytes for event in Event.objects.all())
    assert verify().is_good


def write(number: int) -> None:
    with transaction.atomic():
        store(3, seed=number * 1000 + threading.get_ident() % 1000)
        if number % 3 == 0:
            transaction.set_rollback(True)


@pytest.fixture
def own_signals() -> Iterator[None]:
    """The loop takes the signals of its process; they are the test's again after it."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_signals")
@pytest.mark.django_db(transaction=True)
def test_the_loop_goes_on_until_it_is_told_to_stop(
    settled: Callable[[], None], verify: Verify, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An outage of the database does not end it."""
    look, rounds = Ahead.look, iter(range(1, 9))

    def looking(*given: Any) -> bool:
        match next(rounds):
            case 1:
                found = look(*given)
                store(3, seed=2)
                settled()
                return found
            case 2:
                raise OperationalError("gone")
            case 3:
                store(4, seed=3)
                settled()
            case 4:
                os.kill(os.getpid(), signal.SIGTERM)
        return look(*given)

    monkeypatch.setattr(Ahead, "look", looking)
    store(2)
    settled()

    call_command("auditlog_seal", "--loop", "--interval", "0", "--heartbeat", str(tmp_path / "beat"))

    assert len(sealed_ids()) == Event.objects.count() == 2 + 3 + 4
    assert next(rounds) == 5
    assert (tmp_path / "beat").exists()
    assert verify().is_good


@pytest.mark.django_db
def test_without_a_key_nothing_is_sealed(settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SEAL_KEYS": str(own_keys().keys[0])}

    with pytest.raises(sealer.SealRefused, match="no private key"):
        sealer.seal("default")
    with pytest.raises(CommandError, match="no private key"):
        call_command("auditlog_seal")


@pytest.mark.django_db(transaction=True)
def test_a_key_can_be_replaced(
    settings: Settings, seal: Seal, verify: Verify, capsys: pytest.CaptureFixture[str]
) -> None:
    store(5)
    seal()
    old = own_keys().keys[0]

    call_command("auditlog_seal", "--new-key", "audit.example.com")
    new = capsys.readouterr().out.strip()
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SEAL_KEYS": f"{new}\n{old}"}
    assert verify().is_good, "what the old key signed stays good"

    store(5, seed=2)
    seal()
    assert verify().is_good
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SEAL_KEYS": str(old)}
    assert not verify().is_good, "the new key is not known"


@pytest.mark.django_db(transaction=True)
def test_the_command_tells_what_it_has_done(settled: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> None:
    store(5)
    settled()

    call_command("auditlog_seal")
    call_command("auditlog_seal")

    assert capsys.readouterr().out.splitlines() == [
        "Sealed 5 events: tree 1 has 5.",
        "There is nothing new to seal.",
    ]
    assert Follower.objects.get(name="seal").seq == max(event.seq for event in Event.objects.all())
