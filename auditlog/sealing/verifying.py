"""Reads the log again and compares it with what was signed; believes the keys, and nothing in the database.

Every event is hashed anew, and the hashes are followed up to a root that must be the signed one. The stored hashes
only serve to name the first event that is not what it was.
"""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Min

from ..models import Event, Tile, Tree
from ..signals import tampering_found
from . import merkle, proofs, witnesses
from .checkpoints import Checkpoint
from .comparing import Difference, compare
from .entries import FORMATS, key_of, leaf_hashes, rows
from .notes import KeySet
from .places import BEFORE_ALL, Place, after, between, nowhere, place_of
from .tiles import WIDTH, TileMissing, Tiles

_SIGNED = "events were signed in tree"
_CUT = "the newest were cut off, or an older copy of the database was put in place."
_NOWHERE = "it stands before all others or at no place, where it can never be sealed."
CHUNK = 80  # tiles that are read at once


class NothingSealed(Exception):  # noqa: N818 - errors are past participles in this project
    """There are events and no tree: nothing can be verified."""


@dataclass(frozen=True)
class Finding:
    """What is wrong, and with which event first."""

    text: str
    event: uuid.UUID | None = None

    def __str__(self) -> str:
        return f"event {self.event}: {self.text}" if self.event else self.text


@dataclass
class Verdict:
    """What was looked at, and the first thing that is wrong in each tree."""

    events: int = 0
    #: Events that no tree holds yet, for they are young.
    unsealed: int = 0
    oldest_unsealed: datetime | None = None
    #: Checkpoints that were compared: those of the database and those from outside.
    checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.findings


class _Stopped(Exception):  # noqa: N818
    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def verify(
    alias: str,
    keys: KeySet,
    *,
    known: Iterable[Checkpoint] = (),
    since: datetime | None = None,
    show: Callable[[int], None] = lambda _done: None,
) -> Verdict:
    """Look at every sealed event, or at those since a time, and say whether the log is the one that was signed.

    :param known: checkpoints from outside the database, their signatures checked; without one nobody can see that the
        newest events were cut off together with their hashes.
    :param since: events before it are not read; that their hashes are the signed ones is looked at all the same.
    :param show: called with the number of events that are done.
    :raises NothingSealed: there are events and no tree.
    """
    verdict, known = Verdict(), list(known)
    trees = list(Tree.objects.using(alias).order_by("number"))
    if not trees and not known and Event.objects.using(alias).exists():
        msg = "Nothing is sealed: `manage.py auditlog_seal` begins."
        raise NothingSealed(msg)
    verdict.findings += [Finding(text) for text in _lost_trees(trees, known)]
    below = BEFORE_ALL
    for tree in trees:
        scan = _Scan(tree, alias, below, [found for found in known if found.tree == tree.number], since)
        try:
            scan.run(keys, verdict, show)
        except _Stopped as stopped:
            verdict.findings.append(stopped.finding)
        below = max(below, _last_place(tree, alias))
    verdict.findings += [Finding(_NOWHERE, event) for event in _first_nowhere(alias)]
    verdict.findings += [Finding(text, event) for text, event in witnesses.wrong(alias)]
    _count_unsealed(verdict, below, alias)
    for finding in verdict.findings:
        tampering_found.send_robust(sender=Tree, finding=finding.text, event=finding.event)
    return verdict


def check_event(event: Event, keys: KeySet) -> Verdict:
    """Say whether one event is the one that was sealed, by the path from its hash to the signed root.

    :raises EventNotSealed: it is too young.
    """
    seat = proofs.seat_of(event)
    try:
        proof = proofs.inclusion(event)
        path = [bytes.fromhex(found) for found in proof["proof"]]
        leaf = bytes.fromhex(proof["leaf_hash"])
        root = merkle.root_of_inclusion(leaf, seat.index, seat.tree.size, path)
        is_good = Checkpoint.opened(seat.tree.note, keys) == Checkpoint(seat.tree.number, seat.tree.size, root)
        text = "it is not what it was when it was sealed, or the hashes beside it are not."
    except (ValueError, TileMissing) as error:
        is_good, text = False, str(error)
    return Verdict(events=1, checkpoints=1, findings=[] if is_good else [Finding(text, event.uuid)])


@dataclass
class _Scan:
    """One tree, read from one end to the other."""

    tree: Tree
    alias: str
    below: Place
    known: list[Checkpoint]
    since: datetime | None
    roots: list[bytes] = field(default_factory=list)

    def run(self, keys: KeySet, verdict: Verdict, show: Callable[[int], None]) -> None:
        heads = self._heads(keys)
        verdict.checkpoints += len(heads)
        first = self._first_tile()
        self._take_as_stored(first)
        for begin in range(first, -(-self.tree.size // WIDTH), CHUNK):
            tiles = Tiles(self.tree.number, self.alias).leaf_tiles(begin, begin + CHUNK - 1)
            self._check_tiles(begin, tiles)
            verdict.events += self._check_events(tiles)
            show(verdict.events)
        self._check_nodes(first)
        self._check_heads(heads)

    def _heads(self, keys: KeySet) -> list[Checkpoint]:
        """Return what was signed of this tree, smallest first; the database's own word is the least of it."""
        try:
            own = [Checkpoint.opened(self.tree.note, keys)] if self.tree.size or self.tree.note else []
        except ValueError as error:
            raise _Stopped(Finding(f"The checkpoint of tree {self.tree.number} is no good: {error}")) from error
        return sorted([*own, *self.known], key=lambda head: head.size)

    def _first_tile(self) -> int:
        if self.since is None:
            return 0
        leaves = Tile.objects.using(self.alias).filter(tree=self.tree.number, level=0)
        first = leaves.filter(newest_ts__gte=self.since).order_by("index").values_list("index", flat=True).first()
        # None is as young: the last one is read, so that the end is looked at.
        return max(0, -(-self.tree.size // WIDTH) - 1) if first is None else first

    def _take_as_stored(self, first: int) -> None:
        """Take the hashes of the tiles before ``first`` from level 1; the signed root vouches for them."""
        if not first:
            return
        try:
            self.roots = [Tiles(self.tree.number, self.alias).node(8, index) for index in range(first)]
        except TileMissing as error:
            raise _Stopped(Finding(str(error))) from error
        before = Tile.objects.using(self.alias).filter(tree=self.tree.number, level=0, index=first - 1).first()
        if before is not None:
            self.below = place_of(before)

    def _check_tiles(self, begin: int, tiles: list[Tile]) -> None:
        """Look whether each tile of the chunk is there and as long as it must be, its ids too."""
        wanted = range(begin, min(begin + CHUNK, -(-self.tree.size // WIDTH)))
        there = {tile.index: tile for tile in tiles}
        for index in wanted:
            leaves = min(WIDTH, self.tree.size - index * WIDTH)
            tile = there.get(index)
            if tile is None or len(tile.hashes) < 32 * leaves or len(tile.keys) < 16 * leaves:
                missing = TileMissing(self.tree.number, 0, index)
                raise _Stopped(Finding(f"{missing} It holds event {index * WIDTH} of the tree and those after it."))

    def _check_events(self, tiles: list[Tile]) -> int:
        high = place_of(tiles[-1])
        form = FORMATS[self.tree.format]
        found = list(rows(between(self.below, high, self.alias), form))
        hashes = leaf_hashes(found, form, self.alias)
        keys, sealed = [key_of(row) for row in found], [(bytes(tile.keys), bytes(tile.hashes)) for tile in tiles]
        if (b"".join(keys), b"".join(hashes)) != tuple(map(b"".join, zip(*sealed, strict=True))):
            dropped = witnesses.dropped_of(self.tree.number, tiles, self.alias)
            difference = compare(tiles, keys, hashes, dropped)
            if difference is not None:
                raise _Stopped(self._told(difference))
        self.roots += [merkle.subtree_hash(bytes(tile.hashes)) for tile in tiles if len(tile.hashes) == 32 * WIDTH]
        self.below = high
        return len(found)

    def _told(self, difference: Difference) -> Finding:
        event = uuid.UUID(bytes=difference.key)
        text = difference.text
        if difference.is_missing and Event.objects.using(self.alias).filter(uuid=event).exists():
            text = "it does not stand where it was sealed: its epoch, transaction or number was changed."
        return Finding(f"{text} It is event {difference.index} of tree {self.tree.number}.", event)

    def _check_nodes(self, first: int) -> None:
        """Look whether the stored hashes of the tiles are those of their events, to tell where they are not."""
        tiles = Tiles(self.tree.number, self.alias)
        for index in range(first, len(self.roots)):
            try:
                is_same = tiles.node(8, index) == self.roots[index]
            except TileMissing as error:
                raise _Stopped(Finding(str(error))) from error
            if not is_same:
                raise _Stopped(self._somewhere(index * WIDTH, (index + 1) * WIDTH))

    def _check_heads(self, heads: list[Checkpoint]) -> None:
        good = 0
        for head in heads:
            if head.size > self.tree.size:
                raise _Stopped(Finding(f"{head.size} {_SIGNED} {self.tree.number}, which has {self.tree.size}: {_CUT}"))
            if merkle.root(self._node, head.size) != head.root:
                raise _Stopped(self._somewhere(good, head.size))
            good = head.size

    def _somewhere(self, begin: int, end: int) -> Finding:
        tile = Tile.objects.using(self.alias).filter(tree=self.tree.number, level=0, index=begin // WIDTH).first()
        offset = begin % WIDTH * 16
        key = bytes(tile.keys)[offset : offset + 16] if tile else b""
        text = f"it, or one of the {end - begin - 1} after it, was changed together with its hash"
        return Finding(f"{text} (tree {self.tree.number}).", uuid.UUID(bytes=key) if len(key) == 16 else None)

    def _node(self, level: int, index: int) -> bytes:
        if level < 8:
            return Tiles(self.tree.number, self.alias).node(level, index)
        width = 1 << level - 8
        return merkle.subtree_hash(b"".join(self.roots[index * width : (index + 1) * width]))


def _lost_trees(trees: list[Tree], known: list[Checkpoint]) -> Iterable[str]:
    there = {tree.number for tree in trees}
    for head in known:
        if head.tree not in there:
            yield f"{head.size} {_SIGNED} {head.tree}, which is not in this database: {_CUT}"


def _last_place(tree: Tree, alias: str) -> Place:
    last = Tile.objects.using(alias).filter(tree=tree.number, level=0).order_by("-index").first()
    return BEFORE_ALL if last is None else place_of(last)


def _first_nowhere(alias: str) -> Iterable[uuid.UUID]:
    # The index alone answers what is asked of columns that are all in it.
    number = nowhere(alias).values_list("seq", flat=True).first()
    return [] if number is None else Event.objects.using(alias).filter(seq=number).values_list("uuid", flat=True)[:1]


def _count_unsealed(verdict: Verdict, below: Place, alias: str) -> None:
    rest = after(below, alias)
    counted = rest.order_by().aggregate(count=Count("*"), oldest=Min("ts"))
    verdict.unsealed, verdict.oldest_unsealed = counted["count"], counted["oldest"]
