"""Where the hashes of a tree are kept: in tiles of 256 (https://c2sp.org/tlog-tiles), one row each.

The tiles of level 0 hold the hashes of the events, those of level 1 the roots of full tiles of level 0, and so on. A
tree grows at its right edge only, so sealing an event touches one tile a level, whatever the length of the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ..models import Tile
from .merkle import HASH_SIZE, subtree_hash
from .places import Place

WIDTH = 256
KEY_SIZE = 16
_HEIGHT = 8
_FULL = WIDTH * HASH_SIZE
_COLUMNS = ("hashes", "keys", "last_epoch", "last_tx", "last_seq", "newest_ts")


class Leaf(NamedTuple):
    """What level 0 keeps of one event."""

    hash: bytes
    key: bytes
    place: Place
    ts: datetime


@dataclass
class Tiles:
    """The tiles of one tree."""

    tree: int
    alias: str
    _known: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def node(self, level: int, index: int) -> bytes:
        """Return the hash over 2**level leaves, the ``index``-th such group: a `merkle.NodeSource`.

        :raises TileMissing: the tree has no such leaves, or somebody took them away.
        """
        tile_level, height = divmod(level, _HEIGHT)
        first = index << height
        begin = first % WIDTH * HASH_SIZE
        end = begin + (HASH_SIZE << height)
        hashes = self._hashes(tile_level, first // WIDTH)
        if len(hashes) < end:
            raise TileMissing(self.tree, tile_level, first // WIDTH)
        return subtree_hash(hashes[begin:end])

    def append(self, size: int, leaves: Sequence[Leaf]) -> None:
        """Add ``leaves`` to the tree, which has ``size`` of them."""
        self._known.clear()
        level, have, hashes = 0, size, b"".join([leaf.hash for leaf in leaves])
        grown = self._leaf_tiles(size, leaves)
        while hashes:
            if level:
                grown = self._node_tiles(level, have, hashes)
            self._store(grown)
            level, have = level + 1, have // WIDTH
            hashes = b"".join([subtree_hash(bytes(tile.hashes)) for tile in grown if len(tile.hashes) == _FULL])

    def leaf_tiles(self, first: int = 0, last: int | None = None) -> "list[Tile]":
        """Return the tiles of events from index ``first`` to ``last``, in order; one that is missing is left out."""
        found = Tile.objects.using(self.alias).filter(tree=self.tree, level=0, index__gte=first)
        return list((found if last is None else found.filter(index__lte=last)).order_by("index"))

    def _hashes(self, level: int, index: int) -> bytes:
        if (level, index) not in self._known:
            tile = self._tile(level, index)
            if tile is None:
                raise TileMissing(self.tree, level, index)
            self._known[level, index] = bytes(tile.hashes)
        return self._known[level, index]

    def _tile(self, level: int, index: int) -> Tile | None:
        return Tile.objects.using(self.alias).filter(tree=self.tree, level=level, index=index).first()

    def _edge(self, level: int, have: int) -> Tile:
        """Return the tile that the next hash of a level goes into."""
        index = have // WIDTH
        tile = self._tile(level, index) if have % WIDTH else None
        if tile is None and have % WIDTH:
            raise TileMissing(self.tree, level, index)
        return tile or Tile(tree=self.tree, level=level, index=index, hashes=b"", keys=b"")

    def _leaf_tiles(self, size: int, leaves: Sequence[Leaf]) -> list[Tile]:
        tile, grown = self._edge(0, size), []
        rest = leaves
        while rest:
            room = WIDTH - len(tile.hashes) // HASH_SIZE
            part, rest = rest[:room], rest[room:]
            tile.hashes = bytes(tile.hashes) + b"".join([leaf.hash for leaf in part])
            tile.keys = bytes(tile.keys) + b"".join([leaf.key for leaf in part])
            tile.last_epoch, tile.last_tx, tile.last_seq = part[-1].place
            newest = max(leaf.ts for leaf in part)
            tile.newest_ts = max(newest, tile.newest_ts or newest)
            grown.append(tile)
            tile = Tile(tree=self.tree, level=0, index=tile.index + 1, hashes=b"", keys=b"")
        return grown

    def _node_tiles(self, level: int, have: int, hashes: bytes) -> list[Tile]:
        tile, grown = self._edge(level, have), []
        while hashes:
            room = _FULL - len(tile.hashes)
            tile.hashes = bytes(tile.hashes) + hashes[:room]
            hashes = hashes[room:]
            grown.append(tile)
            tile = Tile(tree=self.tree, level=level, index=tile.index + 1, hashes=b"", keys=b"")
        return grown

    def _store(self, tiles: list[Tile]) -> None:
        stored = Tile.objects.using(self.alias)
        is_new = tiles[0]._state.adding  # noqa: SLF001 - the documented face of a model; only the edge is there already
        if not is_new:
            tiles[0].save(using=self.alias, update_fields=_COLUMNS)
        stored.bulk_create(tiles if is_new else tiles[1:], batch_size=500)


class TileMissing(LookupError):  # noqa: N818 - errors are past participles in this project
    """The hashes of some leaves are not there."""

    def __init__(self, tree: int, level: int, index: int) -> None:
        super().__init__(f"Tile {index} of level {level} of tree {tree} is missing or too short.")
        self.tree, self.level, self.index = tree, level, index
