"""Says whether the log is the one that was signed, and names the first event that is not what it was.

Exits with 0 where all is well, with 1 where it is not. Checkpoints from the places that PUBLISHERS names and from
--checkpoint show what the database alone cannot: that its newest events were cut off.
"""

import json
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import router
from django.utils.dateparse import parse_date, parse_datetime

from ...incidents import evidence
from ...metrics import VERIFIED
from ...models import Event, Outcome, Severity, Tree
from ...progress import Bar
from ...recording import record
from ...sealing import proofs, publishing, verifying
from ...sealing.checkpoints import Checkpoint, own_keys
from ...sealing.notes import KeySet


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", help="read events from this day or time on, as 2026-11-22 or 2026-11-22T10:00Z")
        parser.add_argument("--checkpoint", type=Path, help="file with a checkpoint that was kept outside the database")
        parser.add_argument("--event", metavar="UUID", help="look at one event only")
        told = "print, as JSON, what proves --event, or that the log has grown out of --checkpoint"
        parser.add_argument(
            "--bundle", type=Path, help="check a file that `incident evidence` wrote; needs no database"
        )
        parser.add_argument("--proof", action="store_true", help=told)

    def handle(self, *, bundle: Path | None, **options: Any) -> None:
        if bundle is None:
            self._handle(**options)
            return
        try:
            found = evidence.check(bundle.read_text())
        except (ValueError, OSError) as error:
            self.stdout.write(f"THE BUNDLE IS NOT WHAT WAS SIGNED. First: {error}")
            sys.exit(1)
        told = f"{len(found['events'])} events of {found['incident']['title']!r}, made at {found['made_at']}"
        self.stdout.write(f"The bundle is what was signed: {told} by {found['made_by']}.")
        if found["missing"]:
            self.stdout.write(f"NOT IN THE LOG when it was made: {', '.join(map(str, found['missing']))}.")

    def _handle(self, *, since: str | None, checkpoint: Path | None, event: str | None, proof: bool, **_: Any) -> None:
        alias = router.db_for_write(Event)
        try:
            keys = own_keys()
            given = [] if checkpoint is None else [Checkpoint.opened(checkpoint.read_text(), keys)]
            if proof:
                self._prove(event, given, alias)
            elif event is not None:
                self._tell(verifying.check_event(proofs.event_by_id(event, alias), keys), 0.0)
            else:
                self._verify(alias, keys, given, _moment(since))
        except (ValueError, LookupError, OSError, verifying.NothingSealed) as error:
            raise CommandError(str(error)) from error

    def _prove(self, event: str | None, given: list[Checkpoint], alias: str) -> None:
        if event is not None:
            found = proofs.inclusion(proofs.event_by_id(event, alias))
        elif given:
            found = proofs.consistency(given[0], alias)
        else:
            msg = "--proof needs --event or --checkpoint: what is to be proved?"
            raise CommandError(msg)
        self.stdout.write(json.dumps(found, indent=1, ensure_ascii=False))

    def _verify(self, alias: str, keys: KeySet, given: list[Checkpoint], since: datetime | None) -> None:
        if not keys.keys:
            msg = "SEAL_KEYS has no key: a signature cannot be checked."
            raise CommandError(msg)
        began, total = time.monotonic(), sum(Tree.objects.using(alias).values_list("size", flat=True))
        with Bar("events", total, self.stderr) as bar:
            doubtful: list[str] = []
            known = [*given, *publishing.known(keys, doubtful.append)]
            verdict = verifying.verify(alias, keys, known=known, since=since, show=bar.show)
        outcome = Outcome.SUCCESS if verdict.is_good else Outcome.FAILED
        data = {"events": verdict.events, "checkpoints": verdict.checkpoints, "findings": len(verdict.findings)}
        record(VERIFIED, outcome=outcome, severity=None if verdict.is_good else Severity.CRITICAL, data=data)
        self._tell(verdict, time.monotonic() - began, doubtful)

    def _tell(self, verdict: verifying.Verdict, took: float, doubtful: Iterable[str] = ()) -> None:
        speed = f" in {took:.1f} s, {verdict.events / max(took, 1e-9):.0f} a second" if took else ""
        self.stdout.write(f"Read {verdict.events} events{speed}; compared {verdict.checkpoints} signed checkpoints.")
        for name in sorted(set(doubtful)):
            what = "cannot all be read: without them nobody sees whether the newest events were cut off"
            self.stdout.write(f"THE CHECKPOINTS AT {name} {what}.")
        if verdict.unsealed:
            self.stdout.write(f"{verdict.unsealed} events are not sealed yet, the oldest of {verdict.oldest_unsealed}.")
        if verdict.is_good:
            self.stdout.write("The log is what was signed.")
            return
        self.stdout.write(f"THE LOG IS NOT WHAT WAS SIGNED. First: {verdict.findings[0]}")
        for finding in verdict.findings[1:]:
            self.stdout.write(f"Also: {finding}")
        sys.exit(1)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = parse_datetime(text)
    if found is None and (day := parse_date(text)):
        found = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if found is None:
        msg = f"{text!r} is no day and no time."
        raise CommandError(msg)
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError as error:
        msg = f"{text!r} lies beyond the calendar."
        raise CommandError(msg) from error
