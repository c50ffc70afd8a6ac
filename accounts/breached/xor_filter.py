"""A set of which only fingerprints are kept: 2.5 bytes an entry, no false "no", one false "yes" in 65 536.

Graf and Lemire, "Xor Filters: Faster and Smaller Than Bloom and Cuckoo Filters" (2020). An entry has one cell in each
of three blocks; the three cells together, combined by XOR, are its fingerprint. Building works backwards from entries
that are alone in one of their cells.
"""

import struct
from array import array
from collections.abc import Iterable
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Self

_MAGIC = b"bulwark xor16 1\n"
_HEADER = struct.Struct("<16s16sI")
_HASH = struct.Struct("<IIIHH")
Cells = tuple[int, int, int]


class XorFilter:
    """A set of texts that has forgotten the texts.

    :param seed: 16 bytes that the hashes depend on.
    :param block: cells in each of the three blocks.
    :param cells: the cells, 16 bits each.
    """

    def __init__(self, seed: bytes, block: int, cells: "array[int]") -> None:
        self._seed = seed
        self._block = block
        self._cells = cells

    def __contains__(self, text: str) -> bool:
        (one, two, three), fingerprint = _places(text, self._seed, self._block)
        return self._cells[one] ^ self._cells[two] ^ self._cells[three] == fingerprint

    @classmethod
    def build(cls, texts: Iterable[str]) -> Self:
        """Return the filter of ``texts``: the same one for the same texts, so that a shipped file can be made again."""
        entries = sorted(set(texts))
        block = (len(entries) * 123 // 100 + 32) // 3 + 1
        for attempt in count():
            seed = attempt.to_bytes(16, "little")
            places = [_places(text, seed, block) for text in entries]
            order = _peel([cells for cells, _ in places], block)
            if order is not None:  # else two entries are tied to each other: try another seed
                return cls(seed, block, _fill(places, order, block))
        raise AssertionError  # the attempts do not end

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the filter in a file.

        :raises ValueError: the file is none, or not whole.
        """
        content = path.read_bytes()
        magic, seed, block = _HEADER.unpack_from(content) if len(content) >= _HEADER.size else (b"", b"", 0)
        cells = _array(content[_HEADER.size :]) if magic == _MAGIC else array("H")
        if not block or len(cells) != 3 * block:
            msg = f"{path.name} is no filter of passwords, or not a whole one."
            raise ValueError(msg)
        return cls(seed, block, cells)

    def write(self, path: Path) -> int:
        """Write the filter to a file, and return its size in bytes."""
        cells = self._cells[:]
        if struct.pack("=H", 1) != struct.pack("<H", 1):
            cells.byteswap()
        return path.write_bytes(_HEADER.pack(_MAGIC, self._seed, self._block) + cells.tobytes())


def _array(content: bytes) -> "array[int]":
    cells = array("H")
    cells.frombytes(content[: len(content) // 2 * 2])
    if struct.pack("=H", 1) != struct.pack("<H", 1):
        cells.byteswap()
    return cells


def _places(text: str, seed: bytes, block: int) -> tuple[Cells, int]:
    """Return the cells of a text, one in each block, and its fingerprint."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, key=seed).digest()
    one, two, three, fingerprint, _ = _HASH.unpack(digest)
    # As good as a remainder, and without its division (Lemire, "Fast random integer generation in an interval").
    return (one * block >> 32, block + (two * block >> 32), 2 * block + (three * block >> 32)), fingerprint


def _peel(entries: list[Cells], block: int) -> list[tuple[int, int]] | None:
    """Return the entries, each with a cell that it has alone once those before it are taken away; None if none has."""
    counts, tied = array("i", bytes(4 * 3 * block)), array("i", bytes(4 * 3 * block))
    for number, cells in enumerate(entries):
        for cell in cells:
            counts[cell] += 1
            tied[cell] ^= number
    alone = [cell for cell, count in enumerate(counts) if count == 1]
    order: list[tuple[int, int]] = []
    while alone:
        cell = alone.pop()
        if counts[cell] != 1:
            continue
        number = tied[cell]
        order.append((number, cell))
        for each in entries[number]:
            counts[each] -= 1
            tied[each] ^= number
            if counts[each] == 1:
                alone.append(each)
    return order if len(order) == len(entries) else None


def _fill(places: list[tuple[Cells, int]], order: list[tuple[int, int]], block: int) -> "array[int]":
    cells = array("H", bytes(2 * 3 * block))
    for number, own in reversed(order):
        (one, two, three), fingerprint = places[number]
        cells[own] = fingerprint ^ cells[one] ^ cells[two] ^ cells[three] ^ cells[own]
    return cells
