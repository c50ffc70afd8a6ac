"""The address a request came from: the one place that reads forwarded headers."""

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from .conf import conf
from .context import django_request

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Hops that are read before the rest of a forwarded header is ignored: no real chain is longer.
MAX_HOPS = 32
#: One element of `Forwarded` (RFC 7239, section 4), backwards: what a proxy adds on the right is well-formed, while a
#: quote on the left, where the client writes, may never end. A comma between quotes divides nothing.
_BACKWARDS = re.compile(r"""((?:"(?:[^"]|"\\)*+"(?!\\)|[^",])*+)(?:,|\Z)""")
_PAIR = re.compile(r"""\s*+([^=;"\s]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"|[^;"\s]*+)\s*+(?:;|\Z)""")


def client_ip(request: Any) -> str:
    """Return the address of the client, in its shortest spelling; empty when the server does not know one.

    The address of the connection counts, unless it belongs to `TRUSTED_PROXIES`: then the configured forwarded
    header is read from right to left, up to the first address that is no trusted proxy. What cannot be read ends
    the walk, and the last address before it counts. This function never raises on what a client sends.

    :param request: a Django or REST framework request.
    """
    request = django_request(request)
    known: str | None = vars(request).get("_edge_client_ip")
    if known is None:
        known = vars(request)["_edge_client_ip"] = _walk(request.META)
    return known


def ip_bucket(ip: str) -> str:
    """Return what a limit counts an address under: the address, or the /64 network of an IPv6 one.

    One subscriber holds a whole /64 (RFC 6177), so a limit per IPv6 address would be no limit.
    """
    address = parse_address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
    return ip


def is_from_proxy(request: Any) -> bool:
    """Say whether the connection comes from one of `TRUSTED_PROXIES`."""
    here = parse_address(str(django_request(request).META.get("REMOTE_ADDR", "")))
    return here is not None and is_within(here, networks(tuple(conf.trusted_proxies)))


def _walk(meta: dict[str, Any]) -> str:
    here = parse_address(meta.get("REMOTE_ADDR", ""))
    if here is None:
        return ""
    trusted = networks(tuple(conf.trusted_proxies))
    if trusted and is_within(here, trusted):
        for hop in _hops(meta):
            address = parse_address(hop)
            if address is None:
                break
            here = address
            if not is_within(here, trusted):
                break
    return str(here)


def _hops(meta: dict[str, Any]) -> list[str]:
    """Return the forwarded addresses, nearest first."""
    name = conf.forwarded_header
    value = str(meta.get(f"HTTP_{name.upper().replace('-', '_')}", ""))
    if name.lower() == "forwarded":
        return [_for_of(element) for element in _elements(value)]
    return value.rsplit(",", MAX_HOPS)[::-1][:MAX_HOPS] if value else []


def _elements(value: str) -> Iterator[str]:
    """Yield the elements of a `Forwarded`, the last first; an empty one, and no more, where it cannot be read."""
    backwards, at = value[::-1], 0
    for _ in range(MAX_HOPS):
        found = _BACKWARDS.match(backwards, at)
        yield found[1][::-1] if found else ""
        if found is None or found.end() == len(backwards):
            return
        at = found.end()


def _for_of(element: str) -> str:
    """Return what an element says of the client; empty where it says nothing, or cannot be read."""
    pair = _PAIR.match(element)
    while pair and pair[1].lower() != "for":
        pair = _PAIR.match(element, pair.end())
    return pair[2].strip('"') if pair else ""


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address | None:
    """Return the address in ``text``, which may carry a port or brackets, or None.

    IPv4 addresses mapped into IPv6 come out as IPv4, so that one client has one spelling.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id:
            address = ipaddress.IPv6Address(int(address))
        return address.ipv4_mapped or address
    return address


@lru_cache(maxsize=64)
def networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Return the networks that ``texts`` spell.

    :raises ValueError: one of them is no network (host bits set count as an error).
    """
    return tuple(ipaddress.ip_network(text) for text in texts)


def is_within(address: Address, among: tuple[Network, ...]) -> bool:
    """Say whether ``address`` belongs to one of the networks."""
    return any(address in network for network in among)
