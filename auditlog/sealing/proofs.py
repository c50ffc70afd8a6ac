"""Proofs as JSON, for somebody who has a checkpoint and a public key and does not trust this database."""

import uuid
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from ..models import Event, Tree
from . import merkle
from .checkpoints import Checkpoint
from .entries import FORMATS, UUID, Leaves, Remains, Row, encode, remains_of, rows
from .places import tile_at
from .tiles import KEY_SIZE, WIDTH, Tiles


class EventNotSealed(LookupError):  # noqa: N818 - errors are past participles in this project
    """The event is not in the tree, for it is too young, or because there is no such event."""


@dataclass(frozen=True)
class Seat:
    """Where an event stands in a tree."""

    tree: Tree
    index: int


def seat_of(event: Event) -> Seat:
    """Return the event's place in its tree.

    :raises EventNotSealed: it has none yet.
    """
    alias = _alias(event)
    tile = tile_at((event.epoch, event.tx, event.seq), alias)
    keys = bytes(tile.keys) if tile else b""
    for offset in range(len(keys) // KEY_SIZE):
        if tile and keys[offset * KEY_SIZE : (offset + 1) * KEY_SIZE] == event.uuid.bytes:
            tree = Tree.objects.using(alias).get(number=tile.tree)
            return Seat(tree, tile.index * WIDTH + offset)
    msg = f"Event {event.uuid} is not sealed yet."
    raise EventNotSealed(msg)


def inclusion(event: Event) -> dict[str, Any]:
    """Return what proves that the event is in the log, as it is shown.

    :raises EventNotSealed: it is not yet.
    :raises TileMissing: somebody took tiles away.
    """
    seat = seat_of(event)
    form = FORMATS[seat.tree.format]
    alias = _alias(event)
    (row,) = rows(Event.objects.using(alias).filter(pk=event.pk, ts=event.ts), form)
    remains = remains_of([row], alias).get(row[UUID], {})
    maker, tiles = Leaves(form), Tiles(seat.tree.number, alias)
    entry = maker.entry(row, remains)
    return {
        "event": str(event.uuid),
        "columns": ["format", *form.public, *form.personal],
        "entry": entry.decode(errors="surrogatepass"),
        "openings": _openings(maker, row, remains),
        "leaf_hash": merkle.leaf_hash(entry).hex(),
        "leaf_index": seat.index,
        "tree_size": seat.tree.size,
        "proof": [found.hex() for found in merkle.inclusion_proof(tiles.node, seat.index, seat.tree.size)],
        "checkpoint": seat.tree.note,
    }


def commitment_in(opening: dict[str, Any]) -> str:
    """Return what an event with this opening has in its entry.

    :raises ValueError, KeyError: it is no opening.
    """
    return sha256(bytes.fromhex(opening["salt"]) + opening["json"].encode(errors="surrogatepass")).hexdigest()


def consistency(old: Checkpoint, alias: str) -> dict[str, Any]:
    """Return what proves that the tree of today begins with that of ``old``.

    :raises ValueError: ``old`` is of no tree that is here, or is larger.
    :raises TileMissing: somebody took tiles away.
    """
    tree = Tree.objects.using(alias).filter(number=old.tree).first()
    if tree is None:
        msg = f"There is no tree {old.tree} in this database."
        raise ValueError(msg)
    proof = merkle.consistency_proof(Tiles(tree.number, alias).node, old.size, tree.size)
    return {
        "old_size": old.size,
        "old_root": old.root.hex(),
        "tree_size": tree.size,
        "proof": [found.hex() for found in proof],
        "checkpoint": tree.note,
    }


def event_by_id(text: str, alias: str) -> Event:
    """Return the event with the id ``text``.

    :raises EventNotSealed: there is none.
    """
    try:
        found = Event.objects.using(alias).filter(uuid=uuid.UUID(text)).first()
    except ValueError:
        found = None
    if found is None:
        msg = f"There is no event {text[:100]}."
        raise EventNotSealed(msg)
    return found


def _openings(maker: Leaves, row: Row, remains: Remains) -> dict[str, Any]:
    """Return for each part that was not erased what its commitment is the SHA-256 of: a salt, then JSON."""
    parts = zip(maker.form.personal.items(), maker.salts(row[-1]), maker.values(row), strict=True)
    return {
        part: {"salt": salt.hex(), "columns": list(names), "json": encode(values)}
        for (part, names), salt, values in parts
        if part not in remains
    }


def _alias(event: Event) -> str:
    return event._state.db or DEFAULT_DB_ALIAS  # noqa: SLF001 - Django's documented face of a model
