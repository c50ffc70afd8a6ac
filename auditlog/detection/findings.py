"""What a detector finds, and what it looks at."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db.models import F, Q, QuerySet

from ..floods import source_of
from ..lookups import Within
from ..models import Event

#: How many events an alert names.
EVIDENCE = 20
#: The key that stands for everybody.
OVERALL = "overall"
SUBNET = "subnet"
ADDRESS = "src_ip"
#: Beyond so many IPv6 networks, a query asks for all of them, and more is read than is looked for.
_MOST_NETWORKS = 50


@dataclass(frozen=True)
class Match:
    """Which events a rule is about.

    :param types: names of event types; a name that ends in `*` stands for all that begin so.
    :param where: further conditions on columns of the event.
    """

    types: tuple[str, ...]
    where: Q = field(default_factory=Q)

    def q(self) -> Q:
        """Return the condition for a query."""
        named = Q(type__in=[name for name in self.types if not name.endswith("*")])
        for name in self.types:
            if name.endswith("*"):
                named |= Q(type__startswith=name[:-1])
        return named & self.where

    def concerns(self, types: Iterable[str]) -> bool:
        """Say whether events of any of ``types`` can match."""
        return any(
            found == name or (name.endswith("*") and found.startswith(name[:-1]))
            for found in types
            for name in self.types
        )


@dataclass
class Finding:
    """Something found, about one key.

    :ivar key: the address, account, tenant, or what else the rule counts by.
    :ivar count: how many events (or different values) there were.
    :ivar new: how many of the events are of this batch: what an alert grows by that was raised before.
    """

    key: str
    count: int
    first_ts: datetime
    last_ts: datetime
    evidence: list[UUID] = field(default_factory=list)
    note: str = ""
    new: int = 1

    def join(self, ts: datetime, uuid: UUID, count: int) -> None:
        """Add one more event."""
        self.count, self.last_ts = max(self.count, count), ts
        if len(self.evidence) < EVIDENCE:
            self.evidence.append(uuid)


@dataclass(frozen=True)
class Row:
    """An event as detectors see it."""

    ts: datetime
    uuid: UUID
    count: int
    key: str
    value: Any = None


@dataclass(frozen=True)
class Batch:
    """The events that are new, and the log they stand in."""

    new: QuerySet[Event]
    log: QuerySet[Event]
    types: frozenset[str]

    def around(self, new: Sequence[Row], match: Match, by: str, window: timedelta) -> QuerySet[Event]:
        """Return what of the log matches, has a key of ``new`` rows, and lies within the window before one of them.

        :param new: oldest first, at least one.
        """
        keys = of_keys(by, {row.key for row in new})
        return self.log.filter(match.q(), keys, ts__gt=new[0].ts - window, ts__lte=new[-1].ts)


@dataclass(frozen=True)
class Tunable:
    """What can be set for a detector from outside.

    :ivar limit: from how many on it speaks.
    :ivar window: within what time.
    :cvar TUNED_BY: which of both it asks for.
    """

    TUNED_BY: ClassVar[frozenset[str]] = frozenset({"limit", "window"})
    limit: int = 1
    window: timedelta = timedelta(minutes=10)

    def tuned(self, limit: int | None, window: timedelta | None) -> Self:
        """Return the detector with what is given; the rest stays."""
        return replace(self, limit=limit or self.limit, window=window or self.window)


def key_of(by: str, found: Any) -> str:
    """Return the key of an event whose column ``by`` holds ``found``; empty: it has none, and is not counted."""
    if by == OVERALL:
        return OVERALL
    if by == SUBNET:
        return subnet(str(found or ""))
    if by == ADDRESS:
        return source_of(str(found or ""))  # who has one IPv6 address has the 2**64 beside it
    return str(found or "")


def subnet(address: str) -> str:
    """Return the /24 or /64 that an address lies in."""
    found = source_of(address)
    return found if not found or "/" in found else str(ip_network(f"{found}/24", strict=False))


def rows(events: QuerySet[Event], by: str, value: str = "") -> Iterator[Row]:
    """Yield events, oldest first, by the column or `data__` path ``by``; those without a key are left out."""
    column = {OVERALL: "src_ip", SUBNET: "src_ip"}.get(by, by)
    ordered = events.order_by("ts", "seq")
    for ts, uuid, count, key, *rest in ordered.values_list(
        "ts", "uuid", "count", F(column), *([F(value)] if value else [])
    ):
        if name := key_of(by, key):
            yield Row(ts, uuid, count, name, rest[0] if rest else None)


def of_keys(by: str, keys: Iterable[str]) -> Q:
    """Return the condition that an event has one of ``keys``; none where keys are computed."""
    if by in {OVERALL, SUBNET}:
        return Q()
    wanted = list(keys)
    networks = [ip_network(key) for key in wanted if "/" in key] if by == ADDRESS else []
    if not networks:
        return Q(**{f"{by}__in": wanted})
    found = Q(src_ip__in=[key for key in wanted if "/" not in key])
    if len(networks) > _MOST_NETWORKS:
        return found | Q(src_ip__contains=":")
    for network in networks:
        found |= Q(Within(network))
    return found
