"""A session: one row for each login, whatever number of tokens it is refreshed with."""

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class Transport(models.TextChoices):
    """What the client holds: a refresh token, in a cookie or where it likes, or a cookie of Django's sessions."""

    COOKIE = "cookie", _("cookie")
    BODY = "body", _("body")
    SESSION = "session", _("browser session")


class EndReason(models.TextChoices):
    """Why a session ended before its time. A command or an administrator may give words of their own."""

    CODE_REUSE = "code_reuse", _("authorization code used twice")
    DEACTIVATED = "deactivated", _("account deactivated")
    CREDENTIALS_CHANGED = "credentials_changed", _("password or address changed")
    DELETED = "deleted", _("account deleted")
    EMAIL_CHANGED = "email_changed", _("address changed")
    FORGED = "forged", _("forged token")
    LOCKED = "locked", _("account locked")
    LOGOUT = "logout", _("logged out")
    LOGOUT_ALL = "logout_all", _("logged out everywhere")
    MFA_ENROLLED = "mfa_enrolled", _("second factor added")
    MFA_RESET = "mfa_reset", _("second factors removed by an administrator")
    PASSWORD_CHANGED = "password_changed", _("password changed")
    PASSWORD_RESET = "password_reset", _("password reset")
    REPLACED = "replaced", _("logged in again")
    REUSE = "reuse", _("refresh token used twice")
    REVOKED = "revoked", _("ended from the session list")
    TOO_MANY = "too_many", _("too many sessions")


class TokenFamilyQuerySet(models.QuerySet["TokenFamily"]):
    def live(self, now: datetime) -> Self:
        """Return sessions that have neither ended nor run out."""
        return self.filter(revoked_at=None, idle_expires_at__gt=now, expires_at__gt=now)

    def of(self, user: "AbstractBaseUser | models.Model") -> Self:
        """Return the sessions of a user."""
        return self.filter(user_id=user.pk)

    def over_before(self, moment: datetime) -> Self:
        """Return sessions that had ended or run out by then."""
        return self.filter(models.Q(revoked_at__lt=moment) | models.Q(idle_expires_at__lt=moment))

    def end(self, *, now: datetime, reason: str) -> int:
        """End those that have not ended yet, and return how many that were."""
        return self.filter(revoked_at=None).update(revoked_at=now, revoke_reason=reason)


class TokenFamily(models.Model):
    """All tokens that descend from one login.

    Nothing in a row can be used as a token, or to make one without the keys: the `nonce` is one half of what the ids
    of refresh tokens are computed from, the refresh key is the other.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="token_families", verbose_name=_("user")
    )
    tenant = models.CharField(_("tenant"), max_length=64, blank=True)
    generation = models.PositiveBigIntegerField(_("generation"), default=1)
    nonce = models.BinaryField(max_length=16)
    kid = models.CharField(_("key"), max_length=128, blank=True)  # empty: no token is made for it
    created_at = models.DateTimeField(_("started at"), default=timezone.now)
    rotated_at = models.DateTimeField(_("last refreshed at"))
    idle_expires_at = models.DateTimeField(_("ends when idle until"))
    expires_at = models.DateTimeField(_("ends at"), db_index=True)
    revoked_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    revoke_reason = models.CharField(_("reason"), max_length=200, blank=True)
    auth_hash = models.CharField(max_length=64)
    auth_time = models.DateTimeField(_("credentials shown at"))
    amr = models.JSONField(_("methods"), default=list)
    ip = models.GenericIPAddressField(_("address"), null=True, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=256, blank=True)
    label = models.CharField(_("device"), max_length=100, blank=True)
    transport = models.CharField(_("transport"), max_length=8, choices=Transport)
    client = models.CharField(_("client"), max_length=64, blank=True)
    #: Thumbprint of the key that must be shown with every token (RFC 9449), or empty: whoever holds one may use it.
    dpop_jkt = models.CharField(_("bound to key"), max_length=43, blank=True)

    objects = models.Manager.from_queryset(TokenFamilyQuerySet)()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [
            models.CheckConstraint(condition=models.Q(generation__gte=1), name="bulwark_accounts_family_generation"),
            models.CheckConstraint(
                condition=models.Q(idle_expires_at__lte=models.F("expires_at")), name="bulwark_accounts_family_idle"
            ),
            models.CheckConstraint(
                condition=models.Q(revoked_at=None, revoke_reason="") | models.Q(revoked_at__isnull=False),
                name="bulwark_accounts_family_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.label or str(self.pk)

    def is_live(self, now: datetime) -> bool:
        """Say whether it has neither ended nor run out."""
        return self.revoked_at is None and now < self.idle_expires_at and now < self.expires_at
