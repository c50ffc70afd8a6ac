"""Takes a user's second factors away: for who has lost them, and has been identified another way."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ... import people
from ...mfa import enrolment
from ...mfa.holdings import methods_of
from ...models import TokenFamily


class Command(BaseCommand):
    help = "Remove all second factors of a user and end the user's sessions. The user is told by mail."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="what the user logs in with, or the user's address")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
        parser.add_argument("--reason", required=True, help="how the user was identified; it is kept in the log")

    def handle(self, **options: Any) -> None:
        user = people.find(options["user"]) or people.find_by_email(options["user"])
        if user is None:
            msg = "There is no such user."
            raise CommandError(msg)
        if options["dry_run"]:
            live = TokenFamily.objects.of(user).live(timezone.now()).count()
            names = ", ".join(methods_of(user)) or "nothing"
            self.stdout.write(f"Would remove {names}; {live} sessions would end.")
            return
        try:
            ended = enrolment.reset(
                user, by="command", reason=options["reason"], request=None, actor=None, now=timezone.now()
            )
        except (ValueError, people.AccountGone) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The second factors are removed, and {ended} sessions have ended.")
