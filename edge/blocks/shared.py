"""The entries in the limiter's Redis: a hash, and a counter that every change raises."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from redis.exceptions import RedisClusterException, RedisError

from ..conf import conf
from ..ratelimit import StoreUnavailable
from ..ratelimit.redis import RedisStore, counter_key
from .entries import Block, DisabledRoute, Entry


class SharedEntries:
    """Reads and writes what all processes share.

    Every method raises StoreUnavailable when Redis does not answer.

    :param store: the limiter's store.
    """

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    def counter(self) -> int:
        """Return a number that each change of the entries raises; 0 when nothing is known of any."""
        return int(self._asked(lambda client: client.get(counter_key())) or 0)

    def read(self) -> list[Entry]:
        """Return all entries, those that are over too."""
        rows: dict[bytes, bytes] = self._asked(lambda client: client.hgetall(_hash_key()))
        return [_entry(json.loads(row)) for row in rows.values()]

    def write(self, entries: Iterable[Entry]) -> None:
        """Keep entries beside those that are there."""
        rows = {entry.key: json.dumps(asdict(entry)) for entry in entries}
        if rows:
            self._asked(lambda client: client.hset(_hash_key(), mapping=rows))
        self._changed()

    def drop(self, keys: Iterable[str]) -> bool:
        """Drop the entries under these keys, and say whether there was one."""
        names = list(keys)
        removed = self._asked(lambda client: client.hdel(_hash_key(), *names)) if names else 0
        self._changed()
        return bool(removed)

    def _changed(self) -> None:
        # It starts at the time, not at 0: a Redis that has lost it must not come to a number that was known before.
        self._asked(lambda client: client.set(counter_key(), time.time_ns() // 1_000, nx=True))
        self._asked(lambda client: client.incr(counter_key()))

    def _asked(self, question: Callable[[Any], Any]) -> Any:
        try:
            return question(self._store.client)
        except (RedisError, RedisClusterException, OSError) as error:
            raise StoreUnavailable(type(error).__name__) from error


def _entry(row: dict[str, Any]) -> Entry:
    return Block(**row) if "network" in row else DisabledRoute(**row)


def _hash_key() -> str:
    return f"{conf.redis_prefix}:{{blocks}}:entries"
