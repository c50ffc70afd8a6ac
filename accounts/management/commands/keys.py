"""Shows the keys and what each does now; never a key itself."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ... import keys
from ...keys.ring import provider


class Command(BaseCommand):
    help = "Show which keys sign, verify, or can go."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["status"])

    def handle(self, **_: Any) -> None:
        now = timezone.now()
        try:
            ring = keys.keyring(fresh=True)
        except keys.KeysUnavailable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{provider().describe()}\n")
        row = "{:<10} {:<24} {:<6} {:<10} {}"
        self.stdout.write(row.format("tokens", "key", "alg", "state", "signs from"))
        for purpose, key_set in (("access", ring.access), ("refresh", ring.refresh), ("encryption", ring.encryption)):
            for dated in key_set.keys:
                since = dated.active_from.isoformat(timespec="seconds")
                state = key_set.state(dated, now)
                self.stdout.write(row.format(purpose, dated.key.kid, dated.key.alg, state, since))
