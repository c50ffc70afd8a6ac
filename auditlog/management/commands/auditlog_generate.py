"""Fills the log with invented events, to try the review pages and to measure; refuses to run where DEBUG is off."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import router

from ... import generating
from ...models import Event
from ...progress import Bar


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("count", type=int, help="how many events")
        parser.add_argument("--days", type=int, default=30, help="over how many days before now they are spread")
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same events")
        parser.add_argument("--force", action="store_true", help="also where DEBUG is off: the log cannot forget them")

    def handle(self, *, count: int, days: int, seed: int, force: bool, **options: Any) -> None:  # noqa: ARG002
        if not settings.DEBUG and not force:
            msg = "Invented events would stand between true ones for good. --force makes them all the same."
            raise CommandError(msg)
        alias, began = router.db_for_write(Event), time.monotonic()
        with Bar("events", count, self.stderr) as bar:
            for done in generating.store(generating.events(count, days=days, seed=seed), alias):
                bar.show(done)
        took = time.monotonic() - began
        self.stdout.write(f"Made {count} events in {took:.1f} s, {count / max(took, 1e-9):.0f} a second.")
