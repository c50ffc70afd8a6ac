"""Ways into an account that somebody else may have added, taken away when its owner takes it back."""

from datetime import UTC, datetime
from typing import Any

from django.db import router, transaction
from django.db.models import Q
from django.http import HttpRequest

from .. import signals
from ..models import EmailChange, Passkey, RecoveryCode, TokenFamily, TotpDevice
from . import holdings
from .proofs import Method

_EVER = datetime.min.replace(tzinfo=UTC)


def remove(user: Any, *, request: HttpRequest, since: datetime = _EVER) -> None:
    """Remove the second factors and the links to accounts elsewhere that were added since then (ASVS 5.0, V6.4.3).

    And what was asked for and not confirmed yet, another address, whenever that was.
    """
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        EmailChange.objects.filter(user=user, confirmed_at=None).delete()
        removed = [method for method, found in _factors(user, since) if found.delete()[0]]
        recovery_codes = RecoveryCode.objects.of(user)
        if holdings.is_enrolled(user):
            recovery_codes = recovery_codes.filter(created_at__gte=since)
        recovery_codes.delete()
        left = len([each for each in holdings.methods_of(user) if each is not Method.RECOVERY_CODE])
        for method in removed:
            _tell(signals.mfa_removed, user, request, {"method": method, "left": left})
        for provider in _unlinked(user, since):
            _tell(signals.social_account_unlinked, user, request, {"provider": provider})


def _factors(user: Any, since: datetime) -> list[tuple[Method, Any]]:
    return [
        # An app counts from its first code: its seed may have been handed out to somebody else.
        (Method.TOTP, TotpDevice.objects.of(user).filter(Q(created_at__gte=since) | Q(confirmed_at__gte=since))),
        (Method.PASSKEY, Passkey.objects.of(user).filter(created_at__gte=since)),
    ]


def _unlinked(user: Any, since: datetime) -> list[str]:
    """Remove the links and return their providers; none without allauth."""
    if not hasattr(user, "socialaccount_set"):
        return []
    links = user.socialaccount_set.filter(date_joined__gte=since)
    providers = list(links.values_list("provider", flat=True))
    links.delete()
    return providers


def _tell(signal: Any, user: Any, request: HttpRequest, data: dict[str, Any]) -> None:
    signal.send(sender=type(user), request=request, user=user, target=user, outcome="success", data=data)
