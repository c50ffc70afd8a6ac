"""Takes queued alerts to their channels, again and again until each has been taken."""

import logging
from datetime import datetime, timedelta

from django.db import connections, transaction
from django.utils import timezone

from ..models import Delivery
from .channels import Channel, channels

logger = logging.getLogger(__name__)
#: How many alerts one message holds.
TOGETHER = 50
#: How long a sender that has died keeps what it was about to send.
LEASE = timedelta(minutes=2)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=15)


def deliver_due(alias: str, *, now: datetime | None = None) -> int:
    """Deliver what is due on every channel and return how many deliveries were taken.

    What came together goes in one message. A channel that fails keeps its deliveries, waits longer each time, and
    holds up no other channel.
    """
    moment = now or timezone.now()
    return sum(_deliver(name, channel, alias, moment) for name, channel in channels().items())


def _deliver(name: str, channel: Channel, alias: str, now: datetime) -> int:
    done = 0
    while due := _claimed(name, alias, now):
        # Outside of any transaction: a receiver takes its time, and the database would end the session.
        error = _refusal(name, channel, due, now)
        _note(due, error, now)
        if error:
            break
        done += len(due)
    return done


def _claimed(name: str, alias: str, now: datetime) -> list[Delivery]:
    """Return what is due, which no other sender takes before `LEASE` is over: longer than a message takes."""
    features = connections[alias].features
    with transaction.atomic(using=alias):
        due = list(
            Delivery.objects.using(alias)
            .select_for_update(
                skip_locked=features.has_select_for_update_skip_locked,
                of=("self",) if features.has_select_for_update_of else (),
            )
            .select_related("alert")
            .filter(channel=name, delivered_at=None, due_at__lte=now)
            .order_by("pk")[:TOGETHER]
        )
        Delivery.objects.using(alias).filter(pk__in=[each.pk for each in due]).update(due_at=now + LEASE)
    return due


def _refusal(name: str, channel: Channel, due: list[Delivery], now: datetime) -> str:
    try:
        channel.send(due, now=now)
    except Exception as error:
        logger.exception("The channel %s has not taken %d alerts; they are tried again.", name, len(due))
        return f"{type(error).__name__}: {error}"[:400]
    return ""


def _note(due: list[Delivery], error: str, now: datetime) -> None:
    for delivery in due:
        delivery.attempts += 1
        delivery.error = error
        if error:
            delivery.due_at = now + min(FIRST_WAIT * 2 ** min(delivery.attempts - 1, 10), LONGEST_WAIT)
        else:
            delivery.delivered_at = now
        delivery.save(update_fields=["attempts", "due_at", "delivered_at", "error"])
