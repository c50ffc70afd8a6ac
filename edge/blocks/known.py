"""What one process knows of blocks and disabled routes, and how it learns of changes."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from asgiref.sync import sync_to_async
from django.utils.module_loading import import_string

from ..conf import conf
from ..ratelimit.limiter import Limiter, limiter
from ..ratelimit.redis import RedisStore
from .entries import Entry, check_entry
from .shared import SharedEntries

logger = logging.getLogger(__name__)
#: Seconds after which a process asks whether a client that it refuses is still to be refused.
FRESH = 1.0


class Known:
    """Answers from memory. Counting a request brings the store's counter along, which says when memory is out of date.

    :param source: the limiter, in whose store the entries are; without a shared store they are in this process.
    :param clock: returns seconds since 1970.
    """

    def __init__(self, source: Limiter, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.entries: Mapping[str, Entry] = {}
        self._limiter = source
        self._shared = SharedEntries(source.shared) if isinstance(source.shared, RedisStore) else None
        self._lock = threading.Lock()
        self._counter: int | None = None
        self._asked_at = float("-inf")

    @property
    def is_shared(self) -> bool:
        """Whether other processes learn of what is added here."""
        return self._shared is not None

    def learn(self, counter: int | None = None) -> None:
        """Learn of changes. A lost store changes nothing: what is known goes on holding.

        :param counter: what counting the request has brought along for nothing; None: nothing, so it is asked for.
        """
        if self._shared is None:
            self._load_once()
        elif counter is None or counter != self._counter:
            self._limiter.ask(self._reload)

    async def alearn(self, counter: int | None = None) -> None:
        """Do what `learn` does, without blocking the event loop; a change is read in a thread."""
        store = self._limiter.shared
        if not isinstance(store, RedisStore):
            if self._counter is None:
                await sync_to_async(self._load_once)()
            return
        if counter is None:
            counter = await self._limiter.aask(store.acounter)
        if counter is not None and counter != self._counter:
            await sync_to_async(self._limiter.ask)(self._reload)

    def learn_now_and_then(self) -> None:
        """Learn of changes, once in `FRESH` seconds: a flood of refused requests asks nobody."""
        if self._is_stale():
            self.learn()

    async def alearn_now_and_then(self) -> None:
        """Do what `learn_now_and_then` does, without blocking the event loop."""
        if self._is_stale():
            await self.alearn()

    def _is_stale(self) -> bool:
        now = time.monotonic()
        if now - self._asked_at < FRESH:
            return False
        self._asked_at = now
        return True

    def add(self, entry: Entry) -> None:
        """Add an entry, in place of one under the same key; what is over is cleared away.

        :raises StoreUnavailable: the shared store is lost.
        """
        if self._shared is None:
            self._load_once()
            self._set([*self.entries.values(), entry])
            return
        self._reload()  # first: a Redis that was emptied is told what holds before the counter says that it knows
        self._shared.drop([known.key for known in self._shared.read() if not known.holds(self.clock())])
        self._shared.write([entry])
        self._reload()

    def remove(self, key: str) -> bool:
        """Remove an entry, and say whether there was one.

        :raises StoreUnavailable: the shared store is lost.
        """
        if self._shared is not None:
            self._reload()  # as in `add`
            was_there = self._shared.drop([key])
            self._reload()
            return was_there
        self._load_once()
        was_there = key in self.entries
        self._set(entry for known, entry in self.entries.items() if known != key)
        return was_there

    def _load_once(self) -> None:
        """Without a shared store, the durable sources are read at the start."""
        if self._counter is None:
            self._counter = 0
            self._set(_durable())

    def _reload(self) -> None:
        if self._shared is None:
            return
        with self._lock:
            counter = self._shared.counter()  # first: a change after it is seen next time
            if not counter and (conf.block_source or conf.route_source):
                self._shared.write(_durable())  # Redis is new, or has lost them
                counter = self._shared.counter()
            if counter != self._counter:
                self._set(self._shared.read() if counter else [])
                self._counter = counter

    def _set(self, entries: Iterable[Entry]) -> None:
        self.entries = {entry.key: entry for entry in entries}


def _durable() -> list[Entry]:
    """Return what the durable sources hold; what is wrong in them must not end every request."""
    found: list[Entry] = []
    for path in filter(None, (conf.block_source, conf.route_source)):
        try:
            for entry in import_string(path)():
                check_entry(entry)
                found.append(entry)
        except Exception:
            logger.exception("The durable source %s could not be read", path)
    return found


def known() -> Known:
    """Return what this process knows, from the limiter that the settings describe."""
    return _known(limiter())


@lru_cache(maxsize=8)
def _known(source: Limiter) -> Known:
    return Known(source)
