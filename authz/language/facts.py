"""Conditions on the user and the request alone: decided once, in Python, before any row is looked at."""

import operator
from collections.abc import Callable
from datetime import datetime, time
from ipaddress import IPv4Network, IPv6Network
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..conf import conf
from .kinds import Kind, comparable
from .nodes import Affix, Between, Compare, Literal, Me, Member, Node, Operand, Operator, Part, This, Within
from .sites import PolicyError, Site
from .values import Fetch, source_of

_PYTHON: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.eq,
    Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_OR_EQUAL: operator.ge,
}


def is_fact(node: Node) -> bool:
    """Tell whether a condition speaks of the user and the request only."""
    match node:
        case Within() | Between():
            return True
        case Compare() | Affix():
            return not isinstance(node.left, This) and not isinstance(node.right, This)
        case Member():
            return not isinstance(node.left, This) and not isinstance(node.items, This)
    return False


def compile_fact(node: Node) -> Fetch:
    """Return the condition as a function of the principal.

    :raises PolicyError: its values cannot compare.
    """
    match node:
        case Within():
            return _within(node.networks)
        case Between():
            return _between(node.start, node.end, node.zone, node.site)
        case Compare():
            return _compare(node)
        case Affix():
            return _affix(node)
        case Member():
            return _member(node)
    raise TypeError(node)


def _within(networks: tuple[IPv4Network | IPv6Network, ...]) -> Fetch:
    ranges = [(net.version, int(net.network_address), int(net.netmask)) for net in networks]

    def within(principal: Any) -> bool:
        address = principal.env.address
        if address is None:
            return False
        number = int(address)
        return any(version == address.version and number & mask == start for version, start, mask in ranges)

    return within


def _between(start: time, end: time, zone: str, site: Site) -> Fetch:
    try:
        stated = ZoneInfo(zone) if zone else None
    except (ZoneInfoNotFoundError, ValueError):
        raise PolicyError(f"There is no time zone {zone!r}.", site) from None

    def between(principal: Any) -> bool:
        now: datetime = principal.env.now
        clock = now.astimezone(stated or ZoneInfo(conf.time_zone)).time()
        return start <= clock < end if start < end else clock >= start or clock < end

    return between


def _side(operand: Operand, site: Site) -> tuple[Fetch, Kind | None, bool]:
    if isinstance(operand, Literal):
        value = operand.value
        return (lambda _principal: value), None, False
    if operand == Me(()):
        return (lambda principal: principal.user.pk if principal.known else None), None, False
    assert not isinstance(operand, This)  # noqa: S101  (is_fact)
    source = source_of(operand, site)
    return source.fetch, source.kind, source.many


def _compare(node: Compare) -> Fetch:
    left, left_kind, left_many = _side(node.left, node.site)
    right, right_kind, right_many = _side(node.right, node.site)
    if left_many or right_many:
        raise PolicyError("A collection of `me` is asked with in_().", node.site)
    _agree(node, left_kind, right_kind)
    if _is_none(node.left) or _is_none(node.right):
        if node.operator not in {Operator.EQUAL, Operator.NOT_EQUAL}:
            raise PolicyError(f"Nothing is {node.operator} None: only == and != ask for it.", node.site)
        absent = node.operator is Operator.EQUAL
        fetch = right if _is_none(node.left) else left
        return lambda principal: (fetch(principal) is None) is absent
    compare, negated = _PYTHON[node.operator], node.operator is Operator.NOT_EQUAL

    def test(principal: Any) -> bool:
        one, other = left(principal), right(principal)
        return (one is not None and other is not None and compare(one, other)) is not negated

    return test


def _is_none(operand: Operand) -> bool:
    return isinstance(operand, Literal) and operand.value is None


def _agree(node: Compare, left: Kind | None, right: Kind | None) -> None:
    """Refuse values that can never compare: two kinds, or a literal that is not of the other's kind."""
    for kind, other in ((left, node.right), (right, node.left)):
        if kind is None or not isinstance(other, Literal) or other.value is None:
            continue
        try:
            kind.adapt(other.value)
        except TypeError as error:
            raise PolicyError(f"{node.left} {node.operator} {node.right}: {error}.", node.site) from None
    if left is not None and right is not None and not comparable(left, right):
        raise PolicyError(f"{node.left} is a {left.name}, {node.right} a {right.name}.", node.site)


def _affix(node: Affix) -> Fetch:
    left, _, _ = _side(node.left, node.site)
    right, _, _ = _side(node.right, node.site)

    def test(principal: Any) -> bool:
        text, part = left(principal), right(principal)
        if text is None or part is None:
            return False
        return bool(text.startswith(part) if node.part is Part.PREFIX else text.endswith(part))

    return test


def _member(node: Member) -> Fetch:
    left, _, _ = _side(node.left, node.site)
    items, _, _ = _side(node.items, node.site)
    literal = isinstance(node.items, Literal)

    def test(principal: Any) -> bool:
        value, members = left(principal), items(principal)
        if isinstance(members, str):
            raise TypeError("a text is no collection")
        return (literal or value is not None) and value in (members or ())

    return test
