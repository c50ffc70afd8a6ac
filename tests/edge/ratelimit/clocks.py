"""A clock that tests set, for both stores."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest
import redis
from django.conf import settings

from edge.ratelimit import Limit, LocalStore, RedisStore, Spent, State, Store
from edge.ratelimit.loops import LoopClients

_CLOCK = "test:clock"


class Clock:
    """Microseconds, which only tests move; they start at a time that no part of a window begins at."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_123_457

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += round(seconds * 1_000_000)


class RedisClock(Clock):
    """Keeps the time in Redis, where the scripts of `ClockedRedisStore` look for it."""

    def __init__(self, client: "redis.Redis") -> None:
        super().__init__()
        self.client = client
        self.advance(0)

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        seconds_part, micros = divmod(self.now, 1_000_000)
        self.client.delete(_CLOCK)
        self.client.rpush(_CLOCK, seconds_part, micros)


class ClockedRedisStore(RedisStore):
    """The scripts as they are, but for the line that asks the server for the time."""

    def source(self, name: str) -> str:
        text = super().source(name)
        assert text.count("redis.call('TIME')") == 1
        return text.replace("redis.call('TIME')", f"redis.call('LRANGE', '{_CLOCK}', 0, -1)")


class AsyncFace:
    """A store as blocking code sees it, which asks by its asynchronous methods."""

    def __init__(self, store: Store, runner: asyncio.Runner) -> None:
        self.store = store
        self.runner = runner

    def spend(self, limits: Sequence[Limit], cost: int = 1) -> Spent:
        return self.runner.run(self.store.aspend(limits, cost))

    async def aspend(self, limits: Sequence[Limit], cost: int = 1) -> Spent:
        return await self.store.aspend(limits, cost)

    def refund(self, states: Sequence[State], cost: int = 1) -> None:
        self.runner.run(self.store.arefund(states, cost))

    async def arefund(self, states: Sequence[State], cost: int = 1) -> None:
        await self.store.arefund(states, cost)

    def reset(self, keys: Sequence[str]) -> None:
        self.store.reset(keys)

    def keys_of(self, identity: str) -> list[str]:
        return self.store.keys_of(identity)


def stores(kind: str) -> Iterator[tuple[Store, Clock]]:
    """Yield a store and its clock."""
    where, _, face = kind.partition("-")
    with asyncio.Runner() as runner:
        for store, clock in _blocking(where):
            yield (AsyncFace(store, runner) if face else store), clock


def _blocking(where: str) -> Iterator[tuple[Store, Clock]]:
    if where == "local":
        local_clock = Clock()
        yield LocalStore(clock=local_clock), local_clock
        return
    url = settings.BULWARK_EDGE["REDIS_URL"]
    client = redis.Redis.from_url(url)
    clock = RedisClock(client)
    yield ClockedRedisStore(client, loops=LoopClients(url, 5)), clock
    client.close()


_redis = pytest.mark.redis
KINDS = [
    "local",
    "local-async",
    pytest.param("redis", marks=_redis),
    pytest.param("redis-async", marks=_redis),
]
