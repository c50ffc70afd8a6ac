"""The Merkle tree of RFC 6962, section 2.1, over any store of its complete subtrees.

A proof is a list of hashes; whoever has it needs neither the log nor this module to check it.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
#: `node(level, index)`: the hash over the leaves from index * 2**level, 2**level of them.
NodeSource = Callable[[int, int], bytes]


class ProofRejected(ValueError):  # noqa: N818 - errors are past participles in this project
    """A proof has the wrong length: it belongs to another place or another size."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf; its first byte tells it from an inner node (second preimages)."""
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above two others."""
    return sha256(b"\1" + left + right).digest()


def subtree_hash(hashes: bytes) -> bytes:
    """Return the hash over leaf or node hashes that stand one behind the other; their number is a power of two."""
    while len(hashes) > HASH_SIZE:
        hashes = b"".join(
            [sha256(b"\1" + hashes[at : at + 64]).digest() for at in range(0, len(hashes), 2 * HASH_SIZE)]
        )
    return hashes


def range_hash(node: NodeSource, begin: int, end: int) -> bytes:
    """Return the hash over the leaves from ``begin`` to ``end``, as the recursion of RFC 6962 meets them."""
    size = end - begin
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, begin >> level)
    middle = begin + _split(size)
    return node_hash(range_hash(node, begin, middle), range_hash(node, middle, end))


def root(node: NodeSource, size: int) -> bytes:
    """Return the hash of the tree over the first ``size`` leaves."""
    return range_hash(node, 0, size) if size else EMPTY_ROOT


def inclusion_proof(node: NodeSource, index: int, size: int) -> list[bytes]:
    """Return the path from the leaf at ``index`` to the root of the tree of ``size`` leaves (RFC 6962, 2.1.1).

    :raises ValueError: there is no such leaf.
    """
    if not 0 <= index < size:
        msg = f"There is no leaf {index} in a tree of {size}."
        raise ValueError(msg)
    return _path(node, index, 0, size)


def consistency_proof(node: NodeSource, old: int, new: int) -> list[bytes]:
    """Return what shows that the tree of ``new`` leaves begins with that of ``old`` leaves (RFC 6962, 2.1.2).

    :raises ValueError: the old tree is empty, or larger than the new one.
    """
    if not 0 < old <= new:
        msg = f"A tree of {new} leaves does not grow out of one of {old}."
        raise ValueError(msg)
    return _subproof(node, old, 0, new, is_known=True)


def root_of_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root that ``proof`` leads to from the hash of a leaf.

    :raises ProofRejected: the proof is too long or too short for that place.
    """
    steps = _steps(index, size)
    if len(steps) != len(proof):
        msg = f"{len(proof)} hashes lead nowhere from leaf {index} of {size}."
        raise ProofRejected(msg)
    for is_right, sibling in zip(steps, proof, strict=True):
        leaf = node_hash(sibling, leaf) if is_right else node_hash(leaf, sibling)
    return leaf


def _steps(index: int, size: int) -> list[bool]:
    """Return for each step of a path, from the leaf up, whether the leaf's side is the right one."""
    steps: list[bool] = []
    while size > 1:
        middle = _split(size)
        steps.append(index >= middle)
        index, size = (index - middle, size - middle) if index >= middle else (index, middle)
    return steps[::-1]


def _path(node: NodeSource, index: int, begin: int, end: int) -> list[bytes]:
    if end - begin == 1:
        return []
    middle = begin + _split(end - begin)
    if index < middle:
        return [*_path(node, index, begin, middle), range_hash(node, middle, end)]
    return [*_path(node, index, middle, end), range_hash(node, begin, middle)]


def _subproof(node: NodeSource, old: int, begin: int, end: int, *, is_known: bool) -> list[bytes]:
    if old == end:
        return [] if is_known else [range_hash(node, begin, end)]
    middle = begin + _split(end - begin)
    if old <= middle:
        return [*_subproof(node, old, begin, middle, is_known=is_known), range_hash(node, middle, end)]
    return [*_subproof(node, old, middle, end, is_known=False), range_hash(node, begin, middle)]


def _split(size: int) -> int:
    """Return the largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1
