"""Who is refused, by network."""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache

from ..client_ip import Address, Network, parse_address
from .entries import Block, Entry, blockable, network_of
from .known import Known, known


class Blocklist:
    """The networks among what is known.

    :param source: what this process knows.
    """

    def __init__(self, source: Known) -> None:
        self._known = source
        self._indexed: Mapping[str, Entry] | None = None
        self._blocks: dict[Network, Block] = {}
        self._lengths: tuple[tuple[int, int], ...] = ()

    def current(self) -> list[Block]:
        """Return the blocks that hold, as this process knows them."""
        now = self._known.clock()
        blocks = [entry for entry in self._known.entries.values() if isinstance(entry, Block) and entry.holds(now)]
        return sorted(blocks, key=lambda block: block.network)

    def find(self, ip: str) -> Block | None:
        """Return a block that ``ip`` is under, or None. Asks nobody."""
        if self._indexed is not self._known.entries:
            self._index(self._known.entries)
        address = parse_address(ip) if self._blocks else None
        if address is None:
            return None
        now = self._known.clock()
        for version, length in self._lengths:
            block = self._blocks.get(_network_of(address, length)) if version == address.version else None
            if block is not None and block.holds(now):
                return block
        return None

    def add(self, network: str, *, seconds: float = 0, reason: str = "") -> Block:
        """Block a network or address, and return the block.

        :param seconds: for how long; 0: until it is removed.
        :raises ValueError: it cannot be blocked.
        :raises StoreUnavailable: the shared store is lost.
        """
        block = Block(str(blockable(network)), self._known.clock() + seconds if seconds else 0, reason)
        self._known.add(block)
        return block

    def remove(self, network: str) -> bool:
        """Lift a block, and say whether there was one.

        :raises ValueError: it is no network or address.
        :raises StoreUnavailable: the shared store is lost.
        """
        return self._known.remove(str(network_of(network)))

    def _index(self, entries: Mapping[str, Entry]) -> None:
        blocks = [entry for entry in entries.values() if isinstance(entry, Block)]
        found = {ipaddress.ip_network(block.network): block for block in blocks}
        self._lengths = tuple(sorted({(network.version, network.prefixlen) for network in found}))
        self._blocks = found
        self._indexed = entries  # last: a thread that sees it finds the rest in place


def _network_of(address: Address, length: int) -> Network:
    if isinstance(address, ipaddress.IPv4Address):
        return ipaddress.IPv4Network((int(address) >> (32 - length) << (32 - length), length))
    return ipaddress.IPv6Network((int(address) >> (128 - length) << (128 - length), length))


def blocklist() -> Blocklist:
    """Return the block list of the limiter that the settings describe, one for the process."""
    return _blocklist(known())


@lru_cache(maxsize=8)
def _blocklist(source: Known) -> Blocklist:
    return Blocklist(source)
