"""What a process has counted and not written yet, on disk, so that its death loses no event.

Each process has a file, locked for as long as it lives: a file that can be locked was left by a dead one. A line is
an event (the flood has begun), its id, a time and whom it was about (once more), or its id alone (written).
"""

import fcntl
import json
import logging
import os
import threading
from pathlib import Path
from typing import IO

from django.utils.dateparse import parse_datetime

from . import spool
from .conf import conf
from .identifiers import uuid7
from .models import Event

logger = logging.getLogger(__name__)
SUFFIX = ".floods"
#: The field of a flood's data that holds some of those it was about, and how many it holds at most.
SAMPLE, SAMPLE_SIZE = "sample", 10


class Journal:
    """The file of one process."""

    def __init__(self) -> None:
        self._file: IO[str] | None = None
        self.forget()

    def forget(self) -> None:
        """Start anew, in a file of its own."""
        self._lock = threading.Lock()
        if self._file is not None:
            self._file.close()  # after a fork the lock stays the parent's
        self._file = None
        self._path = Path()
        self._active: set[str] = set()

    def begin(self, event: Event) -> None:
        """Note the first event of a flood."""
        with self._lock:
            self._active.add(str(event.uuid))
            self._write(spool.as_line(event))

    def again(self, event: Event, target: str) -> None:
        """Note that the flood of ``event`` goes on; ``target`` is new in its sample, where there is one."""
        line = {"uuid": str(event.uuid), "ts": str(event.last_ts)}
        with self._lock:
            self._write(json.dumps({**line, "target": target} if target else line))

    def end(self, event: Event) -> None:
        """Note that the flood of ``event`` is stored; the file is emptied when it was the last one."""
        with self._lock:
            self._active.discard(str(event.uuid))
            if self._active:
                self._write(json.dumps({"uuid": str(event.uuid)}))
            elif self._file is not None:
                self._file.truncate(0)

    def path(self) -> Path | None:
        """Return the path of the file, where there is one."""
        return None if self._file is None else self._path

    def _write(self, line: str) -> None:
        try:
            if self._file is None:
                self._file = self._open()
            self._file.write(f"{line}\n")
            self._file.flush()  # the process may die now, not the machine: no fsync
        except OSError:
            logger.exception("The journal of floods cannot be written; what is counted is in memory only.")

    def _open(self) -> IO[str]:
        while True:
            # Containers share a folder and number their processes alike: the number alone may be a living one's, or a
            # dead one's, whose counts are still to be stored.
            self._path = spool.own_file().with_suffix(f".{uuid7().hex}{SUFFIX}")
            flags = os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_RDWR
            file = os.fdopen(os.open(self._path, flags, 0o600), "a", encoding="utf-8")
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_nlink:
                return file
            file.close()  # somebody has taken it for a dead one's before it was locked


def target_of(event: Event) -> str:
    """Return whom an event is about: its target, or what was typed where that is no account (as a hash)."""
    return event.target_id or str(event.data.get("identifier") or "")


def add_to_sample(event: Event, target: str) -> bool:
    """Keep ``target`` in the sample of a flood; tell whether it is new there and there was room."""
    sample: list[str] = event.data.get(SAMPLE, [])
    if not target or target in sample or len(sample) >= SAMPLE_SIZE:
        return False
    event.data[SAMPLE] = [*sample, target]
    return True


def left_behind() -> list[Path]:
    """Return the files of other processes, the living included."""
    return [path for path in conf.spool.glob(f"*{SUFFIX}") if path != journal.path()] if conf.spool.is_dir() else []


def recover(alias: str) -> int:
    """Store the floods that dead processes of this host have counted; return how many there were.

    :raises django.db.DatabaseError: the database is away.
    """
    return sum(_recover_file(path, alias) for path in left_behind())


def _recover_file(path: Path, alias: str) -> int:
    try:
        with path.open("r+", encoding="utf-8", errors="surrogateescape") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            events = list(_floods_in(file).values())
            stored = spool.store(events, alias, path)
            path.unlink()
            return stored
    except (BlockingIOError, FileNotFoundError):
        return 0


def _floods_in(file: IO[str]) -> dict[str, Event]:
    found: dict[str, Event] = {}
    for line in file:
        try:
            _read(line, found)
        except spool.UNREADABLE:
            logger.exception("A line of the journal of floods cannot be read: %.200a", line)
    return found


def _read(line: str, found: dict[str, Event]) -> None:
    values = json.loads(line)
    if "type" in values:
        event = spool.from_line(line)
        found[str(event.uuid)] = event
    elif "ts" in values:
        event = found[values["uuid"]]
        event.count += 1
        event.last_ts = parse_datetime(values["ts"])
        add_to_sample(event, values.get("target", ""))
    else:
        found.pop(values["uuid"], None)


journal = Journal()
