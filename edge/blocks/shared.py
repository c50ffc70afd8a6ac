"""The blocks in the limiter's Redis: a hash, and a counter that every change raises."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from redis.exceptions import RedisClusterException, RedisError

from ..conf import conf
from ..ratelimit import StoreUnavailable
from ..ratelimit.redis import RedisStore, counter_key
from .block import Block


class SharedBlocks:
    """Reads and writes the blocks that all processes share.

    Every method raises StoreUnavailable when Redis does not answer.

    :param store: the limiter's store.
    """

    def __init__(self, store: RedisStore) -> None:
        self._store = store

    def counter(self) -> int:
        """Return how often the blocks were changed; 0 when nothing is known of any."""
        return int(self._asked(lambda client: client.get(counter_key())) or 0)

    def read(self) -> list[Block]:
        """Return all blocks, those that are over too."""
        rows: dict[bytes, bytes] = self._asked(lambda client: client.hgetall(_hash_key()))
        return [Block(**json.loads(row)) for row in rows.values()]

    def write(self, blocks: Iterable[Block]) -> None:
        """Keep blocks beside those that are there, and drop those that are over."""
        rows = {block.network: json.dumps(asdict(block)) for block in blocks}
        if rows:
            self._asked(lambda client: client.hset(_hash_key(), mapping=rows))
        self._changed()

    def drop(self, wanted: Iterable[str]) -> bool:
        """Drop the blocks of these networks, and say whether there was one."""
        names = list(wanted)
        removed = self._asked(lambda client: client.hdel(_hash_key(), *names)) if names else 0
        self._changed()
        return bool(removed)

    def _changed(self) -> None:
        self._asked(lambda client: client.incr(counter_key()))

    def _asked(self, question: Callable[[Any], Any]) -> Any:
        try:
            return question(self._store.client)
        except (RedisError, RedisClusterException, OSError) as error:
            raise StoreUnavailable(type(error).__name__) from error


def _hash_key() -> str:
    return f"{conf.redis_prefix}:{{blocks}}:networks"
