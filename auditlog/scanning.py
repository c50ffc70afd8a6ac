"""Answers any question about a log of any length by looking at a bounded number of its rows.

One condition that an index keeps in order of time is cheap: the page is filled from the index and the reading stops.
Several are not: where few rows meet all of them, a database reads on until it has found a page, to the end of the log
if need be. So a question that could do that is given a stretch of the log: as far back as `BOUND` rows of its rarest
condition go. What is not found there is looked for in the next stretch, by a link that says how far this one went.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from operator import and_, or_

from django.db.models import Q

from .keyset import COUNTED, Cursor, Page
from .models import Event, EventQuerySet

_Place = tuple[datetime, int]
#: How many rows of one condition a stretch holds.
BOUND = 20_000


@dataclass(frozen=True)
class Question:
    """What is asked of the log, with the conditions that an index answers apart from the others.

    :param window: the span of time.
    :param drivers: conditions that an index keeps in order of time; each as its alternatives, of which one must hold.
    :param networks: conditions on addresses, which an index knows, but not in order of time.
    :param rest: everything else.
    """

    window: Q = field(default_factory=Q)
    drivers: tuple[tuple[Q, ...], ...] = ()
    networks: tuple[Q, ...] = ()
    rest: tuple[Q, ...] = ()
    is_impossible: bool = False

    @property
    def events(self) -> EventQuerySet:
        """All the events, without a bound."""
        return Event.objects.none() if self.is_impossible else Event.objects.filter(self.condition)

    @property
    def condition(self) -> Q:
        """All conditions together."""
        conditions = (*(reduce(or_, driver) for driver in self.drivers), *self.networks, *self.rest)
        return reduce(and_, conditions, self.window)

    @property
    def is_simple(self) -> bool:
        """Whether one index fills a page in order, so that nothing needs to be bounded."""
        return len(self.drivers) <= 1 and not self.networks and not self.rest


@dataclass(frozen=True)
class Found:
    """One page, how many there are where that was asked (`COUNTED` + 1: many), and how far back was searched."""

    page: Page
    count: int | None
    searched_to: datetime | None


@dataclass(frozen=True)
class _Stretch:
    """The rows that are looked at: ``alternatives`` exclude each other, ``end`` is the far end of what is read."""

    alternatives: tuple[EventQuerySet, ...]
    end: Cursor | None


def look(question: Question, cursor: Cursor | None, size: int, *, with_count: bool = False) -> Found:
    """Return one page, newest first.

    The number of queries depends on the conditions of the question alone.

    :param size: how many events a page holds at most.
    """
    if question.is_impossible:
        return Found(Page([], None, None), 0 if with_count else None, None)
    backwards = cursor is not None and cursor.is_newer
    stretch = _stretch(question, cursor, backwards=backwards)
    order = ("ts", "seq") if backwards else ("-ts", "-seq")
    rows = [event for events in stretch.alternatives for event in events.order_by(*order)[: size + 1]]
    rows.sort(key=lambda event: (event.ts, event.seq), reverse=not backwards)
    page = _page(rows[: size + 1], cursor, size, stretch.end)
    is_short = len(rows) <= size and stretch.end is not None
    count = sum(events.order_by()[: COUNTED + 1].count() for events in stretch.alternatives) if with_count else None
    return Found(page, count, stretch.end.ts if is_short and stretch.end else None)


def every(question: Question, size: int = 1000) -> Iterator[list[Event]]:
    """Yield all events, newest first, ``size`` at most at a time, each time with short queries of their own.

    One long query would hold back the sealing of the log and the vacuum of the database for as long as somebody loads.
    """
    cursor: Cursor | None = None
    while True:
        page = look(question, cursor, size).page
        if page.events:
            yield page.events
        if page.older is None:
            return
        cursor = page.older


def _page(rows: list[Event], cursor: Cursor | None, size: int, end: Cursor | None) -> Page:
    backwards = cursor is not None and cursor.is_newer
    has_more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows = rows[::-1]
    further = end if not has_more else None
    newer = Cursor(rows[0].ts, rows[0].seq, is_newer=True) if rows else _turned(cursor, is_newer=True)
    older = Cursor(rows[-1].ts, rows[-1].seq) if rows else _turned(cursor, is_newer=False)
    if backwards:
        return Page(rows, newer if has_more else further, older)
    return Page(rows, newer if cursor is not None else None, older if has_more else further)


def _turned(cursor: Cursor | None, *, is_newer: bool) -> Cursor | None:
    return replace(cursor, is_newer=is_newer) if cursor else None


def _stretch(question: Question, cursor: Cursor | None, *, backwards: bool) -> _Stretch:
    window = question.window & cursor.clause if cursor else question.window
    if question.is_simple:
        return _Stretch(_apart(question.drivers[0] if question.drivers else (Q(),), window), None)
    driver, others, end = _rarest(question, window, backwards=backwards)
    if end is None:
        return _Stretch(_apart(driver, reduce(and_, (*others, *question.rest), window)), None)
    ts, seq = end
    window &= (Cursor(ts, seq + 1) if backwards else Cursor(ts, seq - 1, is_newer=True)).clause
    alternatives = _apart(driver, reduce(and_, (*others, *question.rest), window))
    return _Stretch(alternatives, Cursor(ts, seq, is_newer=backwards))


def _apart(alternatives: tuple[Q, ...], condition: Q) -> tuple[EventQuerySet, ...]:
    """Return a query for each alternative, without what those before it find."""
    return tuple(
        Event.objects.filter(reduce(and_, (~earlier for earlier in alternatives[:place]), condition & alternative))
        for place, alternative in enumerate(alternatives)
    )


def _rarest(question: Question, window: Q, *, backwards: bool) -> tuple[tuple[Q, ...], list[Q], _Place | None]:
    """Return the condition whose rows reach furthest, the other conditions, and how far `BOUND` of its rows reach.

    A network cannot be read in order of time; it leads where all of its rows together are few.
    """
    driver: tuple[Q, ...]
    choices: list[tuple[Q, ...]] = [*question.drivers, *((network,) for network in question.networks)]
    few = [(network,) for network in question.networks if not _is_beyond(Event.objects.filter(window, network))]
    end: _Place | None
    if few:
        driver, end = few[0], None
    else:
        ends = [(_end(found, window, backwards=backwards), found) for found in question.drivers or ((Q(),),)]
        end, driver = max(ends, key=lambda pair: _reach(pair[0], backwards=backwards))
    return driver, [reduce(or_, other) for other in choices if other != driver], end


def _is_beyond(events: EventQuerySet) -> bool:
    return events.order_by()[: BOUND + 1].count() > BOUND


def _end(alternatives: tuple[Q, ...], window: Q, *, backwards: bool) -> _Place | None:
    """Return the place of the row that is `BOUND` rows away; None: there are fewer."""
    order = ("ts", "seq") if backwards else ("-ts", "-seq")
    ends: list[_Place] = []
    for alternative in alternatives:
        rows = Event.objects.filter(window, alternative).order_by(*order)
        ends += rows.values_list("ts", "seq")[BOUND : BOUND + 1]
    if not ends:
        return None
    return min(ends) if backwards else max(ends)


def _reach(end: _Place | None, *, backwards: bool) -> float:
    if end is None:
        return math.inf
    return end[0].timestamp() if backwards else -end[0].timestamp()
