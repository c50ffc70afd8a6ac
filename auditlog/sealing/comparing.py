"""Tells in what way events differ from what was sealed."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..models import Tile
from .merkle import HASH_SIZE
from .tiles import KEY_SIZE, WIDTH


@dataclass(frozen=True)
class Difference:
    """The first event that is not what it was."""

    key: bytes
    index: int
    text: str
    is_missing: bool = False


def compare(
    tiles: Sequence[Tile], keys: Sequence[bytes], hashes: Sequence[bytes], dropped: Sequence[range]
) -> Difference | None:
    """Return the first difference between the leaves of ``tiles`` and the events that stand in their place.

    :param keys: the ids of those events, in their order; ``hashes`` are those of their leaves.
    :param dropped: leaves that retention may have taken the events of.
    """
    sealed, there = {key for tile in tiles for key in _cut(bytes(tile.keys), KEY_SIZE)}, set(keys)
    at = 0
    for tile in tiles:
        leaves = zip(_cut(bytes(tile.keys), KEY_SIZE), _cut(bytes(tile.hashes), HASH_SIZE), strict=False)
        for index, (key, hashed) in enumerate(leaves, tile.index * WIDTH):
            if at < len(keys) and keys[at] == key:
                if hashes[at] != hashed:
                    return Difference(key, index, "it is not what it was when it was sealed.")
                at += 1
            elif at < len(keys) and (keys[at] not in sealed or key in there):
                return _added(keys[at], index)
            elif not any(index in gone for gone in dropped):
                return Difference(key, index, "it is missing.", is_missing=True)
    return _added(keys[at], (tiles[-1].index + 1) * WIDTH) if at < len(keys) else None


def _added(key: bytes, index: int) -> Difference:
    return Difference(key, index, "it does not belong there: it was put among events that were sealed before.")


def _cut(packed: bytes, size: int) -> list[bytes]:
    return [packed[at : at + size] for at in range(0, len(packed), size)]
