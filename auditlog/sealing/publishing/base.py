"""What every place that takes checkpoints can do, and one of them in memory."""

from abc import ABC, abstractmethod
from typing import ClassVar

from ..checkpoints import Checkpoint


class PublicationRefused(Exception):  # noqa: N818 - errors are past participles in this project
    """The place holds something that must not be replaced."""


class Publisher(ABC):
    """A place outside the database, best one where nobody who can write the database can write."""

    @abstractmethod
    def publish(self, checkpoint: Checkpoint, note: str) -> None:
        """Keep ``note``, which is the signed text of ``checkpoint``.

        :raises Exception: it is not kept; it will be tried again.
        """

    def heads(self) -> list[str]:
        """Return the newest note of each tree that the place has; none where it cannot be read by nature.

        :raises Exception: it could not be read this time.
        """
        return []


class MemoryPublisher(Publisher):
    """Keeps notes in this process, for tests; every instance shows the same ones."""

    notes: ClassVar[dict[int, str]] = {}

    def publish(self, checkpoint: Checkpoint, note: str) -> None:
        self.notes[checkpoint.tree] = note

    def heads(self) -> list[str]:
        return list(self.notes.values())
