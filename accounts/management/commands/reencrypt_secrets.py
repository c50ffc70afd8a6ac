"""Encrypts what is kept encrypted anew, under the key that encrypts now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ... import encryption, keys, signals
from ...keys.ring import STRAGGLER, provider
from ...mfa import totp
from ...models import TotpDevice
from .. import acting

#: Rows that are read at a time.
BATCH = 1_000


class Command(BaseCommand):
    help = "Encrypt the seeds of authenticator apps under the newest key; a login does the same to its own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--drop-keys", action="store_true", help="then remove the keys that encrypt nothing")
        parser.add_argument("--reason", default="", help="why, for the log; --drop-keys needs one")

    def handle(self, **options: Any) -> None:
        reason = acting.reason(options["reason"]) if options["drop_keys"] else ""
        now = timezone.now()
        keys.keyring(fresh=True)
        old = TotpDevice.objects.exclude(kid=encryption.active_kid(now)).order_by("pk")
        done = sum(totp.reencrypt(device, now=now) for device in old.iterator(chunk_size=BATCH))
        self.stdout.write(f"{done} secrets encrypted anew.")
        if options["drop_keys"]:
            self._drop(reason)

    def _drop(self, reason: str) -> None:
        """Keep the key in use, those after it, and any that a row still names or that a server may just have used."""
        now = timezone.now()
        ring = keys.keyring(fresh=True).encryption
        active = ring.active(now)
        if now < active.active_from + STRAGGLER:
            msg = "The newest key is too young: a server may still use the one before. Try again in a minute."
            raise CommandError(msg)
        named = set(TotpDevice.objects.values_list("kid", flat=True))
        older = {dated.key.kid for dated in ring.keys if dated.active_from < active.active_from}
        gone = older - named
        if not gone:
            self.stdout.write("No key can be removed.")
            return
        source = provider()
        document = source.load()
        kept = [jwk for jwk in document["encryption"] if jwk["kid"] not in gone]
        try:
            source.store({**document, "encryption": kept})
        except keys.KeysReadOnly as error:
            msg = f"{error} Remove: {', '.join(sorted(gone))}."
            raise CommandError(msg) from error
        keys.reset()
        acting.tell(signals.encryption_keys_dropped, Command, kids=sorted(gone), reason=reason)
        self.stdout.write(f"{len(gone)} keys removed.")
