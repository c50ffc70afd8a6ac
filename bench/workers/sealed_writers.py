"""The processes of `bench.sealing`: writers, one that keeps its transaction open, and one that counts."""

import sys
import time
from collections import Counter
from itertools import islice

import django

django.setup()

from django.db import transaction  # noqa: E402 - the models need the settings

from auditlog import generating  # noqa: E402
from auditlog.models import Event, Tile  # noqa: E402


def write(seconds: float) -> None:
    """Store events one by one, roll every fourth back, and print how many stayed."""
    made = generating.events(10_000_000, days=1, seed=time.time_ns())
    stored, ends_at = 0, time.monotonic() + seconds
    for number, event in enumerate(made):
        if time.monotonic() > ends_at:
            break
        with transaction.atomic():
            event.save()
            transaction.set_rollback(number % 4 == 0)
        stored += number % 4 != 0
    print(stored)


def hold(seconds: float) -> None:
    """Store an event and commit it late."""
    with transaction.atomic():
        Event.objects.insert(list(islice(generating.events(1, days=1, seed=0), 1)))
        time.sleep(seconds)
    print(1)


def count() -> None:
    """Print how many events are sealed twice, and how many are not."""
    keys = b"".join(bytes(tile.keys) for tile in Tile.objects.filter(level=0).order_by("tree", "index"))
    sealed = Counter(keys[at : at + 16] for at in range(0, len(keys), 16))
    stored = {event.bytes for event in Event.objects.values_list("uuid", flat=True)}
    print(sum(times - 1 for times in sealed.values()), len(stored - sealed.keys()) + len(sealed.keys() - stored))


if __name__ == "__main__":
    if sys.argv[1] == "count":
        count()
    else:
        {"write": write, "hold": hold}[sys.argv[1]](float(sys.argv[2]))
