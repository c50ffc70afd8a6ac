"""Takes the events that are certain to be complete into the tree, in the order of the log, and signs its head.

`following` says which events those are. One sealer works at a time: the others wait for its place in the log, which is
a locked row, and everything a batch makes is stored with the new place in one transaction.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connections, transaction
from django.utils import timezone

from ..following import Reading, reading
from ..models import Follower, Tree
from . import epochs, merkle
from .ahead import Ahead
from .checkpoints import Checkpoint, own_keys
from .entries import CURRENT
from .notes import KeySet, Signer
from .places import last_sealed
from .tiles import TileMissing, Tiles

logger = logging.getLogger(__name__)

NAME = "seal"
BATCH = 20_480  # 80 tiles


class SealRefused(Exception):  # noqa: N818 - errors are past participles in this project
    """What is sealed already is not what was signed; to sign on would hide it."""


@dataclass(frozen=True)
class Sealed:
    """What one run has done."""

    events: int
    tree: Tree | None

    @property
    def size(self) -> int:
        return self.tree.size if self.tree else 0


def seal(alias: str, known: Iterable[Checkpoint] = (), ahead: Ahead | None = None) -> Sealed:
    """Seal every event that can be sealed now, and return how many there were.

    :param known: checkpoints that were published; where the tree is behind one of them it was rolled back, and a new
        one begins.
    :param ahead: what was hashed already; used up by this.
    :raises SealRefused: there is no private key, or the tree is not the one that was signed.
    """
    keys = own_keys()
    if keys.signer is None:
        msg = "SEAL_KEYS has no private key. `manage.py auditlog_seal --new-key NAME` makes one."
        raise SealRefused(msg)
    known, ahead = list(known), ahead or Ahead()
    done = 0
    while True:
        # Apart from the batch: a new epoch locks the table, and a batch is long.
        _begin_where_needed(alias, known)
        with reading(NAME, alias) as log:
            tree = epochs.current(alias)
            if tree is None:
                return Sealed(done, None)
            count = _seal_batch(tree, log, ahead, keys.signer, keys)
        done += count
        if not count:
            return Sealed(done, tree)


def _begin_where_needed(alias: str, known: list[Checkpoint]) -> None:
    tree = epochs.current(alias)
    if (reason := _reason_for_a_new_tree(tree, known, alias)) is None:
        return
    with transaction.atomic(using=alias):
        Follower.objects.using(alias).get_or_create(name=NAME)
        Follower.objects.using(alias).select_for_update().get(name=NAME)
        tree = epochs.current(alias)
        if (reason := _reason_for_a_new_tree(tree, known, alias)) is None:
            return  # another sealer was first
        highest = max((checkpoint.tree for checkpoint in known), default=0)
        epochs.start(alias, reason=reason, at_least=highest + 1)
    if reason != "first":
        logger.warning("A new epoch of the log begins: %s.", reason)


def _reason_for_a_new_tree(tree: Tree | None, known: list[Checkpoint], alias: str) -> str | None:
    number, size = (tree.number, tree.size) if tree else (0, 0)
    if any((checkpoint.tree, checkpoint.size) > (number, size) for checkpoint in known):
        return "rolled_back"
    if tree is None:
        return "first"
    if tree.incarnation != epochs.incarnation(connections[alias]):
        return "restored"
    return "format" if tree.format != CURRENT.number else None


def _seal_batch(tree: Tree, log: Reading, ahead: Ahead, signer: Signer, keys: KeySet) -> int:
    tiles = Tiles(tree.number, log.alias)
    _check_head(tree, tiles, keys)
    _find_place(log)
    leaves = ahead.leaves(log.next_range(BATCH), tree, log.alias)
    if not leaves:
        return 0
    tiles.append(tree.size, leaves)
    tree.size += len(leaves)
    checkpoint = Checkpoint(tree.number, tree.size, merkle.root(tiles.node, tree.size))
    tree.note, tree.sealed_at = signer.sign(checkpoint.text), timezone.now()
    tree.save(using=log.alias)
    return len(leaves)


def _check_head(tree: Tree, tiles: Tiles, keys: KeySet) -> None:
    """Look whether the tree still has the root that was signed, before another one is signed above it."""
    if not tree.size and not tree.note:
        return
    try:
        signed = Checkpoint.opened(tree.note, keys)
        if signed == Checkpoint(tree.number, tree.size, merkle.root(tiles.node, tree.size)):
            return
    except (ValueError, TileMissing) as error:
        msg = f"Tree {tree.number} is not the one that was signed: {error} Nothing is sealed on it."
        raise SealRefused(msg) from error
    msg = f"Tree {tree.number} is not the one that was signed: it has another size or root. Nothing is sealed on it."
    raise SealRefused(msg)


def _find_place(log: Reading) -> None:
    """Go on behind the last event that was sealed, whatever the place of the reader says.

    A place that was moved would leave events out for good, or seal them twice.
    """
    there, right = (log.place.epoch, log.place.tx, log.place.seq), last_sealed(log.alias)
    if there != right:
        logger.error("The place of the sealer was moved from %s to %s; it is put back.", right, there)
        log.place.epoch, log.place.tx, log.place.seq = right
