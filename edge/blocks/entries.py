"""What is refused: a network, or a route."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

from ..client_ip import Network, ip_bucket, networks, parse_address
from ..conf import conf

#: Networks wider than these hold too many who did nothing.
_WIDEST = {4: 8, 6: 20}


@dataclass(frozen=True, slots=True)
class Block:
    """A network that is refused.

    :param network: as `203.0.113.0/24`.
    :param until: seconds since 1970 (UTC) when it ends; 0: never.
    :param reason: for those who run the service; nobody outside is told.
    """

    network: str
    until: float = 0
    reason: str = ""

    @property
    def key(self) -> str:
        """What it is kept under."""
        return self.network

    def holds(self, now: float) -> bool:
        """Say whether the block still holds."""
        return not self.until or self.until > now


@dataclass(frozen=True, slots=True)
class DisabledRoute:
    """A route that nobody is served.

    :param name: the route's name in the URLconf, or the namespace of several.
    :param until: seconds since 1970 (UTC) when it is served again; 0: when somebody says so.
    :param reason: for those who run the service; nobody outside is told.
    """

    name: str
    until: float = 0
    reason: str = ""

    @property
    def key(self) -> str:
        """What it is kept under; no network has this form."""
        return f"route:{self.name}"

    def holds(self, now: float) -> bool:
        """Say whether the route is still disabled."""
        return not self.until or self.until > now


Entry = Block | DisabledRoute


def check_entry(entry: object) -> None:
    """Check what somebody else has kept.

    :raises ValueError: it blocks no network.
    :raises TypeError: it is no entry.
    """
    if isinstance(entry, Block):
        ipaddress.ip_network(entry.network)
    elif not isinstance(entry, DisabledRoute):
        msg = f"{entry!r} is neither a block nor a disabled route."
        raise TypeError(msg)


def network_of(text: str) -> Network:
    """Return the network that ``text`` names: a network, or an address. An IPv6 address stands for its /64.

    IPv4 inside IPv6 is IPv4, as it is in the addresses of clients.

    :raises ValueError: it names none.
    """
    address = parse_address(text) if "/" not in text else None
    network = ipaddress.ip_network(ip_bucket(str(address)) if address else text)
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    return network if mapped is None else ipaddress.ip_network((int(mapped), max(0, network.prefixlen - 96)))


def blockable(text: str) -> Network:
    """Return the network that ``text`` names, where it may be blocked.

    :raises ValueError: it is none, it is a large part of the internet, or it holds a trusted proxy or exempt network:
        a block on a proxy is a block on everybody.
    """
    network = network_of(text)
    if network.prefixlen < _WIDEST[network.version]:
        msg = f"{network} is too much of the internet to block."
        raise ValueError(msg)
    for kept in networks((*conf.trusted_proxies, *conf.exempt_networks)):
        if kept.version == network.version and kept.overlaps(network):
            msg = f"{network} overlaps {kept}, which is a trusted proxy or exempt."
            raise ValueError(msg)
    return network


def route_names() -> set[str]:
    """Return the names that a route can be disabled by: of routes, and of the namespaces that hold several."""
    return set(_names(get_resolver().url_patterns, ""))


def _names(patterns: Iterable[URLPattern | URLResolver], prefix: str) -> Iterable[str]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            if pattern.name:
                yield prefix + pattern.name
        elif pattern.namespace:
            yield prefix + pattern.namespace
            yield from _names(pattern.url_patterns, f"{prefix}{pattern.namespace}:")
        else:
            yield from _names(pattern.url_patterns, prefix)
