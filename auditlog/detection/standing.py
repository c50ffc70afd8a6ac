"""Rules about what does not happen: looked at from time to time, whether or not there are events."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from django.db.models import Sum

from ..conf import conf
from ..following import Reading
from ..models import Event, Follower, Tree
from ..sealing.sealer import NAME as SEALER
from .findings import OVERALL, Finding, Tunable


@dataclass(frozen=True, kw_only=True)
class Stopped(Tunable):
    """No event at all for the window, where the same time a day and a week ago had `limit` of them."""

    limit: int = 20
    window: timedelta = timedelta(minutes=30)

    def standing(self, alias: str, now: datetime) -> Iterator[Finding]:
        if self._count(alias, now):
            return
        usual = min(self._count(alias, now - timedelta(days=1)), self._count(alias, now - timedelta(days=7)))
        if usual >= self.limit:
            yield Finding(OVERALL, usual, now - self.window, now, note=f"usually {usual} in that time")

    def _count(self, alias: str, until: datetime) -> int:
        found = Event.objects.using(alias).filter(ts__gt=until - self.window, ts__lte=until)
        return int(found.aggregate(total=Sum("count"))["total"] or 0)


@dataclass(frozen=True, kw_only=True)
class Behind(Tunable):
    """A reader of the log (the sealer, a shipper) has left an event lie for longer than the window.

    One that has never read is behind as well, but for a sealer where nothing is to be sealed: without `SEAL_KEYS`.
    """

    TUNED_BY: ClassVar[frozenset[str]] = frozenset({"window"})
    reader: str
    window: timedelta = timedelta(minutes=5)

    def standing(self, alias: str, now: datetime) -> Iterator[Finding]:
        place = Follower.objects.using(alias).filter(name=self.reader).first()
        if place is None and self.reader == SEALER and not conf.seal_keys.strip():
            return
        log = Reading(place or Follower(name=self.reader), alias)
        is_at_work = place is not None and place.updated_at > now - self.window
        if is_at_work and (self.reader != SEALER or _has_sealed(now - self.window, alias)):
            return
        oldest = log.first_unread(now - self.window)
        # A sealer at work leaves lie what an open transaction keeps from it; an old event that it may read is new here.
        if oldest is not None and not (is_at_work and log.may_read(oldest)):
            yield Finding(self.reader, 1, oldest.ts, now, [oldest.uuid], note=f"since {oldest.ts:%H:%M:%S} UTC")


def _has_sealed(since: datetime, alias: str) -> bool:
    return Tree.objects.using(alias).filter(sealed_at__gt=since).exists()
