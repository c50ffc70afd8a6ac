"""A lock that staff put on an account."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class AccountLockQuerySet(models.QuerySet["AccountLock"]):
    def active(self, now: datetime) -> Self:
        """Return the locks that hold."""
        return self.filter(models.Q(until=None) | models.Q(until__gt=now))

    def over_before(self, moment: datetime) -> Self:
        """Return those that had ended by themselves by then."""
        return self.filter(until__lt=moment)

    def of(self, user: "AbstractBaseUser | models.Model") -> Self:
        """Return the lock of a user, if there is one."""
        return self.filter(user_id=user.pk)


class AccountLock(models.Model):
    """While it holds, nobody logs in to the account, whatever they show."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+", verbose_name=_("user")
    )
    locked_at = models.DateTimeField(_("locked at"), default=timezone.now)
    until = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: until it is taken off."))
    reason = models.CharField(_("reason"), max_length=200)
    locked_by = models.CharField(_("locked by"), max_length=64)

    objects = models.Manager.from_queryset(AccountLockQuerySet)()

    class Meta:
        verbose_name = _("account lock")
        verbose_name_plural = _("account locks")
        constraints = [
            models.CheckConstraint(condition=~models.Q(reason=""), name="bulwark_accounts_lock_reason"),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gt=models.F("locked_at")),
                name="bulwark_accounts_lock_until",
            ),
        ]

    def __str__(self) -> str:
        return self.reason
