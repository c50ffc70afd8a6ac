"""What is signed: the size and the root of a tree (https://c2sp.org/tlog-checkpoint)."""

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass

from ..conf import conf
from .merkle import HASH_SIZE
from .notes import KeySet, key_set


class CheckpointRefused(ValueError):  # noqa: N818 - errors are past participles in this project
    """A text is no checkpoint of this log."""


@dataclass(frozen=True, order=True)
class Checkpoint:
    """How large one tree of the log was, and its root then; nobody can change a leaf and keep the root."""

    tree: int
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{origin(self.tree)}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read a checkpoint.

        :raises CheckpointRefused: it is none, or one of another log.
        """
        lines = text.split("\n")
        name, _, number = lines[0].rpartition("/")
        if name != conf.seal_origin:
            msg = f"This is a checkpoint of {lines[0][:100]!r}, not of {conf.seal_origin!r} (SEAL_ORIGIN)."
            raise CheckpointRefused(msg)
        try:
            found = cls(int(number), int(lines[1]), b64decode(lines[2], validate=True))
        except (ValueError, IndexError, binascii.Error):
            found = None
        if found is None or len(found.root) != HASH_SIZE or found.size < 0 or found.text not in text:
            msg = "This is no checkpoint: it has an origin, a size and a root, one on each line."
            raise CheckpointRefused(msg)
        return found

    @classmethod
    def opened(cls, note: str, keys: KeySet | None = None) -> "Checkpoint":
        """Read a checkpoint whose signature is good.

        :raises SignatureRefused: it is not.
        :raises CheckpointRefused: what is signed is no checkpoint of this log.
        """
        return cls.parse((keys or own_keys()).opened(note))


def origin(tree: int) -> str:
    """Return the name of one tree, which nothing else in the world has."""
    return f"{conf.seal_origin}/{tree}"


def own_keys() -> KeySet:
    """Return the keys of `SEAL_KEYS`.

    :raises KeyRefused: a line of it is no key.
    """
    return key_set(conf.seal_keys)
