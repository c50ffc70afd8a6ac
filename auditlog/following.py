"""Reads the log to its end, again and again, without missing an event and without making a writer wait.

Numbers are given when a row is inserted and become visible when its transaction commits, in another order: whoever
reads "everything above the last number" misses the events of transactions that were slow. So on PostgreSQL the order
is that of (epoch, tx, seq), and only transactions are read that are certain to have ended: those below the
snapshot's xmin. A later epoch begins when every transaction of the one before has ended (`sealing.epochs`), and an
old one may have been written in another cluster: it is read to its end, whatever its transactions are numbered. On
SQLite one transaction writes at a time, and numbers are in the order of commits.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connections, transaction
from django.db.models import BigIntegerField, Func, Max, Q, QuerySet

from .models import Event, Follower

BATCH = 1000


class _OldestOpenTransaction(Func):
    """PostgreSQL's number of the oldest transaction that may still be open, for this statement's snapshot."""

    template = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    output_field = BigIntegerField()


@dataclass
class Reading:
    """A place in the log, locked where it is moved, and the events that come after it."""

    place: Follower
    alias: str

    def next_range(self, size: int = BATCH) -> QuerySet[Event]:
        """Return the next events in the order of the log, ``size`` at most, and move the place behind them.

        Events are never changed, so the query gives the same rows whenever it is run.
        """
        while not (end := self._end_of_next(size)):
            epoch = self._later_epoch()
            if epoch is None:
                return Event.objects.using(self.alias).none()
            # That one is there means that the one before is complete.
            if end := self._end_of_next(size, is_complete=True):
                break
            self.place.epoch, self.place.tx, self.place.seq = epoch, 0, 0
        after = self._after()
        self.place.epoch, self.place.tx, self.place.seq, self.place.ts = end
        return self._in_order(Event.objects.using(self.alias).filter(after, self._up_to(), epoch=self.place.epoch))

    def first_unread(self, until: datetime) -> Event | None:
        """Return the first event, of those until a moment, that comes after the place; of open transactions too.

        First in the log, not in time: one event of a clock that was ahead must not hide all after it.
        """
        written = Event.objects.using(self.alias).filter(ts__lte=until)
        # Apart: a query for both would walk through all of the epoch that was read already.
        here = self._in_order(written.filter(self._after(), epoch=self.place.epoch)).first()
        return here or written.filter(epoch__gt=self.place.epoch).order_by("epoch", "tx", "seq").first()

    def may_read(self, event: Event) -> bool:
        """Say whether ``event`` can be read now, or has to wait for a transaction that is open."""
        written = Event.objects.using(self.alias).filter(seq=event.seq, ts=event.ts)
        return not self._has_tx or written.filter(tx__lt=_OldestOpenTransaction()).exists()

    def _end_of_next(self, size: int, *, is_complete: bool = False) -> tuple[int, int, int, Any] | None:
        """Return where the last of the next ``size`` events stands, or of as many as there are."""
        events = Event.objects.using(self.alias).filter(self._after(), epoch=self.place.epoch)
        if self._has_tx and not is_complete:
            events = events.filter(tx__lt=_OldestOpenTransaction())
        ends = self._in_order(events).values_list("epoch", "tx", "seq", "ts")
        # The database looks for it: to fetch all keys costs a third of what sealing the events costs.
        newest = ends.reverse().first()
        return (ends[size - 1 : size].first() or newest) if newest else None

    def _later_epoch(self) -> int | None:
        later = Event.objects.using(self.alias).filter(epoch__gt=self.place.epoch).order_by("epoch")
        return later.values_list("epoch", flat=True).first()

    @property
    def _has_tx(self) -> bool:
        return connections[self.alias].vendor == "postgresql"

    def _in_order(self, events: QuerySet[Event]) -> QuerySet[Event]:
        return events.order_by("tx", "seq") if self._has_tx else events.order_by("seq")

    # In both clauses the first condition is implied by the second, and lets the index on (epoch, tx, seq) be used.

    def _after(self) -> Q:
        later = Q(seq__gt=self.place.seq)
        return Q(tx__gte=self.place.tx) & (Q(tx__gt=self.place.tx) | later) if self._has_tx else later

    def _up_to(self) -> Q:
        earlier = Q(seq__lte=self.place.seq)
        return Q(tx__lte=self.place.tx) & (Q(tx__lt=self.place.tx) | earlier) if self._has_tx else earlier


@contextmanager
def reading(name: str, alias: str) -> Iterator[Reading]:
    """Read as ``name`` in one transaction: what is made of the events and the new place are stored together.

    A second reader of the same name waits until the first has ended.
    """
    with transaction.atomic(using=alias):
        Follower.objects.using(alias).get_or_create(name=name)
        found = Reading(Follower.objects.using(alias).select_for_update().get(name=name), alias)
        yield found
        found.place.save(using=alias)


def lag(name: str, alias: str) -> int:
    """Return how many events the reader ``name`` has not dealt with, those of open transactions included."""
    place = Follower.objects.using(alias).filter(name=name).first() or Follower(name=name)
    newest = Event.objects.using(alias).aggregate(Max("seq"))["seq__max"] or 0
    return int(max(0, newest - place.seq))
