"""Takes one subject's personal data out of the log, and out of what was written about it, for good.

Every proof stays valid. To be run by the owner.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, router, transaction

from ...forgetting import forget
from ...models import Event
from ...sealing import erasing


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--subject", required=True, help="the id or the name that events know somebody by")
        parser.add_argument("--no-input", action="store_true", help="do not ask first")

    def handle(self, *, subject: str, no_input: bool, **_: Any) -> None:
        if not subject:
            msg = "An empty subject is everybody without a name."
            raise CommandError(msg)
        if not no_input and input(f"Erase the personal data of {subject!r} for good? [yes/no] ") != "yes":
            msg = "Nothing was erased."
            raise CommandError(msg)
        alias = router.db_for_write(Event)
        try:
            with transaction.atomic(using=alias):
                names = erasing.names_of(subject, alias)  # the log still has them
                events, others = erasing.erase(subject, alias), forget(names, alias)
        except DatabaseError as error:
            msg = f"Nothing was erased: {error}"
            raise CommandError(msg) from error
        if not events and not others:
            msg = "Nothing holds personal data of that subject."
            raise CommandError(msg)
        self.stdout.write(
            f"Erased personal data from {events} events and {others} notes about them: alerts, incidents, ..."
        )
