"""Takes queued alerts to their channels, again and again until each has been taken."""

import logging
from datetime import datetime, timedelta

from django.db import connections, transaction
from django.db.models import F, Q
from django.utils import timezone

from ..cleaning import text as cleaned
from ..models import Delivery
from ..posting import PostRefused
from .channels import Channel, channels

logger = logging.getLogger(__name__)
#: How many alerts one message holds.
TOGETHER = 50
#: How long a sender that has died keeps what it was about to send.
LEASE = timedelta(minutes=2)
#: What a receiver answers that takes messages, but not this one: bad request, too large, cannot be processed.
ABOUT_CONTENT = {400, 413, 422}
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=15)


def deliver_due(alias: str, *, now: datetime | None = None, only: str = "") -> int:
    """Deliver what is due on every channel and return how many deliveries were taken.

    What came together goes in one message. A channel that fails keeps its deliveries, waits longer each time, and
    holds up no other channel; one that hangs holds up those after it, unless each has a caller of its own.

    :param now: default: the time at which each message is sent.
    :param only: the name of a channel; default: all.
    """
    named = channels().items()
    return sum(_deliver(name, channel, alias, now) for name, channel in named if only in {"", name})


def _deliver(name: str, channel: Channel, alias: str, now: datetime | None) -> int:
    done = 0
    # Messages take their time: each lease begins when its message does.
    while due := _claimed(name, alias, now or timezone.now()):
        taken = _send(name, channel, due, alias, now)
        done += taken
        if taken < len(due):
            break
    return done


def _send(name: str, channel: Channel, due: list[Delivery], alias: str, now: datetime | None) -> int:
    """Send in one message and return how many deliveries were taken.

    What a receiver will not take together is sent one by one: one of them may be what it does not take, or all of
    them more than it takes at once.
    """
    # Outside of any transaction: a receiver takes its time, and the database would end the session.
    error = _failure(name, channel, due, now or timezone.now())
    if isinstance(error, PostRefused) and error.status in ABOUT_CONTENT and len(due) > 1:
        return sum(_send(name, channel, [each], alias, now) for each in due)
    _note(due, error, alias, now or timezone.now())
    return 0 if error else len(due)


def _claimed(name: str, alias: str, now: datetime) -> list[Delivery]:
    """Return what is due, which no other sender takes before `LEASE` is over: longer than a message takes.

    What has to wait for longer than anything waits was queued by a clock that was ahead, and is due.
    """
    features = connections[alias].features
    with transaction.atomic(using=alias):
        due = list(
            Delivery.objects.using(alias)
            .select_for_update(
                skip_locked=features.has_select_for_update_skip_locked,
                of=("self",) if features.has_select_for_update_of else (),
            )
            .select_related("alert")
            .filter(Q(due_at__lte=now) | Q(due_at__gt=now + LONGEST_WAIT), channel=name, delivered_at=None)
            .order_by("pk")[:TOGETHER]
        )
        Delivery.objects.using(alias).filter(pk__in=[each.pk for each in due]).update(due_at=now + LEASE)
    return due


def _failure(name: str, channel: Channel, due: list[Delivery], now: datetime) -> Exception | None:
    try:
        channel.send(due, now=now)
    except Exception as error:
        logger.exception("The channel %s has not taken %d alerts; they are tried again.", name, len(due))
        return error
    return None


def _note(due: list[Delivery], error: Exception | None, alias: str, now: datetime) -> None:
    """Keep what came of it, but for what another sender has delivered since this one's lease ran out."""
    said = cleaned(f"{type(error).__name__}: {error}", 400) if error else ""
    for delivery in due:
        wait = min(FIRST_WAIT * 2 ** min(delivery.attempts, 10), LONGEST_WAIT)
        came_of_it = {"due_at": now + wait} if error else {"delivered_at": now}
        waiting = Delivery.objects.using(alias).filter(pk=delivery.pk, delivered_at=None)
        waiting.update(attempts=F("attempts") + 1, error=said, **came_of_it)
