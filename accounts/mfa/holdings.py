"""Which second factors a user has."""

from django.contrib.auth.base_user import AbstractBaseUser

from ..models import Passkey, RecoveryCode, TotpDevice
from .proofs import Method


def is_enrolled(user: AbstractBaseUser) -> bool:
    """Say whether the user has a second factor, in one query."""
    apps = TotpDevice.objects.of(user).confirmed().order_by().values("pk")
    return bool(apps.union(Passkey.objects.of(user).order_by().values("pk"), all=True)[:1])


def methods_of(user: AbstractBaseUser) -> list[Method]:
    """Return how the user may prove themselves besides the password; empty without a second factor."""
    found = [Method.TOTP] if TotpDevice.objects.of(user).confirmed().exists() else []
    if Passkey.objects.of(user).exists():
        found.append(Method.PASSKEY)
    if found and RecoveryCode.objects.of(user).filter(used_at=None).exists():
        found.append(Method.RECOVERY_CODE)
    return found
