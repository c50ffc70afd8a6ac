"""Redis databases of a test run's own, on a server that other runs use too.

A run owns a database while the registry, the server's last database, has its name under the database's number. A
database that is not empty and not registered belongs to somebody else and is left alone; one whose owner has died is
taken over. Nothing is ever flushed but what is owned.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import redis

_KEY = "bulwark:test-database:{index}"
#: Replaces or removes a value only while it is the expected one.
_SWAP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""
WAIT = 60


class NoFreeDatabaseError(Exception):
    """Every database of the server is somebody's."""


def database_url(url: str, index: int) -> str:
    """Return ``url`` with another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{index}"))


def _connected(url: str, index: int) -> "redis.Redis":
    return redis.Redis.from_url(database_url(url, index), decode_responses=True)


@dataclass
class Claims:
    """The databases that one process owns on the server at ``url``."""

    url: str
    owner: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{time.time_ns()}")
    indexes: list[int] = field(default_factory=list)

    @contextmanager
    def _registry(self) -> Iterator["redis.Redis"]:
        with closing(_connected(self.url, self._last())) as registry:
            yield registry

    def _last(self) -> int:
        with closing(_connected(self.url, 0)) as client:
            return int(client.config_get("databases")["databases"] or 0) - 1

    def claim(self) -> str:
        """Own one more database and return its URL; waits up to a minute for one to become free.

        :raises NoFreeDatabaseError: none did.
        """
        deadline = time.monotonic() + WAIT
        while True:
            for index in range(self._last()):
                if self._taken(index):
                    self.indexes.append(index)
                    return database_url(self.url, index)
            if time.monotonic() > deadline:
                msg = f"No database of {self.url} is free: each is registered or not empty."
                raise NoFreeDatabaseError(msg)
            time.sleep(0.5)

    def _taken(self, index: int) -> bool:
        key = _KEY.format(index=index)
        with self._registry() as registry, closing(_connected(self.url, index)) as client:
            if registry.set(key, self.owner, nx=True):
                if client.dbsize() == 0:
                    return True
                registry.eval(_SWAP, 1, key, self.owner, "")
                return False
            owner = str(registry.get(key) or "")
            if _is_dead(owner) and registry.eval(_SWAP, 1, key, owner, self.owner):
                client.flushdb()
                return True
        return False

    def clear(self) -> None:
        """Empty every database that is owned."""
        for index in self.indexes:
            with closing(_connected(self.url, index)) as client:
                client.flushdb()

    def release(self) -> None:
        """Empty and give back every database that is owned."""
        self.clear()
        with self._registry() as registry:
            for index in self.indexes:
                registry.eval(_SWAP, 1, _KEY.format(index=index), self.owner, "")
        self.indexes.clear()


def _is_dead(owner: str) -> bool:
    host, _, rest = owner.partition(":")
    process = rest.partition(":")[0]
    return host == socket.gethostname() and process.isdigit() and not Path(f"/proc/{process}").exists()
