"""Unlocks an account from the shell."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from edge.ratelimit import StoreUnavailable, limiter

from ... import locks, people


class Command(BaseCommand):
    help = "Take the lock off an account, and forget the wrong guesses at its secrets."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", help="what the user logs in with, or the user's address")
        parser.add_argument("--reason", required=True, help="why; it is kept in the log")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *_: Any, account: str, reason: str, dry_run: bool, **__: Any) -> None:
        user = people.find(account) or people.find_by_email(account)
        if user is None:
            msg = "There is no such user."
            raise CommandError(msg)
        if dry_run:
            held = locks.is_locked(user, now=timezone.now())
            self.stdout.write(f"Would {'unlock it, and' if held else 'unlock nothing, but'} forget the guesses.")
            return
        try:
            was_locked = locks.unlock(user, reason=reason, by="command", now=timezone.now())
        except ValueError as error:
            raise CommandError(str(error)) from error
        except StoreUnavailable as error:
            msg = f"The store of the guesses does not answer, so nothing was changed: {error}."
            raise CommandError(msg) from error
        if limiter().shared is None:
            self.stderr.write("Guesses are counted in each process (edge has no REDIS_URL): restart it to forget them.")
        self.stdout.write("Unlocked." if was_locked else "There was no lock of staff; the guesses are forgotten.")
