"""What people and incident response do, each told by a signal: block, unblock, disable, enable."""

import math
from typing import Any

from .. import signals
from ..telling import tell_done
from .blocklist import blocklist
from .entries import Block, DisabledRoute, blockable, network_of
from .known import known
from .routes import routes, switchable


def block(
    network: str, *, seconds: float = 0, reason: str, user: Any = None, request: Any = None, dry_run: bool = False
) -> Block:
    """Block a network or address for every process, from its next request on, and return the block.

    :param network: `203.0.113.0/24`, or an address; an IPv6 address stands for its /64.
    :param seconds: for how long; 0: until it is lifted.
    :param reason: for those who run the service.
    :param user: who does it; None: a program.
    :param request: what it is done for, or None.
    :param dry_run: only check that it could be done.
    :raises ValueError: it cannot be blocked, or the time is none.
    :raises StoreUnavailable: the shared store is lost; nobody is blocked.
    """
    _check_seconds(seconds)
    wanted = str(blockable(network))
    if dry_run:
        return Block(wanted, known().clock() + seconds if seconds else 0, reason)
    made = blocklist().add(network, seconds=seconds, reason=reason)
    tell_done(signals.network_blocked, Block, user, request, network=wanted, seconds=seconds, reason=reason)
    return made


def unblock(network: str, *, reason: str = "", user: Any = None, request: Any = None, dry_run: bool = False) -> bool:
    """Lift the block of exactly this network, and say whether there was one.

    :raises ValueError: it is no network or address.
    :raises StoreUnavailable: the shared store is lost; the block holds.
    """
    wanted = str(network_of(network))
    if dry_run:
        known().learn()
        return any(each.network == wanted for each in blocklist().current())
    was_there = blocklist().remove(network)
    if was_there:
        tell_done(signals.network_unblocked, Block, user, request, network=wanted, reason=reason)
    return was_there


def disable(
    name: str, *, seconds: float = 0, reason: str, user: Any = None, request: Any = None, dry_run: bool = False
) -> DisabledRoute:
    """Disable a route for every process, from its next request on: it is answered 503. Return what was made.

    :param name: the route's name in the URLconf, or a namespace.
    :param seconds: for how long; 0: until it is enabled.
    :param reason: for those who run the service.
    :raises ValueError: no route has the name, or the time is none.
    :raises StoreUnavailable: the shared store is lost; the route is served.
    """
    _check_seconds(seconds)
    if dry_run:
        return DisabledRoute(switchable(name), known().clock() + seconds if seconds else 0, reason)
    made = routes().disable(name, seconds=seconds, reason=reason)
    tell_done(signals.route_disabled, DisabledRoute, user, request, route=name, seconds=seconds, reason=reason)
    return made


def enable(name: str, *, reason: str = "", user: Any = None, request: Any = None, dry_run: bool = False) -> bool:
    """Serve a route again, and say whether it was disabled.

    :raises StoreUnavailable: the shared store is lost; the route stays as it is.
    """
    if dry_run:
        known().learn()
        return any(each.name == name for each in routes().current())
    was_there = routes().enable(name)
    if was_there:
        tell_done(signals.route_enabled, DisabledRoute, user, request, route=name, reason=reason)
    return was_there


def _check_seconds(seconds: float) -> None:
    if not math.isfinite(seconds) or seconds < 0:
        msg = f"{seconds!r} is no time: it takes seconds, or 0 for no end."
        raise ValueError(msg)
