"""Lists every route and rule, or tells what has changed since the committed list."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...conf import conf
from ...inventory import changes, markdown, sentences


class Command(BaseCommand):
    help = "List every route with its policy action, and every rule; with --check, tell what a committed list lacks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=("table", "json", "markdown"), default="table")
        parser.add_argument(
            "--check",
            nargs="?",
            const=conf.inventory,
            metavar="FILE",
            help="tell what has changed since a page made with --format markdown (%(const)s), and exit with 1",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["check"]:
            self._check(Path(options["check"]), options["format"])
        elif options["format"] == "json":
            self.stdout.write(json.dumps(sentences(), indent=2))
        elif options["format"] == "markdown":
            self.stdout.write(markdown(), ending="")
        else:
            self._table()

    def _check(self, path: Path, form: str) -> None:
        command = f"manage.py authz_inventory --format markdown > {path}"
        try:
            before = path.read_text(encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}. Write it first: {command}") from None
        found = changes(before, markdown())
        if form == "json":
            self.stdout.write(json.dumps(found, indent=2))
        elif form == "markdown":
            self.stdout.write("\n".join(f"- {line}" for line in found))
        elif not found:
            self.stdout.write(f"{path} is up to date.")
        if found:
            changed = found if form == "table" else ()
            raise CommandError("\n".join([f"{path} is out of date:", *changed, f"If that is meant: {command}"]))

    def _table(self) -> None:
        for heading, lines in sentences().items():
            self.stdout.write(self.style.MIGRATE_HEADING(heading))
            for line in lines:
                self.stdout.write(f"  {line}")
