"""A clock that tests set, for both stores."""

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

from edge.ratelimit import LocalStore, RedisStore, Store

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


def stores(kind: str) -> Iterator[tuple[Store, Clock]]:
    """Yield a store and its clock."""
    if kind == "local":
        local_clock = Clock()
        yield LocalStore(clock=local_clock), local_clock
        return
    client = redis.Redis.from_url(settings.BULWARK_EDGE["REDIS_URL"])
    clock = RedisClock(client)
    yield ClockedRedisStore(client), clock
    client.close()


KINDS = ["local", pytest.param("redis", marks=pytest.mark.redis)]
