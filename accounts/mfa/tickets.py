"""Signed texts that stand for one step of a login: short-lived, for one purpose, and used once.

Nothing is stored when one is made, so a flood of logins writes no rows. What stops the second use is an INSERT of the
ticket's id: of any number of racers one succeeds.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.core import signing
from django.db import IntegrityError, router, transaction

from ..conf import conf
from ..models import SpentToken

#: Characters of a ticket; ours have some hundreds.
MAX_LENGTH = 1024


class Purpose(StrEnum):
    """What a ticket is for; one for another purpose is no ticket."""

    PASSKEY_ADD = "passkey_add"
    PASSKEY_LOGIN = "passkey_login"
    PASSKEY_PROOF = "passkey_proof"
    SECOND_STEP = "second_step"


@dataclass(frozen=True)
class Ticket:
    """A ticket whose signature and time have been checked."""

    id: str
    data: Mapping[str, Any]

    def spend(self, *, now: datetime) -> bool:
        """Use it up; False when it had been used before. A rollback of the caller's transaction takes that back."""
        digest = hashlib.sha256(self.id.encode()).hexdigest()
        # A little longer than it is valid: servers' clocks differ.
        row = SpentToken(digest=digest, expires_at=now + lifetime() + timedelta(minutes=1))
        try:
            with transaction.atomic(using=router.db_for_write(SpentToken)):
                row.save(force_insert=True)
        except IntegrityError:
            return False
        return True


def issue(purpose: Purpose, data: Mapping[str, Any]) -> str:
    """Return a ticket. Its holder can read ``data`` and cannot change it."""
    return signing.dumps({"id": secrets.token_urlsafe(16), "data": dict(data)}, salt=_salt(purpose))


def read(text: str, purpose: Purpose) -> Ticket | None:
    """Return the ticket, or None when it is too old, for another purpose, or made up. It may have been used."""
    try:
        found = signing.loads(text, salt=_salt(purpose), max_age=lifetime())
    except (signing.BadSignature, ValueError):
        return None
    return Ticket(found["id"], found["data"])


def lifetime() -> timedelta:
    """Return how long a ticket is valid."""
    return conf.mfa_token_lifetime


def _salt(purpose: Purpose) -> str:
    return f"bulwark:accounts:{purpose}"
