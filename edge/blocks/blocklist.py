"""What one process knows of the blocks, and how it learns of changes."""

import ipaddress
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from django.utils.module_loading import import_string

from ..client_ip import Address, Network, parse_address
from ..conf import conf
from ..ratelimit.limiter import Limiter, limiter
from ..ratelimit.redis import RedisStore
from .block import Block, blockable
from .shared import SharedBlocks

#: Seconds after which the counter is asked for, where no request was counted meanwhile.
FRESH = 1.0


class Blocklist:
    """Answers from memory. Counting a request brings the store's counter along, which says when memory is out of date.

    :param source: the limiter, in whose store the blocks are; without a shared store they are in this process.
    :param clock: returns seconds since 1970.
    """

    def __init__(self, source: Limiter, clock: Callable[[], float] = time.time) -> None:
        self._limiter = source
        self._shared = SharedBlocks(source.shared) if isinstance(source.shared, RedisStore) else None
        self._clock = clock
        self._lock = threading.Lock()
        self._blocks: Mapping[Network, Block] = {}
        self._lengths: tuple[tuple[int, int], ...] = ()
        self._counter: int | None = None
        self._asked_at = float("-inf")

    def current(self) -> list[Block]:
        """Return the blocks that hold, as this process knows them."""
        now = self._clock()
        return sorted((block for block in self._blocks.values() if block.holds(now)), key=lambda block: block.network)

    def find(self, ip: str) -> Block | None:
        """Return a block that ``ip`` is under, or None. Asks nobody."""
        address = parse_address(ip) if self._blocks else None
        if address is None:
            return None
        now = self._clock()
        for version, length in self._lengths:
            block = self._blocks.get(_network_of(address, length)) if version == address.version else None
            if block is not None and block.holds(now):
                return block
        return None

    def refresh(self, *, was_counted: bool) -> None:
        """Learn of changes. A lost store changes nothing: what is known goes on holding.

        :param was_counted: whether the request has just been counted, which brought the counter along for nothing.
        """
        store = self._limiter.shared
        if not isinstance(store, RedisStore):
            self._load_once()
            return
        now = time.monotonic()
        if was_counted and store.counter is not None:
            self._asked_at = now
            if store.counter != self._counter:
                self._limiter.ask(self._reload)
        elif now - self._asked_at >= FRESH:
            self._asked_at = now
            self._limiter.ask(self._reload)

    def add(self, network: str, *, seconds: float = 0, reason: str = "") -> Block:
        """Block a network or address, and return the block.

        :param seconds: for how long; 0: until it is removed.
        :raises ValueError: it cannot be blocked.
        :raises StoreUnavailable: the shared store is lost.
        """
        until = self._clock() + seconds if seconds else 0
        block = Block(str(blockable(network)), until, reason)
        if self._shared is None:
            self._load_once()
            self._set([*self._blocks.values(), block])
        else:
            over = [known.network for known in self._shared.read() if not known.holds(self._clock())]
            self._shared.drop(over)
            self._shared.write([block])
            self._reload()
        return block

    def remove(self, network: str) -> bool:
        """Lift a block, and say whether there was one.

        :raises ValueError: it is no network or address.
        :raises StoreUnavailable: the shared store is lost.
        """
        wanted = blockable(network)
        if self._shared is None:
            self._load_once()
            was_there = wanted in self._blocks
            self._set(block for known, block in self._blocks.items() if known != wanted)
            return was_there
        was_there = self._shared.drop([str(wanted)])
        self._reload()
        return was_there

    def _load_once(self) -> None:
        """Without a shared store, the durable source is read at the start."""
        if self._counter is None:
            self._counter = 0
            self._set(_durable())

    def _reload(self) -> None:
        if self._shared is None:
            return
        with self._lock:
            counter = self._shared.counter()  # first: a change after it is seen next time
            if not counter and conf.block_source:
                self._shared.write(_durable())  # Redis is new, or has lost them
                counter = self._shared.counter()
            if counter != self._counter:
                self._set(self._shared.read() if counter else [])
                self._counter = counter

    def _set(self, blocks: Iterable[Block]) -> None:
        found = {ipaddress.ip_network(block.network): block for block in blocks}
        self._lengths = tuple(sorted({(network.version, network.prefixlen) for network in found}))
        self._blocks = found


def _network_of(address: Address, length: int) -> Network:
    if isinstance(address, ipaddress.IPv4Address):
        return ipaddress.IPv4Network((int(address) >> (32 - length) << (32 - length), length))
    return ipaddress.IPv6Network((int(address) >> (128 - length) << (128 - length), length))


def _durable() -> list[Block]:
    found: list[Block] = list(import_string(conf.block_source)()) if conf.block_source else []
    return found


def blocklist() -> Blocklist:
    """Return the block list of the limiter that the settings describe, one for the process."""
    return _blocklist(limiter())


@lru_cache(maxsize=8)
def _blocklist(source: Limiter) -> Blocklist:
    return Blocklist(source)
