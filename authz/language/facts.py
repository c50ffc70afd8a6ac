"""Conditions on the user and the request alone: decided once, in Python, before any row is looked at."""

# ruff: noqa: SLF001  (`_meta` is Django's documented face of a model)

import operator
from collections.abc import Callable
from datetime import datetime, time
from ipaddress import IPv4Network, IPv6Network
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth import get_user_model

from ..conf import conf
from .kinds import TEXT, comparable, kind_of
from .nodes import Affix, Between, Compare, Literal, Me, Member, Node, Operand, Operator, Part, This, Within
from .sites import PolicyError, Site
from .values import Fetch, Source, demand_choice, me_as, source_of

_PYTHON: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.eq,
    Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_OR_EQUAL: operator.ge,
}


_A_TEXT = Source("a text", lambda _principal: "", TEXT)


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


def _sides(one: Operand, other: Operand, site: Site) -> tuple[Source, Source]:
    """Return how to fetch both sides of a condition.

    :raises PolicyError: the two can never be equal, or only by accident.
    """
    left = _term(one, site)
    right = _term(other, site, beside=left)
    if left.kind is not None and right.kind is not None and not comparable(left.kind, right.kind):
        raise PolicyError(f"{left.text} is a {left.kind.name}, {right.text} a {right.kind.name}.", site)
    if left.related is not None and right.related not in {left.related, None}:
        raise PolicyError(f"{left.text} and {right.text} are keys of different models.", site)
    return left, right


def _term(operand: Operand, site: Site, beside: Source | None = None) -> Source:
    """Return how to fetch a side; a literal becomes what the other side is, so that a key written as text is a key."""
    if isinstance(operand, Literal):
        value, kind = _adapted(operand.value, beside, site), beside.kind if beside else None
        return Source(str(operand), lambda _principal: value, kind, many=isinstance(value, tuple))
    if operand == Me(()):
        user = get_user_model()
        return Source("me", me_as("pk").fetch, kind_of(user._meta.pk), user)
    assert not isinstance(operand, This)  # noqa: S101  (is_fact)
    return source_of(operand, site)


def _adapted(value: object, beside: Source | None, site: Site) -> Any:
    if isinstance(value, tuple):
        return tuple(_adapted(item, beside, site) for item in value)
    if beside is None or beside.kind is None or value is None:
        return value
    try:
        adapted = beside.kind.adapt(value)
    except TypeError as error:
        raise PolicyError(f"{error}.", site) from None
    demand_choice(beside.text, beside.choices, adapted, site)
    return adapted


def _compare(node: Compare) -> Fetch:
    left, right = _sides(node.left, node.right, node.site)
    if left.many or right.many:
        raise PolicyError("A collection of `me` is asked with in_().", node.site)
    one, other = left.fetch, right.fetch
    if _is_none(node.left) or _is_none(node.right):
        if node.operator not in {Operator.EQUAL, Operator.NOT_EQUAL}:
            raise PolicyError(f"Nothing is {node.operator} None: only == and != ask for it.", node.site)
        absent = node.operator is Operator.EQUAL
        fetch = other if _is_none(node.left) else one
        return lambda principal: (fetch(principal) is None) is absent
    compare, negated = _PYTHON[node.operator], node.operator is Operator.NOT_EQUAL

    def test(principal: Any) -> bool:
        value, beside = one(principal), other(principal)
        return (value is not None and beside is not None and compare(value, beside)) is not negated

    return test


def _is_none(operand: Operand) -> bool:
    return isinstance(operand, Literal) and operand.value is None


def _affix(node: Affix) -> Fetch:
    whole, part = _term(node.left, node.site), _term(node.right, node.site, beside=_A_TEXT)
    for side in (whole, part):
        if side.many or side.kind not in {TEXT, None}:
            raise PolicyError(f"{side.text} is no text.", node.site)

    def test(principal: Any) -> bool:
        text, affix = whole.fetch(principal), part.fetch(principal)
        if text is None or affix is None:
            return False
        return bool(text.startswith(affix) if node.part is Part.PREFIX else text.endswith(affix))

    return test


def _member(node: Member) -> Fetch:
    left, items = _sides(node.left, node.items, node.site)
    if left.many:
        raise PolicyError(f"{left.text} has many values: put one on the left of in_().", node.site)
    if items.kind is not None and not items.many:
        raise PolicyError(f"{items.text} is one value: compare it with ==.", node.site)
    literal = isinstance(node.items, Literal)

    def test(principal: Any) -> bool:
        value, members = left.fetch(principal), items.fetch(principal)
        if isinstance(members, str):
            raise TypeError("a text is no collection")
        return (literal or value is not None) and value in (members or ())

    return test
