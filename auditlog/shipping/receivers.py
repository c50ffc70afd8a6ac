"""Who takes events: the contract, standard output, a file, and where the others are found."""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from ..backends import made
from ..conf import conf
from ..formats import Format, line
from ..models import Event


class Receiver(ABC):
    """Takes events.

    :param format: "ndjson" for the columns of the log, "ocsf" or "ecs".
    :raises ValueError: there is no such format that is written in lines.
    """

    def __init__(self, format: str = Format.OCSF) -> None:  # noqa: A002 - the key of the setting
        self.format = Format(format)
        if self.format is Format.CSV:
            msg = "Events are shipped as ndjson, ocsf or ecs."
            raise ValueError(msg)

    @abstractmethod
    def send(self, events: Sequence[Event]) -> None:
        """Hand over ``events`` in their order, and return when they are taken.

        :raises Exception: they are not, or not all; all of them will be sent again.
        """

    def lines(self, events: Sequence[Event]) -> list[bytes]:
        """Return each event as a line of JSON, without its end."""
        return [line(self.format, event) for event in events]


class StdoutReceiver(Receiver):
    """Writes lines to standard output, for a collector that reads those of containers."""

    def send(self, events: Sequence[Event]) -> None:
        sys.stdout.flush()
        sys.stdout.buffer.write(b"".join(found + b"\n" for found in self.lines(events)))
        sys.stdout.buffer.flush()


class FileReceiver(Receiver):
    """Appends lines to a file, which may be rotated, and waits until they are on the disk."""

    def __init__(self, path: str | Path, format: str = Format.OCSF) -> None:  # noqa: A002 - as above
        super().__init__(format)
        self.path = Path(path)

    def send(self, events: Sequence[Event]) -> None:
        body = b"".join(found + b"\n" for found in self.lines(events))
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
                body = b"\n" + body  # whoever wrote last was killed inside a line
            while body:
                body = body[file.write(body) :]
            os.fsync(file.fileno())


def receiver(name: str) -> Receiver:
    """Return the receiver that the settings list as ``name``.

    :raises KeyError: they do not.
    :raises ImportError: there is no such class.
    :raises TypeError, ValueError: it does not take the options.
    """
    return made(conf.shipping[name], Receiver, format=Format.OCSF)  # type: ignore[type-abstract]
