"""Deletes sessions that are long over, and ends those of inactive accounts: daily, as a scheduled job."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ... import people, revocation
from ...conf import conf
from ...mfa import totp
from ...models import AccountLock, AuthorizationCode, EmailChange, EndReason, SpentToken, TokenFamily, TotpDevice

#: Rows a DELETE takes: small enough that nobody waits for its locks.
BATCH = 1_000


class Command(BaseCommand):
    help = "Delete sessions that ran out or ended some time ago, in batches."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=30, help="keep what was alive within so many days (30)")
        parser.add_argument("--batch", type=int, default=BATCH, help=f"rows at a time ({BATCH})")
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, **options: Any) -> None:
        if options["days"] < 0 or options["batch"] < 1:  # sessions that will run out some day are alive
            msg = "--days is 0 or more, --batch 1 or more."
            raise CommandError(msg)
        old = TokenFamily.objects.over_before(timezone.now() - timedelta(days=options["days"]))
        total = old.count()
        if options["dry_run"]:
            self.stdout.write(f"{total} sessions would be deleted.")
            return
        self._end_those_of_inactive_users()
        self._forget_email_changes(options["days"])
        AuthorizationCode.objects.expired_before(timezone.now() - timedelta(days=options["days"])).delete()
        AccountLock.objects.over_before(timezone.now() - timedelta(days=options["days"])).delete()
        SpentToken.objects.expired_before(timezone.now()).delete()
        TotpDevice.objects.abandoned_before(timezone.now() - totp.PENDING).delete()
        deleted, last = 0, UUID(int=0)
        # Each batch goes on from the last one: begun anew, it would pass by all that is kept, every time.
        while ids := list(old.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[: options["batch"]]):
            deleted, last = deleted + TokenFamily.objects.filter(pk__in=ids).delete()[0], ids[-1]
            self._progress(deleted, total)
        self.stdout.write(f"{deleted} sessions deleted.")

    def _end_those_of_inactive_users(self) -> None:
        """End sessions that `QuerySet.update()` on users has left behind: they would live again with the account."""
        if not people.can_be_inactive():
            return
        now = timezone.now()
        found = TokenFamily.objects.live(now).filter(user__is_active=False)
        ended = revocation.revoke(found, reason=EndReason.DEACTIVATED, by="command", request=None, user=None, now=now)
        if ended:
            self.stdout.write(f"{ended} sessions of inactive accounts ended.")

    def _forget_email_changes(self, days: int) -> None:
        """Delete changes of an address that no link confirms or undoes any more."""
        kept = max(timedelta(days=days), conf.verify_timeout + conf.undo_timeout)
        EmailChange.objects.filter(requested_at__lt=timezone.now() - kept).delete()

    def _progress(self, done: int, total: int) -> None:
        if self.stderr.isatty() and total:
            width = 30 * min(done, total) // total
            end = "\n" if done >= total else ""
            self.stderr.write(f"\r[{'#' * width}{'.' * (30 - width)}] {done}/{total}", ending=end)
