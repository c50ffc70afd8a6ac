"""Ends sessions from the shell: of a user, a tenant, one, or all."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ... import people, revocation
from ...models import TokenFamily, TokenFamilyQuerySet


class Command(BaseCommand):
    help = "End sessions. Whoever holds them has to log in again."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--user", help="what the user logs in with, or the user's address")
        which.add_argument("--tenant", help="the tenant's id")
        which.add_argument("--family", help="the session's id: the claim `sid` of its tokens")
        which.add_argument("--all", action="store_true", help="everybody")
        parser.add_argument("--reason", required=True, help="why; it is kept with the sessions and in the log")
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, **options: Any) -> None:
        now = timezone.now()
        found = self._found(options)
        if options["dry_run"]:
            self.stdout.write(f"{found.live(now).count()} live sessions would end.")
            return
        try:
            ended = revocation.revoke(found, reason=options["reason"], by="command", request=None, user=None, now=now)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{ended} sessions have ended.")

    def _found(self, options: dict[str, Any]) -> TokenFamilyQuerySet:
        sessions: TokenFamilyQuerySet = TokenFamily.objects.all()
        if options["user"] is not None:
            user = people.find(options["user"]) or people.find_by_email(options["user"])
            if user is None:
                msg = "There is no such user."
                raise CommandError(msg)
            return sessions.of(user)
        if options["tenant"] is not None:
            return sessions.filter(tenant=options["tenant"])
        if options["family"] is not None:
            try:
                return sessions.filter(pk=options["family"])
            except ValidationError as error:
                msg = "A session's id is a UUID."
                raise CommandError(msg) from error
        return sessions
