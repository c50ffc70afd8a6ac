"""Keys that live and die with the process: for tests."""

from collections.abc import Hashable
from datetime import UTC, datetime
from functools import lru_cache

from ..conf import conf
from .base import KeyDocument, KeyProvider
from .documents import new_document

#: Made long before any moved clock of a test.
_BORN = datetime(2020, 1, 1, tzinfo=UTC)


@lru_cache
def _first_document(algorithm: str) -> KeyDocument:
    return new_document(algorithm, _BORN)


class MemoryKeys(KeyProvider):
    """Holds keys that only this process knows.

    :param document: what to start with; left out, each algorithm has one document a process.
    """

    refresh_every = 0.0

    def __init__(self, document: KeyDocument | None = None) -> None:
        self._document = document or _first_document(conf.algorithm)
        self._version = 0

    def load(self) -> KeyDocument:
        return self._document

    def version(self) -> Hashable:
        return self._version

    def store(self, document: KeyDocument) -> None:
        self._document = document
        self._version += 1
