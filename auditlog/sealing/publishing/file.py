"""Checkpoints as files: on another machine's disk, or on one that only the sealer may write."""

import os
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from ..checkpoints import Checkpoint
from .base import PublicationRefused, Publisher

_NAME = re.compile(r"(\d+)\.checkpoint")


class FilePublisher(Publisher):
    """Keeps the newest checkpoint of each tree as `N.checkpoint`, and all of a month one after another.

    :param folder: made where it is missing.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def publish(self, checkpoint: Checkpoint, note: str) -> None:
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        path = self.folder / f"{checkpoint.tree}.checkpoint"
        if path.exists() and _size(path) > checkpoint.size:
            msg = f"{path} holds a larger tree: the log was rolled back, or another sealer writes here."
            raise PublicationRefused(msg)
        with (self.folder / f"{checkpoint.tree}-{datetime.now(UTC):%Y-%m}.checkpoints").open("a") as history:
            history.write(f"{note}\n")
            history.flush()
            os.fsync(history.fileno())
        self._put(path, note)

    def _put(self, path: Path, note: str) -> None:
        """Put ``note`` in place of what is there, whole or not at all."""
        file = tempfile.NamedTemporaryFile("w", dir=self.folder, delete=False)  # noqa: SIM115 - it outlives its being open
        made = Path(file.name)
        try:
            with file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            made.chmod(0o644)
            made.replace(path)
        except OSError:
            made.unlink()  # it is tried again, and each time would leave one
            raise

    def heads(self) -> list[str]:
        # What is no text is no checkpoint: it is told from the others by its signature.
        return [
            path.read_text(errors="replace") for path in self.folder.glob("*.checkpoint") if _NAME.fullmatch(path.name)
        ]


def _size(path: Path) -> int:
    try:
        return Checkpoint.parse(path.read_text()).size
    except ValueError:
        return 0
