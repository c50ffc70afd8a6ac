"""Keeps a flood of like events from drowning the log: after a limit they are counted, and the count is one event.

Per process and window, the first events of one kind from one source are written singly; the others become one event
with `count`, `ts` (the first) and `last_ts` (the last), and in its data a sample of those it was about. What is counted
but not written yet stands in a journal on disk, which another process completes when this one dies. Successes are never
counted together: each belongs to its change.
"""

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from .conf import conf
from .journal import add_to_sample, journal, target_of
from .models import Event

Key = tuple[str, str, str, str, str]
#: How many kinds and sources are remembered; beyond it the oldest are forgotten, and their events written singly.
MAX_WINDOWS = 10_000


@dataclass
class _Window:
    ends_at: float
    seen: int = 0
    #: Stands for all events of this window that are over the limit.
    surplus: Event | None = None


class Floods:
    """The windows of one process; every method may be called from any thread."""

    def __init__(self) -> None:
        self._windows: dict[Key, _Window] = {}
        self.forget()

    def sift(self, events: Sequence[Event]) -> list[Event]:
        """Return what is to be written now: those of ``events`` within the limit, and the floods that ended."""
        if not conf.flood_limit:
            return list(events)
        now = time.monotonic()
        with self._lock:
            ended = self._ended(now) if now >= self._next_look else []
            return [*ended, *(event for event in events if self._is_within_limit(event, now))]

    def is_due(self) -> bool:
        """Tell whether a flood may have ended that nobody has written; costs nothing where there is none."""
        return bool(self._windows) and time.monotonic() >= self._next_look

    def forget(self) -> None:
        """Start anew."""
        self._lock = threading.Lock()
        self._windows, self._next_look = {}, 0.0

    def _is_within_limit(self, event: Event, now: float) -> bool:
        key = key_of(event)
        window = self._windows.get(key)
        if window is None:
            window = self._open(key, now)
        window.seen += 1
        if window.seen <= conf.flood_limit:
            return True
        if window.surplus is None:
            window.surplus = event
            event.last_ts = event.ts
            add_to_sample(event, target_of(event))
            journal.begin(event)
        else:
            window.surplus.count += 1
            window.surplus.last_ts = event.ts
            target = target_of(event)
            journal.again(window.surplus, target if add_to_sample(window.surplus, target) else "")
        return False

    def _open(self, key: Key, now: float) -> _Window:
        if len(self._windows) >= MAX_WINDOWS:
            quiet = (known for known, window in self._windows.items() if window.surplus is None)
            if (oldest := next(quiet, None)) is not None:
                del self._windows[oldest]
        self._next_look = min(self._next_look, now + conf.flood_window) if self._windows else now + conf.flood_window
        return self._windows.setdefault(key, _Window(ends_at=now + conf.flood_window))

    def _ended(self, now: float) -> list[Event]:
        """Close the windows that have ended, and return the floods in them."""
        over = [key for key, window in self._windows.items() if window.ends_at <= now]
        surplus = [self._windows.pop(key).surplus for key in over]
        self._next_look = min((window.ends_at for window in self._windows.values()), default=0.0)
        return [event for event in surplus if event is not None]


def key_of(event: Event) -> Key:
    """Return what like events of one source have in common; IPv6 hosts own a /64, so that is one source."""
    return event.type, event.outcome, event.reason, event.actor_id, source_of(event.src_ip or "")


def source_of(address: str) -> str:
    if not address or ip_address(address).version == 4:
        return address
    return str(ip_network(f"{address}/64", strict=False))


def _after_fork() -> None:
    """What the parent counts is the parent's to write."""
    journal.forget()
    floods.forget()


floods = Floods()
os.register_at_fork(after_in_child=_after_fork)
