"""Looks for attacks in the new events and sends the alerts; with --loop it goes on until it is stopped."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections, router
from django.utils import timezone

from ...alerts.delivering import deliver_due
from ...conf import conf
from ...detection.engine import NAME, detect_new, detect_standing
from ...detection.standing import Behind
from ...models import Event

logger = logging.getLogger(__name__)
#: Seconds that messages on their way are waited for when the loop is stopped.
_LAST_MESSAGE = 15


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="only tell whether a loop keeps up: fails if none does"
        )
        parser.add_argument("--loop", type=float, metavar="SECONDS", help="look again after so many seconds")

    def handle(self, *, loop: float | None, check: bool, **options: Any) -> None:  # noqa: ARG002 - the contract of a command
        alias = router.db_for_write(Event)
        if check:
            self._check(alias)
            return
        if loop is None:
            self._look(alias)
            return
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        # Apart from each other: a receiver that hangs must hold up neither the rules nor the other receivers.
        senders = [
            threading.Thread(target=_repeat, args=(partial(deliver_due, only=name), alias, loop, stopped), daemon=True)
            for name in conf.alert_channels
        ]
        for sender in senders:
            sender.start()
        _repeat(self._detect, alias, loop, stopped)
        ends = time.monotonic() + _LAST_MESSAGE
        for sender in senders:
            sender.join(timeout=max(0.0, ends - time.monotonic()))

    def _look(self, alias: str) -> None:
        events = self._detect(alias)
        self.stdout.write(f"Looked at {events} events; {deliver_due(alias)} alerts were delivered.")

    def _check(self, alias: str) -> None:
        for behind in Behind(reader=NAME, window=timedelta(minutes=1)).standing(alias, timezone.now()):
            msg = f"No loop looks at the events: they wait {behind.note}."
            raise CommandError(msg)

    def _detect(self, alias: str) -> int:
        events = detect_new(alias)
        detect_standing(alias)
        return events


def _repeat(act: Callable[[str], int], alias: str, seconds: float, stopped: threading.Event) -> None:
    """Act again and again; what fails is logged and tried again, since nobody would notice that it had ended."""
    while not stopped.wait(seconds):
        close_old_connections()
        try:
            act(alias)
        except Exception:
            logger.exception("The log could not be looked at; it is tried again in %g s.", seconds)
