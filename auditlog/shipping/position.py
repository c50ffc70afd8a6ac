"""How far a receiver has come, and what it gets next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from django.db.models import Max, Min
from django.utils import timezone

from ..following import Reading
from ..models import Event, Follower
from ..posting import PostRefused
from .receivers import receiver

BATCH = 500


@dataclass(frozen=True)
class Shipped:
    """How many events a receiver has taken; ``is_moved`` is false where another shipper was quicker."""

    count: int
    is_moved: bool = True


@dataclass(frozen=True)
class Lag:
    """How many events wait for a receiver, and how long the one it took last has been overtaken."""

    events: int
    age: timedelta


def follower_of(name: str) -> str:
    """Return the name under which a receiver's place is stored."""
    return f"ship:{name}"


def ship(name: str, alias: str, size: int = BATCH) -> Shipped:
    """Send the next events to a receiver; nothing is open in the database meanwhile.

    Who answers that they are too large (413) gets half as many, down to one.

    :raises Exception: the receiver did not take them; the place has not moved.
    """
    place, _ = Follower.objects.using(alias).get_or_create(name=follower_of(name))
    before = {"epoch": place.epoch, "tx": place.tx, "seq": place.seq}
    events = list(Reading(place, alias).next_range(size))
    if not events:
        return Shipped(0)
    try:
        receiver(name).send(events)
    except PostRefused as refused:
        if refused.status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE or len(events) == 1:
            raise
        return ship(name, alias, len(events) // 2)
    after = {"epoch": place.epoch, "tx": place.tx, "seq": place.seq, "ts": place.ts, "updated_at": timezone.now()}
    # Only from where it was read: a second shipper, or a replay, may have moved it meanwhile, and must not be undone.
    moved = Follower.objects.using(alias).filter(name=follower_of(name), **before).update(**after)
    return Shipped(len(events), bool(moved))


def replay(name: str, since: datetime, alias: str) -> int:
    """Let a receiver have again what has happened since a moment; return how many events it will be sent at least.

    One that has not come so far yet goes on where it is: nothing that waits for it is passed over. One that never was
    sent anything begins there.
    """
    events = Event.objects.using(alias).filter(ts__gte=since)
    first = events.order_by("epoch", "tx", "seq").values_list("epoch", "tx", "seq").first()
    if first is None:
        return 0
    there = Follower.objects.using(alias).filter(name=follower_of(name)).first()
    if there is None or (there.epoch, there.tx, there.seq) >= first:
        epoch, tx, seq = first
        place = {"epoch": epoch, "tx": tx, "seq": seq - 1, "ts": None, "updated_at": timezone.now()}
        Follower.objects.using(alias).update_or_create(name=follower_of(name), defaults=place)
    return events.count()


def lag_of(name: str, alias: str) -> Lag:
    """Return how far behind a receiver is; events of transactions that are still open count as waiting."""
    log = Event.objects.using(alias)
    place = Follower.objects.using(alias).filter(name=follower_of(name)).first()
    ends = log.aggregate(first=Min("seq"), last=Max("seq"))
    if ends["last"] is None:
        return Lag(0, timedelta(0))
    reached = max(place.seq if place else 0, ends["first"] - 1)
    oldest = log.filter(seq__gt=reached).order_by("seq").values_list("ts", flat=True).first()
    age = timezone.now() - oldest if oldest else timedelta(0)
    return Lag(max(ends["last"] - reached, 0), max(age, timedelta(0)))
