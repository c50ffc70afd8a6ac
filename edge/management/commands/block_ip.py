"""Blocks a network."""

from typing import Any

from django.core.management.base import CommandParser

from ...blocks import block
from ..acting import ActingCommand, ending
from ..durations import duration


class Command(ActingCommand):
    help = "Answers 403 to a network or address, in every process from its next request on."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("network", help="203.0.113.0/24, or an address; an IPv6 address stands for its /64")
        parser.add_argument(
            "--for", dest="seconds", type=duration, default=0, help="90s, 30m, 2h, 7d; else until lifted"
        )

    def handle(self, *_: Any, network: str, seconds: int, reason: str, dry_run: bool, **__: Any) -> None:
        made = self.act(block, network, seconds=seconds, reason=reason, dry_run=dry_run)
        self.stdout.write(f"{'Would block' if dry_run else 'Blocked'} {made.network} {ending(seconds)}.")
