"""Checks proofs with nothing of the app: the iterative algorithms of RFC 9162, 2.1.3.2 and 2.1.4.2."""

import json
from base64 import b64decode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root_of_inclusion(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    assert index < size
    first, second, found = index, size - 1, leaf
    for part in proof:
        assert second != 0
        if first & 1 or first == second:
            found = node(part, found)
            while not first & 1 and first != 0:
                first, second = first >> 1, second >> 1
        else:
            found = node(found, part)
        first, second = first >> 1, second >> 1
    assert second == 0
    return found


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, proof: list[bytes]) -> bool:
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    first, second = old - 1, new - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    found_old = found_new = path[0]
    for part in path[1:]:
        if second == 0:
            return False
        if first & 1 or first == second:
            found_old, found_new = node(part, found_old), node(part, found_new)
            while not first & 1 and first != 0:
                first, second = first >> 1, second >> 1
        else:
            found_new = node(found_new, part)
        first, second = first >> 1, second >> 1
    return second == 0 and (found_old, found_new) == (old_root, new_root)


def head_of(note: str, vkey: str) -> tuple[int, bytes]:
    """Return size and root of a signed checkpoint, whose signature has to be good."""
    name, key_id, encoded = vkey.split("+", 2)
    text, _, signature = note.partition("\n\n")
    _, signer, raw = signature.strip().split(" ")
    assert signer == name
    signed = b64decode(raw)
    assert signed[:4].hex() == key_id
    Ed25519PublicKey.from_public_bytes(b64decode(encoded)[1:]).verify(signed[4:], f"{text}\n".encode())
    lines = text.split("\n")
    return int(lines[1]), b64decode(lines[2])


def event_of(proof: Mapping[str, Any], vkey: str) -> dict[str, Any]:
    """Return the columns of an event whose proof is good; of its personal data those that the proof opens."""
    leaf = sha256(b"\0" + proof["entry"].encode()).digest()
    assert leaf.hex() == proof["leaf_hash"]
    size, root = head_of(proof["checkpoint"], vkey)
    path = [bytes.fromhex(part) for part in proof["proof"]]
    assert root_of_inclusion(leaf, proof["leaf_index"], size, path) == root
    columns = dict(zip(proof["columns"], json.loads(proof["entry"]), strict=True))
    for part, opening in proof["openings"].items():
        commitment = sha256(bytes.fromhex(opening["salt"]) + opening["json"].encode()).hexdigest()
        assert commitment == columns.pop(part)
        columns |= dict(zip(opening["columns"], json.loads(opening["json"]), strict=True))
    return columns
