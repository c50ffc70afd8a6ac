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
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=15)


def deliver_due(alias: str, *, now: datetime | None = None) -> int:
    """Deliver what is due on every channel and return how many deliveries were taken.

    What came together goes in one message. A channel that fails keeps its deliveries, waits longer each time, and
    holds up no other channel.
    """
    moment = now or timezone.now()
    return sum(_deliver(name, channel, alias, moment) for name, channel in channels().items())


def _deliver(name: str, channel: Channel, alias: str, now: datetime) -> int:
    done, features = 0, connections[alias].features
    while True:
        # The rows stay locked while the message is sent: two senders never send the same one.
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
            if not due:
                return done
            if not _sent(name, channel, due, now):
                return done
        done += len(due)


def _sent(name: str, channel: Channel, due: list[Delivery], now: datetime) -> bool:
    try:
        channel.send(due, now=now)
    except Exception as error:
        logger.exception("The channel %s has not taken %d alerts; they are tried again.", name, len(due))
        for delivery in due:
            delivery.attempts += 1
            delivery.due_at = now + min(FIRST_WAIT * 2 ** min(delivery.attempts - 1, 10), LONGEST_WAIT)
            delivery.error = f"{type(error).__name__}: {error}"[:400]
            delivery.save(update_fields=["attempts", "due_at", "error"])
        return False
    for delivery in due:
        delivery.attempts += 1
        delivery.delivered_at, delivery.error = now, ""
        delivery.save(update_fields=["attempts", "delivered_at", "error"])
    return True
