"""Switches a route on again."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from ...blocks import enable
from ..acting import ActingCommand


class Command(ActingCommand):
    help = "Serves a route, or a namespace, again."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", help="as it was disabled")

    def handle(self, *_: Any, name: str, reason: str, dry_run: bool, **__: Any) -> None:
        if not self.act(enable, name, reason=reason, dry_run=dry_run):
            msg = f"{name} is not disabled."
            raise CommandError(msg)
        self.stdout.write(f"{'Would enable' if dry_run else 'Enabled'} {name}.")
