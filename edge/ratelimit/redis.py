"""Counts in Redis: exact however many processes and hosts spend, in one round trip."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha1
from pathlib import Path
from typing import Any

import redis
from asgiref.sync import sync_to_async
from redis import asyncio as aioredis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from ..conf import conf
from .contract import SECOND, Limit, Spent, State, StoreUnavailable
from .loops import LoopClients

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

    async def arun(self, client: "aioredis.Redis", keys: Sequence[str], arguments: Sequence[int]) -> Any:
        names: list[Any] = [*keys, *arguments]
        try:
            return await client.evalsha(self.digest, len(keys), *names)
        except NoScriptError:
            return await client.eval(self.source, len(keys), *names)


class RedisStore:
    """Sliding windows by the server's own clock.

    :param client: connected to a database that nothing else uses: `cache.clear()` of django-redis empties a whole one.
    :param counter_keys: none or one key of a counter, whose value every spending brings along.
    :param loops: clients for async code; without them it asks in a thread.
    """

    def __init__(
        self, client: "redis.Redis", counter_keys: Sequence[str] = (), loops: LoopClients | None = None
    ) -> None:
        self._client: Any = client
        self._loops = loops
        self.counter_keys = counter_keys
        self._spend = Script(self.source("spend"))
        self._refund = Script(self.source("refund"))

    @property
    def client(self) -> Any:
        """The connection."""
        return self._client

    def source(self, name: str) -> str:
        """Return the text of a script."""
        return (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")

    def spend(self, limits: Sequence[Limit], cost: int = 1) -> Spent:
        return self._spent(limits, self._run(self._spend, *self._spending(limits, cost)))

    async def aspend(self, limits: Sequence[Limit], cost: int = 1) -> Spent:
        if self._loops is None:
            return await sync_to_async(self.spend)(limits, cost)
        return self._spent(limits, await self._arun(self._spend, *self._spending(limits, cost)))

    def refund(self, states: Sequence[State], cost: int = 1) -> None:
        self._run(self._refund, *_refunding(states, cost))

    async def arefund(self, states: Sequence[State], cost: int = 1) -> None:
        if self._loops is None:
            await sync_to_async(self.refund)(states, cost)
        else:
            await self._arun(self._refund, *_refunding(states, cost))

    async def acounter(self) -> int:
        """Return the counter that spending brings along, or 0.

        :raises StoreUnavailable: it cannot be reached.
        """
        try:
            if self._loops is None:
                return int(await sync_to_async(self.client.get)(counter_key()) or 0)
            return int(await (await self._loops.client()).get(counter_key()) or 0)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(type(error).__name__) from error

    def _spending(self, limits: Sequence[Limit], cost: int) -> tuple[list[str], list[int]]:
        arguments = [cost, len(limits)]
        for limit in limits:
            arguments += [limit.limit, limit.width, len(limit.cool_down)]
            arguments += [step * SECOND for step in limit.cool_down]
        return [*(limit.key for limit in limits), *self.counter_keys], arguments

    def _spent(self, limits: Sequence[Limit], answer: list[Any]) -> Spent:
        counter = answer.pop() if self.counter_keys else None
        rows = zip(limits, answer[::4], answer[1::4], answer[2::4], answer[3::4], strict=True)
        spent = Spent(State(limit, bool(fits), left, reset / SECOND, part) for limit, fits, left, reset, part in rows)
        spent.counter = counter
        return spent

    def reset(self, keys: Sequence[str]) -> None:
        try:
            self.client.delete(*keys)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(type(error).__name__) from error

    def keys_of(self, identity: str) -> list[str]:
        pattern = f"*{{{identity}}}*"
        try:
            return sorted(key.decode() for key in self.client.scan_iter(match=pattern, count=1_000))
        except (RedisError, OSError) as error:
            raise StoreUnavailable(type(error).__name__) from error

    def counted(self, identity: str) -> list[Limit]:
        """Return the limits that have counts under ``identity``; walks all keys, so it is for people, not for requests.

        :param identity: what stands between the braces of the keys.
        :raises StoreUnavailable: the counts cannot be reached.
        """
        found = []
        for key in self.keys_of(identity):
            scope, _, rate = key.partition("}:")[2].rpartition(":")
            limit, _, window = rate.partition("/")
            found.append(Limit(scope, key, int(limit), int(window)))
        return found

    def _run(self, script: Script, keys: Sequence[str], arguments: Sequence[int]) -> Any:
        try:
            return script.run(self.client, keys, arguments)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(type(error).__name__) from error

    async def _arun(self, script: Script, keys: Sequence[str], arguments: Sequence[int]) -> Any:
        assert self._loops is not None  # noqa: S101 - asked before
        try:
            return await script.arun(await self._loops.client(), keys, arguments)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(type(error).__name__) from error


def _refunding(states: Sequence[State], cost: int) -> tuple[list[str], list[int]]:
    arguments = [cost]
    for state in states:
        arguments += [state.part, state.limit.width]
    return [state.limit.key for state in states], arguments


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
    return RedisStore(client, counter_keys, LoopClients(url, timeout))
