"""Makes the log's next monthly partitions; to be run every day by the owner of the table. PostgreSQL only."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections, router

from ... import partitions
from ...models import Event


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ahead", type=int, default=partitions.MONTHS_AHEAD, help="how many months after this one")

    def handle(self, *, ahead: int, **options: Any) -> None:  # noqa: ARG002 - the contract of a command
        connection = connections[router.db_for_write(Event)]
        if connection.vendor != "postgresql":
            msg = f"{connection.vendor} has no partitions: there is nothing to make."
            raise CommandError(msg)
        months = partitions.create_missing(connection, Event._meta.db_table, ahead)  # noqa: SLF001
        names = ", ".join(f"{month.year}-{month.month:02}" for month in months)
        self.stdout.write(f"Made the partitions of {names}." if months else "Every partition is there.")
