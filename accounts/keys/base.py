"""What a place that holds keys must offer."""

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import Any, ClassVar

#: `{"access": [JWK, ...], "refresh": [JWK, ...], "encryption": [JWK, ...]}`; each JWK is private and has
#: `active_from`, an ISO 8601 date.
KeyDocument = dict[str, list[dict[str, Any]]]


class KeysUnavailable(RuntimeError):  # noqa: N818 - it describes a state, not a mistake of the caller
    """The keys cannot be read; nothing can be signed or verified."""


class KeysReadOnly(RuntimeError):  # noqa: N818 - as above
    """The provider cannot store keys: whoever deploys does."""


class KeyProvider(ABC):
    """Loads, and perhaps stores, the key document."""

    #: Seconds between looks at `version()`.
    refresh_every: ClassVar[float] = 1.0
    #: Seconds between the looks that unknown key ids ask for: a flood of forged ids must not hammer the provider.
    fresh_every: ClassVar[float] = 0.2

    @abstractmethod
    def load(self) -> KeyDocument:
        """Return the document.

        :raises KeysUnavailable: it is missing or no document.
        """

    @abstractmethod
    def version(self) -> Hashable:
        """Return something cheap that differs after the document has changed."""

    def store(self, document: KeyDocument) -> None:  # noqa: ARG002 - for those that can
        """Replace the document in one step, so that a reader sees the old one or the new one.

        :raises KeysReadOnly: this provider cannot.
        """
        msg = f"{type(self).__name__} does not store keys. Put the new document where your deployment keeps it."
        raise KeysReadOnly(msg)

    def describe(self) -> str:
        """Return where the keys are, for people; never a key."""
        return type(self).__name__
