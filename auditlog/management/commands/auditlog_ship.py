"""Sends events to the receivers of `SHIPPING`, each at least once; once, or with --loop for ever."""

import signal
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections, router
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from ... import shipping
from ...conf import conf
from ...models import Event

LONGEST_PAUSE = 60.0


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("receivers", nargs="*", help="names in SHIPPING; all of them where none is given")
        parser.add_argument("--loop", action="store_true", help="go on until the process is told to stop")
        parser.add_argument("--interval", type=float, default=2.0, help="seconds between two rounds of --loop")
        parser.add_argument("--heartbeat", type=Path, help="file to touch after each round of --loop that worked")
        parser.add_argument("--replay-since", metavar="TIME", help="send again what has happened since this time")
        parser.add_argument("--lag", action="store_true", help="print how far behind each is, and send nothing")

    def handle(self, *, receivers: list[str], loop: bool, interval: float, **options: Any) -> None:
        names, self.alias = receivers or sorted(conf.shipping), router.db_for_write(Event)
        if unknown := set(names) - set(conf.shipping):
            msg = f"SHIPPING has no receiver {', '.join(sorted(unknown))}."
            raise CommandError(msg)
        if not names:
            msg = "SHIPPING names no receiver."
            raise CommandError(msg)
        if options["lag"]:
            self._print_lag(names)
            return
        if options["replay_since"]:
            self._replay(names, options["replay_since"])
        if loop:
            self._go_on(names, interval, options["heartbeat"])
        elif failed := [name for name in names if not self._sent(name)]:
            msg = f"Not all was sent to {', '.join(failed)}; the rest is sent next time."
            raise CommandError(msg)

    def _sent(self, name: str) -> bool:
        """Send a receiver everything that waits; tell whether it took it all."""
        total = 0
        try:
            while (shipped := shipping.ship(name, self.alias)).count and not self.stopped.is_set():
                total += shipped.count
        except Exception as error:  # noqa: BLE001 - whatever a receiver does wrong, it is tried again
            self.stderr.write(f"{name} did not take the events: {type(error).__name__}: {error}")
            connections[self.alias].close_if_unusable_or_obsolete()
            return False
        if total:
            self.stderr.write(f"Sent {total} events to {name}.")
        return True

    #: Set when the process is told to stop.
    stopped = threading.Event()

    def _go_on(self, names: Iterable[str], interval: float, heartbeat: Path | None) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stopped.set())
        failures = 0
        while not self.stopped.is_set():
            results = [self._sent(name) for name in names]  # one that is away holds up no other
            failures = 0 if all(results) else failures + 1
            if not failures and heartbeat is not None:
                heartbeat.touch()
            self.stopped.wait(min(interval * 2 ** min(failures, 10), LONGEST_PAUSE) if failures else interval)

    def _replay(self, names: Iterable[str], text: str) -> None:
        try:
            since = parse_datetime(text)
        except ValueError:
            since = None
        if since is None:
            msg = f"{text!r} is no time: write it as 2026-05-17T10:30:00+00:00."
            raise CommandError(msg)
        if timezone.is_naive(since):
            since = timezone.make_aware(since)
        for name in names:
            count = shipping.replay(name, since, self.alias)
            self.stderr.write(f"{name} gets {count} events again, and what came between them.")

    def _print_lag(self, names: Iterable[str]) -> None:
        for name in names:
            found = shipping.lag_of(name, self.alias)
            self.stdout.write(f"{name}: {found.events} events wait, the oldest for {found.age.total_seconds():.0f} s")
