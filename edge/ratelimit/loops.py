"""A Redis client for each event loop: a connection belongs to the loop that opened it."""

import asyncio
from collections.abc import AsyncGenerator
from weakref import WeakKeyDictionary

from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

#: Connections of one loop, each of which is free again after a fraction of a millisecond. A burst must not open one for
#: each of its requests: a loop that is busy connecting takes its own delay for Redis's.
CONNECTIONS = 8
#: Time-outs that somebody waits for a free one.
PATIENCE = 4


class LoopClients:
    """Opens a client for the running loop when it is first asked for, and closes it when the loop ends.

    :param url: `redis://host:port/database`.
    :param timeout: seconds to wait for a connection, and for each answer.
    """

    def __init__(self, url: str, timeout: float) -> None:
        self._url = url
        self._timeout = timeout
        self._open: WeakKeyDictionary[asyncio.AbstractEventLoop, aioredis.Redis] = WeakKeyDictionary()
        self._kept: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGenerator[None]] = WeakKeyDictionary()

    async def client(self) -> "aioredis.Redis":
        """Return the running loop's client."""
        loop = asyncio.get_running_loop()
        found = self._open.get(loop)
        if found is None:
            found = self._open[loop] = self._made()
            # A loop ends its asynchronous generators when it shuts down, which is when this one closes the client.
            self._kept[loop] = kept = _closing(found)
            await anext(kept)
        return found

    def _made(self) -> "aioredis.Redis":
        # As in the blocking client: one retry, for a connection that was closed while it was idle.
        retry = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
        pool = aioredis.BlockingConnectionPool.from_url(
            self._url,
            max_connections=CONNECTIONS,
            timeout=PATIENCE * self._timeout,
            socket_timeout=self._timeout,
            socket_connect_timeout=self._timeout,
            retry=retry,
        )
        return aioredis.Redis.from_pool(pool)


async def _closing(client: "aioredis.Redis") -> AsyncGenerator[None]:
    try:
        yield
    finally:
        await client.aclose()
