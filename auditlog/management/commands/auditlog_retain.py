"""Drops whole months of the log that are older than --keep; to be run by the owner of the tables. PostgreSQL only."""

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connections, router
from django.utils import timezone

from ... import retention
from ...models import Event


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--keep", required=True, help="how long, as 13m for 13 full months, or 2y")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be dropped")

    def handle(self, *, keep: str, dry_run: bool, **_: Any) -> None:
        alias = router.db_for_write(Event)
        if connections[alias].vendor != "postgresql":
            msg = f"{connections[alias].vendor} has no partitions: nothing can be dropped from this log."
            raise CommandError(msg)
        months = retention.expired(alias, _months(keep), timezone.now())
        for month in months:
            if dry_run:
                self.stdout.write(f"{month} would be dropped.")
                continue
            try:
                self.stdout.write(f"Dropped {month} with {retention.drop(month, alias)} events.")
            except (retention.MonthKept, DatabaseError) as error:
                msg = f"{month} is kept: {error}"
                raise CommandError(msg) from error
        if not months:
            self.stdout.write("No month is old enough.")


def _months(text: str) -> int:
    match = re.fullmatch(r"([1-9]\d{0,3})([my])", text)
    if match is None:
        msg = f"--keep is a number of months or years, as 13m or 2y, not {text!r}."
        raise CommandError(msg)
    return int(match[1]) * (12 if match[2] == "y" else 1)
