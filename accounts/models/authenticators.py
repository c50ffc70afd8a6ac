"""What proves a user besides the password. Nothing in these rows can be used to log in."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Self, TypeVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


Row = TypeVar("Row", bound=models.Model)


class OwnedQuerySet(models.QuerySet[Row]):
    """What all kinds of authenticator have in common."""

    def of(self, user: "AbstractBaseUser | models.Model") -> Self:
        """Return those of a user."""
        return self.filter(user_id=user.pk)


class TotpQuerySet(OwnedQuerySet["TotpDevice"]):
    def confirmed(self) -> Self:
        """Return those whose owner has shown a code."""
        return self.filter(confirmed_at__isnull=False)

    def abandoned_before(self, moment: datetime) -> Self:
        """Return those that were handed out before then and never used."""
        return self.filter(confirmed_at=None, created_at__lt=moment)

    def pending(self, since: datetime) -> Self:
        """Return those that were handed out after ``since`` and wait for their first code."""
        return self.filter(confirmed_at=None, created_at__gt=since)


class TotpDevice(models.Model):
    """An app that makes a code from the time (RFC 6238). Its seed is encrypted, and each time step counts once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="totp_devices", verbose_name=_("user")
    )
    kid = models.CharField(_("key"), max_length=128, db_index=True)
    seed = models.BinaryField(max_length=128)
    #: The newest time step that a code was accepted for: an older one, or the same again, is refused.
    last_step = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(_("handed out at"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)

    objects = models.Manager.from_queryset(TotpQuerySet)()

    class Meta:
        verbose_name = _("authenticator app")
        verbose_name_plural = _("authenticator apps")
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(confirmed_at__isnull=False), name="bulwark_accounts_totp_confirmed"
            ),
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(confirmed_at=None), name="bulwark_accounts_totp_pending"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class RecoveryCode(models.Model):
    """One of a set of codes for the day the device is lost: kept as a hash of 120 random bits, used once."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="recovery_codes", verbose_name=_("user")
    )
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(_("made at"), default=timezone.now)
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)

    objects = models.Manager.from_queryset(OwnedQuerySet["RecoveryCode"])()

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="bulwark_accounts_recovery_digest")]

    def __str__(self) -> str:
        return str(self.pk)


class Passkey(models.Model):
    """A WebAuthn credential: the public half, and how often its authenticator says it has signed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="passkeys", verbose_name=_("user"))
    name = models.CharField(_("name"), max_length=100, blank=True)
    #: Bytes the browser gives back for the user: random, the same for all passkeys of one user, and no personal data.
    user_handle = models.BinaryField(max_length=64)
    credential_id = models.BinaryField(max_length=1023, unique=True)
    #: AAGUID, id and COSE public key, as the authenticator sent them.
    credential = models.BinaryField(max_length=4096)
    sign_count = models.PositiveBigIntegerField(_("signatures"), default=0)
    transports = models.JSONField(_("transports"), default=list)
    is_synced = models.BooleanField(_("kept by a password manager"), default=False)
    created_at = models.DateTimeField(_("added at"), default=timezone.now)
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)

    objects = models.Manager.from_queryset(OwnedQuerySet["Passkey"])()

    class Meta:
        verbose_name = _("passkey")
        verbose_name_plural = _("passkeys")

    def __str__(self) -> str:
        return self.name or str(self.pk)


class SpentTokenQuerySet(models.QuerySet["SpentToken"]):
    def expired_before(self, moment: datetime) -> Self:
        """Return those whose token nobody would accept any more by then."""
        return self.filter(expires_at__lt=moment)


class SpentToken(models.Model):
    """The id of a single-use token that has been used: a second INSERT of it fails, whoever races."""

    digest = models.CharField(primary_key=True, max_length=64)
    expires_at = models.DateTimeField(db_index=True)

    objects = models.Manager.from_queryset(SpentTokenQuerySet)()

    class Meta:
        verbose_name = _("used token")
        verbose_name_plural = _("used tokens")

    def __str__(self) -> str:
        return self.digest
