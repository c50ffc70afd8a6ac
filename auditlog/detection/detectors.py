"""The ways to look at events: how many, how many different ones, more than usual, one after others, a first time."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db.models import F, Min, QuerySet, Sum

from ..models import Event
from .findings import Batch, Finding, Match, Row, Tunable, key_of, of_keys, rows
from .summing import COMPUTED, crossings

#: The column that tells which account an event is about.
ACCOUNT = "actor_id"
#: How often somebody mistypes a password before getting it right.
SLIPS = 3


def without_slips(failed: Iterable[Row], succeeded: Iterable[Row]) -> list[Row]:
    """Leave out the few failures of an account that succeeds from the same place after them: people mistype, and those
    of an office share an address. Whoever tries stolen passwords fails with other accounts than those that open.

    :param failed: with the account as the value, as ``succeeded``, whose rows come oldest first.
    """
    last = {(row.key, row.value): row.ts for row in succeeded if row.value}
    kept = list(failed)
    count: Counter[tuple[str, Any]] = Counter()
    for row in kept:
        count[row.key, row.value] += row.count
    return [
        row
        for row in kept
        if count[row.key, row.value] > SLIPS or (row.key, row.value) not in last or last[row.key, row.value] < row.ts
    ]


@dataclass(frozen=True, kw_only=True)
class Each(Tunable):
    """Every matching event is a finding."""

    TUNED_BY: ClassVar[frozenset[str]] = frozenset()
    match: Match
    by: str

    def findings(self, batch: Batch) -> Iterator[Finding]:
        found: dict[str, Finding] = {}
        for row in rows(batch.new.filter(self.match.q()), self.by):
            known = found.setdefault(row.key, Finding(row.key, 0, row.ts, row.ts))
            known.join(row.ts, row.uuid, known.count + row.count)
            known.new = known.count
        yield from found.values()


@dataclass(frozen=True, kw_only=True)
class Threshold(Tunable):
    """`limit` events of one key, or events with so many different values of `distinct`, within a sliding window.

    :ivar forgiven_by: what makes a slip of an account's failures before it; without `distinct`.
    """

    match: Match
    by: str
    distinct: str = ""
    forgiven_by: Match | None = None

    def findings(self, batch: Batch) -> Iterator[Finding]:
        new = list(rows(batch.new.filter(self.match.q()), self.by))
        if not new:
            return
        found = self._crossings(batch, new)
        for row in new:
            if row.key in found:
                found[row.key].new += row.count
        yield from found.values()

    def _crossings(self, batch: Batch, new: list[Row]) -> dict[str, Finding]:
        if self.by in COMPUTED and not self.distinct:
            log = batch.log.filter(self.match.q())
            return crossings(log, new, self.by, window=self.window, limit=self.limit)
        fresh = {row.uuid for row in new}
        within = batch.around(new, self.match, self.by, self.window)
        windows: dict[str, _Window] = defaultdict(lambda: _Window(self.window, counts_values=bool(self.distinct)))
        found: dict[str, Finding] = {}
        for row in self._counted(batch, new, within):
            window = windows[row.key]
            window.add(row)
            if window.count >= self.limit and row.uuid in fresh:
                if row.key not in found:
                    found[row.key] = window.finding(row.key)
                found[row.key].join(row.ts, row.uuid, window.count)
        return found

    def _counted(self, batch: Batch, new: list[Row], within: QuerySet[Event]) -> Iterable[Row]:
        if self.forgiven_by is None:
            return rows(within, self.by, self.distinct)
        forgiving = batch.around(new, self.forgiven_by, self.by, self.window)
        return without_slips(rows(within, self.by, ACCOUNT), rows(forgiving, self.by, ACCOUNT))


class _Window:
    """The events of one key that lie within the time before the last one."""

    def __init__(self, length: timedelta, *, counts_values: bool) -> None:
        self.length, self.counts_values = length, counts_values
        self.rows: deque[Row] = deque()
        self.total = 0
        self.values: dict[Any, int] = defaultdict(int)

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self.total += row.count
        self.values[str(row.value)] += 1
        while self.rows[0].ts <= row.ts - self.length:
            old = self.rows.popleft()
            self.total -= old.count
            self.values[str(old.value)] -= 1
            if not self.values[str(old.value)]:
                del self.values[str(old.value)]

    @property
    def count(self) -> int:
        return len(self.values) if self.counts_values else self.total

    def finding(self, key: str) -> Finding:
        """Return what is in the window, its last event aside."""
        found = Finding(key, self.count, self.rows[0].ts, self.rows[-1].ts, new=0)
        for row in list(self.rows)[:-1]:
            found.join(row.ts, row.uuid, self.count)
        return found


@dataclass(frozen=True, kw_only=True)
class Spike(Threshold):
    """`limit` events within the window, and `factor` times what the same key had in the time before."""

    factor: float = 5.0
    before: timedelta = timedelta(days=1)

    def findings(self, batch: Batch) -> Iterator[Finding]:
        for found in super().findings(batch):
            usual = self._usual(batch, found)
            if found.count >= self.factor * usual:
                found.note = f"usually {usual:.1f} in that time"
                yield found

    def _usual(self, batch: Batch, found: Finding) -> float:
        """Return how many the key had within one window, on average, before this one began; or enough to be usual."""
        ends, windows = found.first_ts, self.before / self.window
        earlier = batch.log.filter(
            self.match.q(), of_keys(self.by, [found.key]), ts__gt=ends - self.before, ts__lt=ends
        )
        # A flood of a day would be summed with each batch: so many events are no spike any more.
        enough = int(found.count * windows / self.factor) + 1
        total = earlier.order_by()[:enough].aggregate(total=Sum("count"))["total"]
        return float(total or 0) / windows


@dataclass(frozen=True, kw_only=True)
class After(Tunable):
    """An event that follows `limit` others of the same key within the window: a success after failures.

    :ivar forgives: it makes a slip of the others of its account.
    """

    match: Match
    others: Match
    by: str
    forgives: bool = False

    def findings(self, batch: Batch) -> Iterator[Finding]:
        new = list(rows(batch.new.filter(self.match.q()), self.by))
        if not new:
            return
        others = batch.around(new, self.others, self.by, self.window)
        before: dict[str, list[Row]] = defaultdict(list)
        for row in self._counted(batch, new, others):
            before[row.key].append(row)
        for row in new:
            near = [each for each in before[row.key] if row.ts - self.window < each.ts <= row.ts]
            if (total := sum(each.count for each in near)) >= self.limit:
                found = Finding(row.key, total, near[0].ts, row.ts, [row.uuid])
                for each in near:
                    found.join(row.ts, each.uuid, total)
                yield found

    def _counted(self, batch: Batch, new: list[Row], others: QuerySet[Event]) -> Iterable[Row]:
        if not self.forgives:
            return rows(others, self.by)
        forgiving = batch.around(new, self.match, self.by, self.window)
        return without_slips(rows(others, self.by, ACCOUNT), rows(forgiving, self.by, ACCOUNT))


@dataclass(frozen=True, kw_only=True)
class New(Tunable):
    """A value that a known key never showed before: an account's first login from an address, a device, a country.

    A key's very first event is no finding unless ``tells_first``: then everything is new. The window is how far back
    is looked.
    """

    TUNED_BY: ClassVar[frozenset[str]] = frozenset({"window"})
    match: Match
    by: str
    value: str
    tells_first: bool = False

    def findings(self, batch: Batch) -> Iterator[Finding]:
        new = [row for row in rows(batch.new.filter(self.match.q()), self.by, self.value) if row.value]
        if not new:
            return
        known = self._known(batch, new)
        for row in new:
            values = known[row.key]
            if (values or self.tells_first) and row.value not in values:
                yield Finding(row.key, 1, row.ts, row.ts, [row.uuid], note=str(row.value)[:200])
            values.add(row.value)

    def _known(self, batch: Batch, new: list[Row]) -> dict[str, set[Any]]:
        """Return the values that each key showed before its new events, however many times."""
        first: dict[str, datetime] = {}
        for row in new:
            first.setdefault(row.key, row.ts)
        earlier = batch.around(new, self.match, self.by, self.window).order_by().annotate(key=F(self.by))
        known: dict[str, set[Any]] = defaultdict(set)
        for found, value, since in earlier.values_list("key", F(self.value)).annotate(since=Min("ts")):
            key = key_of(self.by, found)
            if value and key in first and since < first[key]:
                known[key].add(value)
        return known
