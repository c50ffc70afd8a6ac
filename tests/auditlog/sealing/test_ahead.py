"""What was hashed before it could be sealed is sealed in its place, and not read again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from auditlog.models import Event, Follower, Tree
from auditlog.sealing import ahead as ahead_module
from auditlog.sealing import erasing, sealer
from auditlog.sealing.ahead import Ahead
from auditlog.sealing.entries import Format, Row, leaf_hashes

from .conftest import Seal, Verify, attack, sealed_ids, store

Store = Callable[..., Event]
pytestmark = pytest.mark.usefixtures("own_transaction_is_over")


@pytest.fixture
def tree(db: None, seal: Seal) -> Tree:
    """A tree that goes on: three events are sealed."""
    store(3)
    found = seal().tree
    assert found is not None
    return found


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many events are hashed, each time."""
    found: list[int] = []

    def counting(rows: list[Row], form: Format, alias: str) -> list[bytes]:
        if rows:
            found.append(len(rows))
        return leaf_hashes(rows, form, alias)

    monkeypatch.setattr(ahead_module, "leaf_hashes", counting)
    return found


def ids() -> list[bytes]:
    return [event.uuid.bytes for event in Event.objects.order_by("epoch", "tx", "seq")]


def test_an_event_is_hashed_once(tree: Tree, hashed: list[int], verify: Verify) -> None:
    ahead = Ahead()
    store(5, seed=2)
    ahead.look(tree, "default")
    ahead.look(tree, "default")
    store(2, seed=3)

    assert sealer.seal("default", ahead=ahead).events == 7

    assert hashed == [5, 2]
    assert sealed_ids() == ids()
    assert verify().is_good


def test_it_is_looked_in_steps(tree: Tree, hashed: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead_module, "BATCH", 4)
    monkeypatch.setattr(ahead_module, "MOST", 8)
    ahead = Ahead()
    store(10, seed=2)

    assert [ahead.look(tree, "default") for _ in range(3)] == [True, True, False]  # enough are kept
    assert sealer.seal("default", ahead=ahead).events == 10

    assert hashed == [4, 4, 2]
    assert sealed_ids() == ids()
    assert ahead.look(tree, "default") is False  # there is nothing


def test_what_was_sealed_by_another_is_not_looked_at(tree: Tree, hashed: list[int]) -> None:
    ahead = Ahead()
    store(4, seed=2)
    sealer.seal("default")

    assert ahead.look(tree, "default") is False
    assert hashed == [4]


def test_what_another_sealer_was_quicker_to_seal_is_not_kept(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would fill what is kept, and nothing would be hashed ahead any more."""
    monkeypatch.setattr(ahead_module, "BATCH", 4)
    monkeypatch.setattr(ahead_module, "MOST", 8)
    ahead = Ahead()
    for seed in range(2, 5):
        store(4, seed=seed)
        assert ahead.look(tree, "default") is True
        sealer.seal("default")


def test_the_place_of_the_sealer_is_not_asked(tree: Tree, hashed: list[int]) -> None:
    """The application may move it, or take it away."""
    Follower.objects.filter(name=sealer.NAME).update(seq=10**9)
    store(2, seed=2)
    ahead = Ahead()
    ahead.look(tree, "default")
    Follower.objects.filter(name=sealer.NAME).delete()
    ahead.look(tree, "default")

    assert hashed == [2]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="elsewhere a number is unique")
def test_two_events_of_a_transaction_with_one_number(tree: Tree, events: Store, verify: Verify) -> None:
    """Whoever may INSERT may choose it. Both are sealed, each once."""
    ahead = Ahead()
    with transaction.atomic():
        first = events()
        events(seq=first.seq, ts=first.ts + timedelta(seconds=1))
    ahead.look(tree, "default")

    sealer.seal("default", ahead=ahead)

    assert sorted(sealed_ids()) == sorted(ids())
    assert verify().is_good


def test_another_tree_begins_anew(tree: Tree, verify: Verify, hashed: list[int]) -> None:
    """The leaves may be of another format, and the places of another cluster."""
    ahead = Ahead()
    store(4, seed=2)
    ahead.look(tree, "default")
    tree.number += 1

    assert len(ahead.leaves(Event.objects.order_by("epoch", "tx", "seq")[3:], tree, "default")) == 4
    assert hashed == [4, 4]


def test_personal_data_that_are_erased_meanwhile(events: Store, tree: Tree, verify: Verify) -> None:
    ahead = Ahead()
    events(actor_type="user", actor_id="7", actor_label="alice@example.com", src_ip="192.0.2.7")
    ahead.look(tree, "default")
    assert erasing.erase("7", "default") == 1

    sealer.seal("default", ahead=ahead)

    assert verify().is_good


def test_an_event_that_its_owner_edits_meanwhile_is_found(tree: Tree, verify: Verify) -> None:
    """It was seen as it was written: sealed without that, the edit would be what is signed."""
    ahead = Ahead()
    store(2, seed=2)
    ahead.look(tree, "default")
    victim = Event.objects.order_by("-seq")[0]
    attack("UPDATE bulwark_auditlog_event SET reason = 'forged' WHERE seq = %s", victim.seq)

    sealer.seal("default", ahead=ahead)

    assert [finding.event for finding in verify().findings] == [victim.uuid]
