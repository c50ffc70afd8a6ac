"""Brings the sessions of djangorestframework-simplejwt over, so that nobody has to log in again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections, router, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from ... import keys
from ...conf import conf
from ...credentials import auth_hash
from ...models import TokenFamily
from ...simplejwt.legacy import imported

OUTSTANDING, BLACKLISTED = "token_blacklist_outstandingtoken", "token_blacklist_blacklistedtoken"
BATCH = 1_000


class Command(BaseCommand):
    help = "Make a session for each refresh token of simplejwt that is outstanding, not blacklisted and not expired."
    # Its app may still be installed, which a check forbids; this is the command that lets it go.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--erase", action="store_true", help="then delete simplejwt's copies of the tokens")
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, **options: Any) -> None:
        connection = connections[router.db_for_write(TokenFamily)]
        missing = {OUTSTANDING, BLACKLISTED} - set(connection.introspection.table_names())
        if missing:
            msg = f"There is no table {min(missing)}: simplejwt's token_blacklist was never migrated here."
            raise CommandError(msg)
        now = timezone.now()
        found = list(self._live(connection, now))
        if options["dry_run"]:
            self.stdout.write(f"{len(found)} sessions would be made.")
            return
        with transaction.atomic(using=connection.alias):
            made = self._import(found, now)
            if options["erase"]:
                self._erase(connection)
        self.stdout.write(f"{made} sessions made.")
        if not conf.simplejwt_key:
            self.stdout.write("Set SIMPLEJWT_KEY to simplejwt's key, or nobody can use them.")

    def _live(self, connection: Any, now: datetime) -> Iterator[tuple[str, Any, datetime]]:
        """Yield the id, the user and the end of each token that simplejwt would still accept."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT o.jti, o.user_id, o.expires_at FROM {OUTSTANDING} o "  # noqa: S608 - constants
                f"LEFT JOIN {BLACKLISTED} b ON b.token_id = o.id "
                "WHERE b.id IS NULL AND o.user_id IS NOT NULL AND o.expires_at > %s",
                [connection.ops.adapt_datetimefield_value(now)],
            )
            for jti, user_id, ends in cursor.fetchall():
                yield jti, user_id, _moment(ends)

    def _import(self, found: list[tuple[str, Any, datetime]], now: datetime) -> int:
        kid = keys.keyring().refresh.active(now).key.kid
        tenant_of = import_string(conf.tenant) if conf.tenant else None
        before = TokenFamily.objects.count()
        for start in range(0, len(found), BATCH):
            part = found[start : start + BATCH]
            users = _users({user_id for _, user_id, _ in part})
            rows = []
            for jti, user_id, ends in part:
                user = users.get(str(user_id).replace("-", ""))
                if user is None or not user.is_active:
                    continue
                family = imported(jti, user, now=now, ends=ends, kid=kid, auth_hash=auth_hash(user))
                family.tenant = tenant_of(user) if tenant_of else ""
                rows.append(family)
            TokenFamily.objects.bulk_create(rows, ignore_conflicts=True)
        return TokenFamily.objects.count() - before

    def _erase(self, connection: Any) -> None:
        """Delete the rows: each holds a refresh token as it was sent."""
        with connection.cursor() as cursor:
            for table in (BLACKLISTED, OUTSTANDING):
                cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant


def _users(ids: set[Any]) -> dict[str, Any]:
    """Return users by the letters of their keys: a raw query gives a UUID in the database's own way."""
    model = get_user_model()
    return {str(user.pk).replace("-", ""): user for user in model._default_manager.filter(pk__in=ids)}  # noqa: SLF001


def _moment(value: datetime | str) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else found.replace(tzinfo=UTC)
