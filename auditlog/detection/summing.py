"""Windows of keys that every event may have part in: a flood fills them with hundreds of thousands of events.

The database counts what lies in such a window before a batch; read are only the events that come in with the batch and
those that fall out meanwhile. So each event is read twice, however many lie between.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, F, Func, Min, Q, QuerySet, Sum
from django.db.models.sql.compiler import SQLCompiler

from ..lookups import Within
from ..models import Event
from .findings import EVIDENCE, OVERALL, SUBNET, Finding, Row, key_of, rows

#: Keys that no column holds.
COMPUTED = frozenset({OVERALL, SUBNET})
#: For so many findings of a batch, events from before it are named as evidence; each costs a query.
_MOST = 20


class _Neighbour(Func):
    """An address that stands for its /24, or for its /64; on SQLite an IPv6 address stands for itself."""

    output_field = CharField()

    def __init__(self) -> None:
        super().__init__(F("src_ip"))

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        template = (
            "CASE WHEN instr(%(expressions)s, ':') THEN %(expressions)s"
            " ELSE rtrim(%(expressions)s, '0123456789') || '0' END"
        )
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        length = "CASE family(%(expressions)s) WHEN 4 THEN 24 ELSE 64 END"
        template = f"host(network(set_masklen(%(expressions)s, {length})))"
        return self.as_sql(compiler, connection, template=template, **context)


@dataclass
class _Window:
    count: int
    first_ts: datetime


def crossings(
    log: QuerySet[Event], new: Sequence[Row], by: str, *, window: timedelta, limit: int
) -> dict[str, Finding]:
    """Return, by key, where ``limit`` events within the window are reached by one of ``new``.

    :param log: all events that count.
    :param new: of them those of the batch, oldest first, at least one.
    :param by: `OVERALL` or `SUBNET`.
    """
    began, ended, fresh = new[0].ts, new[-1].ts, {row.uuid for row in new}
    before = log.filter(ts__gt=began - window, ts__lt=began)
    windows = _summed(before, by, {row.key for row in new})
    leaving = deque(rows(log.filter(ts__gt=began - window, ts__lte=ended - window), by))
    found: dict[str, Finding] = {}
    for row in rows(log.filter(ts__gte=began, ts__lte=ended), by):
        while leaving and leaving[0].ts <= row.ts - window:
            old = leaving.popleft()
            if old.key in windows:  # of those that the batch is about
                windows[old.key].count -= old.count
        held = windows.setdefault(row.key, _Window(0, row.ts))
        held.count += row.count
        if held.count >= limit and row.uuid in fresh:
            first_ts = max(held.first_ts, row.ts - window)
            found.setdefault(row.key, Finding(row.key, 0, first_ts, row.ts, new=0)).join(row.ts, row.uuid, held.count)
    for known in list(found.values())[:_MOST]:
        earlier = _of_key(before.filter(ts__gte=known.first_ts), known.key).order_by("ts", "seq")
        known.evidence = [*earlier.values_list("uuid", flat=True)[:EVIDENCE], *known.evidence][:EVIDENCE]
    return found


def _summed(events: QuerySet[Event], by: str, keys: set[str]) -> dict[str, _Window]:
    found: dict[str, _Window] = {}
    for key, count, first_ts in _groups(events, by, keys):
        if key not in keys:
            continue
        held = found.setdefault(key, _Window(0, first_ts))
        held.count, held.first_ts = held.count + count, min(held.first_ts, first_ts)
    return found


def _groups(events: QuerySet[Event], by: str, keys: set[str]) -> Iterator[tuple[str, int, datetime]]:
    facts: dict[str, Any] = {"total": Sum("count"), "first": Min("ts")}
    if by == OVERALL:
        all_of_them = events.aggregate(**facts)
        if all_of_them["total"]:
            yield OVERALL, all_of_them["total"], all_of_them["first"]
        return
    networks = [ip_network(key) for key in keys]
    near = Q(neighbour__in=[str(network.network_address) for network in networks])
    if any(network.version == 6 for network in networks):
        near |= Q(src_ip__contains=":")
    found = events.exclude(src_ip=None).order_by().annotate(neighbour=_Neighbour()).filter(near)
    for neighbour, count, first_ts in found.values_list("neighbour").annotate(**facts):
        yield key_of(by, neighbour), count, first_ts


def _of_key(events: QuerySet[Event], key: str) -> QuerySet[Event]:
    return events if key == OVERALL else events.filter(Within(ip_network(key)))
