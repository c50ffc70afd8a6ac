"""Keys in a secret store that is asked over the network, now and then."""

from abc import abstractmethod
from collections.abc import Hashable
from importlib import import_module
from typing import Any

from .base import KeyDocument, KeyProvider, KeysUnavailable
from .documents import parse


class RemoteKeys(KeyProvider):
    """Asks the store once a minute, and keeps what it said last."""

    refresh_every = 60.0
    fresh_every = 5.0

    def __init__(self) -> None:
        self._text = ""
        self._version: Hashable = None

    def load(self) -> KeyDocument:
        if self._version is None:
            self.version()
        return parse(self._text, self.describe())

    def version(self) -> Hashable:
        self._text, self._version = self.fetch()
        return self._version

    @abstractmethod
    def fetch(self) -> tuple[str, Hashable]:
        """Return the document's text and its version.

        :raises KeysUnavailable: the store does not answer, or has no such secret.
        """


def client_library(name: str, extra: str) -> Any:
    """Return a client library that only some deployments install.

    :raises KeysUnavailable: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        msg = f"Install {name}: pip install django-bulwark[{extra}]"
        raise KeysUnavailable(msg) from error
