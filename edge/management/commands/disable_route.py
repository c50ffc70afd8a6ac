"""Switches a route off."""

from typing import Any

from django.core.management.base import CommandParser

from ...blocks import disable
from ..acting import ActingCommand, ending
from ..durations import duration


class Command(ActingCommand):
    help = "Answers 503 for a route, or all of a namespace, in every process from its next request on."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("name", help="the route's name in the URLconf, or a namespace")
        parser.add_argument(
            "--for", dest="seconds", type=duration, default=0, help="90s, 30m, 2h, 7d; else until enabled"
        )

    def handle(self, *_: Any, name: str, seconds: int, reason: str, dry_run: bool, **__: Any) -> None:
        made = self.act(disable, name, seconds=seconds, reason=reason, dry_run=dry_run)
        self.stdout.write(f"{'Would disable' if dry_run else 'Disabled'} {made.name} {ending(seconds)}.")
