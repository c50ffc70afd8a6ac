"""Lifts a block."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from ...blocks import unblock
from ..acting import ActingCommand


class Command(ActingCommand):
    help = "Lifts the block of exactly this network or address."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("network", help="as it was blocked")

    def handle(self, *_: Any, network: str, reason: str, dry_run: bool, **__: Any) -> None:
        if not self.act(unblock, network, reason=reason, dry_run=dry_run):
            msg = f"{network} is not blocked."
            raise CommandError(msg)
        self.stdout.write(f"{'Would unblock' if dry_run else 'Unblocked'} {network}.")
