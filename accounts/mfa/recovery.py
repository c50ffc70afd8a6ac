"""Codes for the day the phone is lost: a set of ten, shown once, each used once."""

import hashlib
import secrets
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction

from ..models import RecoveryCode
from .proofs import FactorFault, FactorRefused

#: How many make a set.
COUNT = 10
#: Letters and digits that nobody takes for one another: 5 bits each.
ALPHABET = "abcdefghjkmnpqrstvwxyz0123456789"
#: 120 bits, so that a plain hash keeps them (OWASP ASVS 5.0, V6.5.2).
LENGTH = 24
_GROUP = 4


def regenerate(user: AbstractBaseUser, *, now: datetime) -> list[str]:
    """Make a new set in place of the old one and return it: it cannot be shown again."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(COUNT)]
    with transaction.atomic(using=router.db_for_write(RecoveryCode)):
        RecoveryCode.objects.of(user).delete()
        RecoveryCode.objects.bulk_create(
            [RecoveryCode(user_id=user.pk, digest=_digest(user, code), created_at=now) for code in codes]
        )
    return ["-".join(code[at : at + _GROUP] for at in range(0, LENGTH, _GROUP)) for code in codes]


def verify(user: AbstractBaseUser, code: str, *, now: datetime) -> None:
    """Use a code up. Of any number that race with the same one, one succeeds.

    :raises FactorRefused: it is none of the user's, or was used.
    """
    mine = RecoveryCode.objects.of(user).filter(digest=_digest(user, _plain(code)))
    if not mine.filter(used_at=None).update(used_at=now):
        raise FactorRefused(FactorFault.REPLAYED if mine.exists() else FactorFault.WRONG)


def remaining(user: AbstractBaseUser) -> int:
    """Return how many codes are left."""
    return RecoveryCode.objects.of(user).filter(used_at=None).count()


def remove(user: AbstractBaseUser) -> None:
    """Drop the set."""
    RecoveryCode.objects.of(user).delete()


def _plain(code: str) -> str:
    return "".join(code.lower().split()).replace("-", "")


def _digest(user: AbstractBaseUser, code: str) -> str:
    return hashlib.sha256(f"bulwark:recovery:{user.pk}:{code}".encode("utf-8", "surrogatepass")).hexdigest()
