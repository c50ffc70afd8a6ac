"""Counts events by hour, each once, so that a chart costs the same at ten thousand events and at ten million."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db import connections
from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncHour

from .floods import source_of
from .following import reading
from .models import Event, Facet, HourlyCount, Outcome

NAME = "rollup"
BATCH = 20_000
ROWS_A_STATEMENT = 500
#: So many sources of an hour are told apart for good, and twice as many for now: the addresses of a botnet are not
#: bounded, and a ranking reads those of a month. Whoever was never among the first hundred of an hour is no top source.
SOURCES_AN_HOUR = 100
_COLUMNS = ("hour", "facet", "type", "outcome", "value", "count")
Row = tuple[Any, ...]
#: The hour, type and outcome of events, and where they came from: an IPv4 address, or the /64 of an IPv6 address.
Source = tuple[datetime, str, str, str]


def count_new(alias: str) -> int:
    """Count the events that were not counted yet, and return how many there were."""
    done = 0
    while True:
        with reading(NAME, alias) as log:
            events = log.next_range(BATCH)
            rows = list(counted(events))
            add(rows, alias)
        if not rows:
            return done
        done += sum(row[-1] for row in rows if row[1] == Facet.ALL)


def counted(events: QuerySet[Event]) -> Iterator[Row]:
    """Yield hour, facet, type, outcome, value and how many of ``events`` share them."""
    by_hour = events.order_by().annotate(hour=TruncHour("ts", tzinfo=UTC))
    for hour, kind, outcome, count in by_hour.values_list("hour", "type", "outcome").annotate(Sum("count")):
        yield hour, Facet.ALL, kind, outcome, "", count
    faults = by_hour.exclude(outcome=Outcome.SUCCESS)
    for hour, kind, outcome, route, count in faults.values_list("hour", "type", "outcome", "route").annotate(
        Sum("count")
    ):
        yield hour, Facet.ROUTE, kind, outcome, route, count
    sources: Counter[Source] = Counter()
    for hour, kind, outcome, address, count in faults.values_list("hour", "type", "outcome", "src_ip").annotate(
        Sum("count")
    ):
        sources[hour, kind, outcome, source_of(address or "")] += count
    for (hour, kind, outcome, source), count in sources.items():
        yield hour, Facet.SOURCE, kind, outcome, source, count


def add(rows: list[Row], alias: str) -> None:
    """Add counts to those that are stored; what an hour has of sources beyond its largest counts as of none."""
    _add(rows, alias)
    for hour in sorted({row[0] for row in rows if row[1] == Facet.SOURCE}):
        _keep_largest(hour, alias)


def _keep_largest(hour: datetime, alias: str) -> None:
    of_hour = HourlyCount.objects.using(alias).filter(hour=hour, facet=Facet.SOURCE)
    by_source = of_hour.exclude(value="").order_by().values("value").annotate(total=Sum("count"))
    largest = list(by_source.order_by("-total", "value").values_list("value", flat=True)[: 2 * SOURCES_AN_HOUR + 1])
    if len(largest) <= 2 * SOURCES_AN_HOUR:
        return
    others = of_hour.exclude(value__in=["", *largest[:SOURCES_AN_HOUR]])
    sums = list(others.order_by().values_list("type", "outcome").annotate(Sum("count")))
    others.delete()
    _add([(hour, Facet.SOURCE, kind, outcome, "", count) for kind, outcome, count in sums], alias)


def _add(rows: list[Row], alias: str) -> None:
    connection = connections[alias]
    quote, table = connection.ops.quote_name, connection.ops.quote_name(HourlyCount._meta.db_table)  # noqa: SLF001
    columns, key, count = ", ".join(map(quote, _COLUMNS)), ", ".join(map(quote, _COLUMNS[:-1])), quote("count")
    remaining = iter(rows)
    while chunk := list(islice(remaining, ROWS_A_STATEMENT)):
        places = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(chunk))
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({columns}) VALUES {places} "  # noqa: S608 - quoted names and placeholders
                f"ON CONFLICT ({key}) DO UPDATE SET {count} = {table}.{count} + excluded.{count}",
                [value for hour, *rest in chunk for value in (connection.ops.adapt_datetimefield_value(hour), *rest)],
            )


def forget(sources: Mapping[Source, int], alias: str) -> None:
    """Count events of known sources as events of none.

    :param sources: how many there are of each.
    """
    unknown: Counter[Row] = Counter()
    for (hour, kind, outcome, source), count in sources.items():
        counts = HourlyCount.objects.using(alias).filter(hour=hour, facet=Facet.SOURCE, type=kind, outcome=outcome)
        of_source = counts.filter(value=source)
        stored = of_source.values_list("count", flat=True).first() or 0
        if stored > count:
            of_source.update(count=stored - count)
        else:
            of_source.delete()
        unknown[hour, Facet.SOURCE, kind, outcome, ""] += min(count, stored)
    add([(*key, count) for key, count in unknown.items() if count], alias)
