"""Ids that grow with time, so that an index on them is written at one end; and salts."""

import os
import time
import uuid
from collections.abc import Iterable


def uuid7() -> uuid.UUID:
    """Return a UUID of version 7 (RFC 9562, 5.7): milliseconds since 1970, then 74 random bits."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def new_salt() -> bytes:
    """Return 128 random bits."""
    return os.urandom(16)


def well_formed(texts: Iterable[object]) -> list[uuid.UUID]:
    """Return those of ``texts`` that are ids: people type them, and links hold them."""
    found = []
    for text in texts:
        try:
            found.append(uuid.UUID(str(text)))
        except ValueError:
            continue
    return found
