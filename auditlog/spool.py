"""Keeps events on the local disk while the database is away, and stores them when it is back, once each.

One folder a host, one file a process, one line an event. A file is appended to and emptied under `flock`, so that
several processes may share the folder; it must be on a local disk, where `flock` and `fsync` mean what they say.
"""

import fcntl
import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError

from .conf import conf
from .models import Event
from .signals import events_replayed, events_spooled

logger = logging.getLogger(__name__)

#: What the database fills, or fills anew, when the event gets there.
_NOT_KEPT = frozenset({"seq", "tx", "epoch", "salt"})
_FIELDS = [field for field in Event._meta.concrete_fields if field.name not in _NOT_KEPT]  # noqa: SLF001
BATCH = 500
#: What `from_line` raises.
UNREADABLE = (KeyError, TypeError, ValueError, ValidationError)


def keep(events: Sequence[Event], *, error: BaseException) -> None:
    """Append ``events`` to this process's file and wait until the disk has them.

    This function raises nothing: where the disk fails too, the events go to the log of the process, the last resort.
    """
    lines = "".join(f"{as_line(event)}\n" for event in events)
    try:
        with _locked(own_file(), "a") as file:
            # A process that was killed, or a disk that was full, may have left half a line.
            file.write(f"\n{lines}" if _is_torn(file) else lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        logger.critical("The spool at %s cannot be written; these events are only here: %s", conf.spool, lines)
    events_spooled.send_robust(sender=Event, count=len(events), error=error)


def own_file() -> Path:
    """Return the path of this process's file; make the folder, readable by its owner alone."""
    folder = conf.spool
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        msg = f"{folder} belongs to somebody else."
        raise PermissionError(msg)
    return folder / f"{os.getpid()}.ndjson"


def waiting() -> list[Path]:
    """Return the files that hold events."""
    return sorted(conf.spool.glob("*.ndjson")) if conf.spool.is_dir() else []


def replay(alias: str) -> int:
    """Store every event that waits, and return how many there were; a file that another process reads is left to it.

    :raises django.db.DatabaseError: the database is away again; what is not stored still waits.
    :raises OSError: a file cannot be read or removed.
    """
    count = sum(_replay_file(path, alias) for path in waiting())
    if count:
        events_replayed.send_robust(sender=Event, count=count)
    return count


def as_line(event: Event) -> str:
    # Not DjangoJSONEncoder: it cuts the microseconds off, and the time is part of the event's key.
    return json.dumps({field.name: field.value_from_object(event) for field in _FIELDS}, default=str)


def from_line(line: str) -> Event:
    """Return the event of a line.

    :raises KeyError, TypeError, ValueError, ValidationError: the line is no event, for example because the disk was
        full when it was written.
    """
    values = json.loads(line)
    if not isinstance(values, dict) or not values.keys() >= {"ts", "type", "uuid"}:
        msg = "This is no event."
        raise ValueError(msg)
    # Columns may come and go between the version that wrote the line and this one.
    return Event(**{field.name: field.to_python(values[field.name]) for field in _FIELDS if field.name in values})


def _replay_file(path: Path, alias: str) -> int:
    try:
        with _locked(path, "r+", wait=False) as file:
            count = 0
            for batch in _batches(_readable(file, path)):
                count += store(batch, alias, path)
            path.unlink()
            return count
    except (BlockingIOError, FileNotFoundError):
        return 0


def store(batch: list[Event], alias: str, path: Path) -> int:
    """Store those of ``batch`` that are not stored yet; set aside what the database will never take."""
    there = Event.objects.using(alias).filter(uuid__in=[event.uuid for event in batch])
    stored = set(there.values_list("uuid", flat=True))
    missing = [event for event in batch if event.uuid not in stored]
    try:
        Event.objects.using(alias).insert(missing)
    except (DataError, IntegrityError, OverflowError, ValueError):
        if len(batch) > 1:
            return sum(store([event], alias, path) for event in missing)
        logger.exception("The database refuses an event of %s, which is set aside.", path)
        _set_aside(path, f"{as_line(missing[0])}\n")
        return 0
    return len(missing)


def _readable(file: IO[str], path: Path) -> Iterator[Event]:
    for line in file:
        try:
            yield from_line(line)
        except UNREADABLE:
            logger.exception("A line of %s is no event and is set aside.", path)
            _set_aside(path, line)


def _set_aside(path: Path, line: str) -> None:
    with _locked(path.with_suffix(".rejected"), "a") as file:
        file.write(line)


def _batches(events: Iterator[Event]) -> Iterator[list[Event]]:
    batch: list[Event] = []
    for event in events:
        batch.append(event)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


@contextmanager
def _locked(path: Path, mode: str, *, wait: bool = True) -> Iterator[IO[str]]:
    """Open ``path`` under an exclusive lock, again if it was removed while this process waited for the lock."""
    while True:
        flags = os.O_RDWR | (os.O_APPEND | os.O_CREAT if mode == "a" else 0)
        # Bytes that are no text are set aside with their line; they must not hold back the others.
        with os.fdopen(os.open(path, flags, 0o600), mode, encoding="utf-8", errors="surrogateescape") as file:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file.fileno()).st_nlink:
                yield file
                return


def _is_torn(file: IO[str]) -> bool:
    size = os.fstat(file.fileno()).st_size
    return size > 0 and os.pread(file.fileno(), 1, size - 1) != b"\n"
