"""Locks an account from the shell."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from edge.management.durations import duration

from ... import locks, people
from ...models import TokenFamily


class Command(BaseCommand):
    help = "Lock an account and end its sessions. Nobody logs in until the time is over, or until unlock_account."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", help="what the user logs in with, or the user's address")
        parser.add_argument(
            "--for",
            dest="seconds",
            type=duration,
            default=0,
            help="how long, as 30m, 2h or 7d; else until unlock_account",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
        parser.add_argument("--reason", required=True, help="why; it is kept with the lock and in the log")

    def handle(self, *_: Any, account: str, seconds: int, reason: str, dry_run: bool, **__: Any) -> None:
        user = people.find(account) or people.find_by_email(account)
        if user is None:
            msg = "There is no such user."
            raise CommandError(msg)
        now = timezone.now()
        until = None if not seconds else now + timedelta(seconds=seconds)
        end = "until it is unlocked" if until is None else f"until {until:%Y-%m-%d %H:%M} UTC"
        if dry_run:
            live = TokenFamily.objects.of(user).live(now).count()
            self.stdout.write(f"Would lock {end}; {live} sessions would end.")
            return
        try:
            ended = locks.lock(user, until=until, reason=reason, by="command", now=now)
        except (ValueError, people.AccountGone) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Locked {end}; {ended} sessions have ended.")
