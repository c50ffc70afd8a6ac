"""The figures of the dashboard, from the hourly counts: they cost the same whatever the length of the log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncDay, TruncHour

from . import rollup
from .meanings import Meaning, types_of
from .models import Facet, Follower, HourlyCount, Outcome

#: How many types stand apart; the others are one. How many rows a ranking has.
SERIES, RANKED = 5, 8
OTHER = "other"


@dataclass(frozen=True)
class Period:
    """A span of time, cut into steps of equal length."""

    name: str
    length: timedelta
    step: timedelta

    def steps(self, now: datetime) -> list[datetime]:
        """Return the beginnings of the steps, oldest first; the last one holds ``now``."""
        size = self.step.total_seconds()
        last = datetime.fromtimestamp(now.timestamp() // size * size, tz=UTC)
        count = self.length // self.step
        return [last - self.step * number for number in range(count - 1, -1, -1)]


PERIODS = {
    "24h": Period("24h", timedelta(hours=24), timedelta(hours=1)),
    "7d": Period("7d", timedelta(days=7), timedelta(hours=6)),
    "30d": Period("30d", timedelta(days=30), timedelta(days=1)),
}


@dataclass(frozen=True)
class Series:
    """One kind of thing over time: a count for each step."""

    name: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class Rank:
    name: str
    count: int


@dataclass(frozen=True)
class Figures:
    """Everything that the dashboard shows."""

    period: Period
    steps: list[datetime]
    by_type: list[Series]
    failed_logins: list[Series]
    limited: list[Series]
    sources: list[Rank]
    routes: list[Rank]
    counted_to: datetime | None


def figures(period: Period, now: datetime) -> Figures:
    """Read the figures of a period that ends with ``now``, with four queries."""
    steps = period.steps(now)
    counts = HourlyCount.objects.filter(hour__gte=steps[0], hour__lte=now)
    step = TruncDay("hour", tzinfo=UTC) if period.step >= timedelta(days=1) else TruncHour("hour", tzinfo=UTC)
    by_step = counts.filter(facet=Facet.ALL).order_by().values_list("type", "outcome", step).annotate(Sum("count"))
    whole, logins, limits = list(by_step), types_of(Meaning.LOGGED_ON), types_of(Meaning.LIMITED)
    denials = counts.filter(facet=Facet.ROUTE, type__in=types_of(Meaning.DENIED, Meaning.REFUSED))
    follower = Follower.objects.filter(name=rollup.NAME).first()
    return Figures(
        period,
        steps,
        _largest(_over_time(whole, period, steps)),
        _over_time([row for row in whole if row[0] in logins and row[1] != Outcome.SUCCESS], period, steps),
        _over_time([row for row in whole if row[0] in limits], period, steps),
        _ranking(counts.filter(facet=Facet.SOURCE)),
        _ranking(denials),
        follower.ts if follower else None,
    )


def _over_time(rows: Iterable[Any], period: Period, steps: list[datetime]) -> list[Series]:
    """Return a series for each type, by name, of rows of type, outcome, moment and count."""
    counts: dict[str, list[int]] = {}
    for kind, _outcome, moment, count in rows:
        counts.setdefault(kind, [0] * len(steps))[(moment - steps[0]) // period.step] += count
    return [Series(name, tuple(counts[name])) for name in sorted(counts)]


def _largest(series: list[Series]) -> list[Series]:
    """Keep the types with most events; the others together are one more."""
    ordered = sorted(series, key=lambda found: (-found.total, found.name))
    if len(ordered) <= SERIES + 1:
        return ordered
    rest = tuple(map(sum, zip(*(found.counts for found in ordered[SERIES:]), strict=True)))
    return [*ordered[:SERIES], Series(OTHER, rest)]


def _ranking(counts: QuerySet[HourlyCount]) -> list[Rank]:
    found = counts.exclude(value="").order_by().values_list("value").annotate(total=Sum("count"))
    return [Rank(name, count) for name, count in found.order_by("-total", "value")[:RANKED]]
