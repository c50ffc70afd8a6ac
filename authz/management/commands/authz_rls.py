"""Writes the tenant clauses of the policies into the database: row level security of PostgreSQL."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.migrations.loader import MigrationLoader

from ...rls.operations import ProtectRows
from ...rls.writing import Step, missing, write


class Command(BaseCommand):
    help = "Print the row level security that the tenant clauses of the policies ask for and no migration gives yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write-migration", action="store_true", help="write it as migrations, one an app")
        parser.add_argument("--app", default="", help="write all into the migrations of this app")
        parser.add_argument("--check", action="store_true", help="exit with 1 if a migration is missing")

    def handle(self, *_args: Any, **options: Any) -> None:
        loader = MigrationLoader(None, ignore_no_migrations=True)
        steps = missing(loader)
        if not steps:
            self.stdout.write("Every tenant clause is in the migrations.")
        elif options["write_migration"]:
            self._write(loader, steps, options["app"])
        elif options["check"]:
            raise CommandError("\n".join(["No migration does this yet:", *(step.describe() for *_, step in steps)]))
        else:
            for *_, operation in steps:
                self._print(operation)

    def _write(self, loader: MigrationLoader, steps: list[Step], app: str) -> None:
        try:
            written = write(loader, steps, app=app)
        except OSError as error:
            raise CommandError(f"{error}. Name an app of your own with --app.") from None
        for path in written:
            self.stdout.write(f"Written: {path}")

    def _print(self, operation: ProtectRows) -> None:
        self.stdout.write(f"-- {operation.describe()}, where\n{operation.condition}\n")
