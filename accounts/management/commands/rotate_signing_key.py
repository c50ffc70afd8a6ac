"""Makes a new key: published at once, signing a little later, so that nobody meets a key they do not know."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ... import keys, signals
from ...conf import conf
from ...keys.documents import PURPOSES, SIGNING_ALGORITHMS, new_document, with_new_key
from ...keys.ring import build, provider, soonest
from .. import acting


class Command(BaseCommand):
    help = "Add a key to sign with, and remove those whose last token has expired."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--now", action="store_true", help="sign with it as soon as every server can know it")
        parser.add_argument(
            "--purpose", choices=[*PURPOSES, "all"], default="all", help="which tokens it signs, or what it encrypts"
        )
        parser.add_argument("--algorithm", choices=SIGNING_ALGORITHMS, help="of access tokens; ALGORITHM by default")
        parser.add_argument(
            "--compromised", action="store_true", help="drop all other keys: what they signed is refused from now on"
        )
        parser.add_argument("--reason", default="", help="why, for the log; --now and --compromised need one")
        parser.add_argument("--print", action="store_true", help="print the new document, store nothing")
        parser.add_argument("--first", action="store_true", help="start a new document where there is none")

    def handle(self, **options: Any) -> None:
        reason = _reason(options)
        now = timezone.now()
        algorithm = options["algorithm"] or conf.algorithm
        document = new_document(algorithm, now) if options["first"] else self._rotated(algorithm, options)
        if options["print"]:
            self.stdout.write(json.dumps(document, indent=1))
            return
        source = provider()
        if options["first"] and source.version() is not None:
            msg = f"There are keys already: {source.describe()}."
            raise CommandError(msg)
        try:
            source.store(document)
        except keys.KeysReadOnly as error:
            raise CommandError(str(error)) from error
        keys.reset()
        if not options["first"]:
            changed = {"purposes": _purposes(options), "compromised": options["compromised"]}
            acting.tell(signals.signing_keys_rotated, Command, **changed, reason=reason)
        self.stdout.write(f"Stored: {source.describe()}. `manage.py keys status` shows what holds from when.")

    def _rotated(self, algorithm: str, options: dict[str, Any]) -> keys.KeyDocument:
        now = timezone.now()
        try:
            document = without_expired(provider().load())
        except keys.KeysUnavailable as error:
            msg = f"{error} --first makes the first keys."
            raise CommandError(msg) from error
        active_from = soonest(provider(), now) if options["now"] else now + conf.key_publish_ahead
        if options["compromised"]:
            active_from = now
        for purpose in _purposes(options):
            name = algorithm if purpose == "access" else "HS256"
            # What is encrypted needs its old key until `reencrypt_secrets --drop-keys` has been run.
            alone = options["compromised"] and purpose != "encryption"
            document = with_new_key(document, purpose, name, active_from, alone=alone)
        return document


def _reason(options: dict[str, Any]) -> str:
    """Return why, which may be empty where keys are only printed, are the first, or sign from the usual day on.

    :raises CommandError: it is needed and missing, or too long.
    """
    given: str = options["reason"]
    is_at_once = options["now"] or options["compromised"]
    if not given and (options["print"] or options["first"] or not is_at_once):
        return ""
    return acting.reason(given)


def _purposes(options: dict[str, Any]) -> list[str]:
    return list(PURPOSES) if options["purpose"] == "all" else [options["purpose"]]


def without_expired(document: keys.KeyDocument) -> keys.KeyDocument:
    """Return the document without keys whose last token has expired.

    :raises KeysUnavailable: it is not usable.
    """
    ring, now = build(document), timezone.now()
    gone = {dated.key.kid for key_set in (ring.access, ring.refresh) for dated in key_set.expired(now)}
    return {purpose: [jwk for jwk in document[purpose] if jwk["kid"] not in gone] for purpose in PURPOSES}
