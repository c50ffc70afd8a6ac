"""Counts in Redis: exact however many processes and hosts spend, in one round trip."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha1
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from ..conf import conf
from .contract import SECOND, Limit, State, StoreUnavailable

_FOLDER = Path(__file__).parent


class Script:
    """A Lua script that is sent once, and named by its digest from then on."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.digest = sha1(source.encode(), usedforsecurity=False).hexdigest()

    def run(self, client: "redis.Redis", keys: Sequence[str], arguments: Sequence[int]) -> Any:
        try:
            return client.evalsha(self.digest, len(keys), *keys, *arguments)
        except NoScriptError:  # a new or restarted server
            return client.eval(self.source, len(keys), *keys, *arguments)


class RedisStore:
    """Sliding windows by the server's own clock.

    :param client: connected to a database that nothing else uses: `cache.clear()` of django-redis empties a whole one.
    :param counter_keys: none or one key of a counter, whose value every spending brings along as `counter`.
    """

    def __init__(self, client: "redis.Redis", counter_keys: Sequence[str] = ()) -> None:
        self._client: Any = client
        self.counter_keys = counter_keys
        self.counter: int | None = None
        self._spend = Script(self.source("spend"))
        self._refund = Script(self.source("refund"))

    @property
    def client(self) -> Any:
        """The connection."""
        return self._client

    def source(self, name: str) -> str:
        """Return the text of a script."""
        return (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")

    def spend(self, limits: Sequence[Limit], cost: int = 1) -> list[State]:
        arguments = [cost, len(limits)]
        for limit in limits:
            arguments += [limit.limit, limit.width, len(limit.cool_down)]
            arguments += [step * SECOND for step in limit.cool_down]
        answer = self._run(self._spend, [*(limit.key for limit in limits), *self.counter_keys], arguments)
        if self.counter_keys:
            self.counter = answer.pop()
        rows = zip(limits, answer[::4], answer[1::4], answer[2::4], answer[3::4], strict=True)
        return [State(limit, bool(fits), left, reset / SECOND, part) for limit, fits, left, reset, part in rows]

    def refund(self, states: Sequence[State], cost: int = 1) -> None:
        arguments = [cost]
        for state in states:
            arguments += [state.part, state.limit.width]
        self._run(self._refund, [state.limit.key for state in states], arguments)

    def reset(self, keys: Sequence[str]) -> None:
        try:
            self.client.delete(*keys)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(type(error).__name__) from error

    def counted(self, identity: str) -> list[Limit]:
        """Return the limits that have counts under ``identity``; walks all keys, so it is for people, not for requests.

        :param identity: what stands between the braces of the keys.
        :raises StoreUnavailable: the counts cannot be reached.
        """
        pattern = f"*{{{identity}}}*"
        try:
            keys = sorted(key.decode() for key in self.client.scan_iter(match=pattern, count=1_000))
        except (RedisError, OSError) as error:
            raise StoreUnavailable(type(error).__name__) from error
        found = []
        for key in keys:
            scope, _, rate = key.partition("}:")[2].rpartition(":")
            limit, _, window = rate.partition("/")
            found.append(Limit(scope, key, int(limit), int(window)))
        return found

    def _run(self, script: Script, keys: Sequence[str], arguments: Sequence[int]) -> Any:
        try:
            return script.run(self.client, keys, arguments)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(type(error).__name__) from error


def counter_key() -> str:
    """Return the key that counts the changes of the block list."""
    return f"{conf.redis_prefix}:{{blocks}}:changes"


@lru_cache(maxsize=8)
def connected(url: str, timeout: float, counter_keys: tuple[str, ...] = ()) -> RedisStore:
    """Return the store at ``url``, one for the process.

    :param url: `redis://host:port/database`.
    :param timeout: seconds to wait for a connection, and for each answer.
    :param counter_keys: what the store brings along.
    """
    # One retry, for a connection that the server closed while it was idle. A time-out is not retried: what was
    # asked for may have been done.
    retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    client = redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=retry)
    return RedisStore(client, counter_keys)
