"""Roles of users in tenants, and the version that tells caches that they changed."""

import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, router, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ..roles import declared_roles
from .telling import TellingQuerySet
from .tenant import Tenant


class Membership(models.Model):
    """A role of a user in a tenant, or (tenant empty) in a host that has no tenants."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    tenant = models.ForeignKey(
        Tenant, models.CASCADE, null=True, blank=True, related_name="memberships", verbose_name=_("tenant")
    )
    role = models.CharField(_("role"), max_length=64)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("granted by"),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects: ClassVar[models.Manager["Membership"]] = models.Manager.from_queryset(TellingQuerySet["Membership"])()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "tenant", "role"], name="bulwark_authz_membership_once"),
            models.UniqueConstraint(
                fields=["user", "role"], condition=Q(tenant__isnull=True), name="bulwark_authz_membership_once_global"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} in {self.tenant_id or 'all'}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Signals of a plain save are sent after its commit: the version must change in the same transaction.
        with transaction.atomic(using=kwargs.get("using") or router.db_for_write(Membership, instance=self)):
            super().save(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        if self.role not in declared_roles():
            raise ValidationError({"role": ValidationError(_("There is no such role."), code="unknown_role")})


class AuthorizationVersion(models.Model):
    """Changes, in the same transaction, whenever a membership of the user does; caches of roles are keyed by it.

    The version is random, not counted: after a rollback a counter would come to the same number again, with other
    roles, and a cache filled inside the lost transaction would then be believed.
    """

    # JSON numbers are exact up to here (RFC 8259, section 6), and the version travels in a claim.
    LARGEST = 2**53 - 1

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="authorization_version",
        verbose_name=_("user"),
    )
    version = models.BigIntegerField(_("version"), default=0)

    class Meta:
        verbose_name = _("authorization version")
        verbose_name_plural = _("authorization versions")

    def __str__(self) -> str:
        return str(self.version)

    @classmethod
    def renew(cls, user_id: Any, *, using: str | None = None) -> None:
        """Give the user a new version; call it in the transaction of the change."""
        using = using or router.db_for_write(cls)
        version = secrets.randbelow(cls.LARGEST) + 1
        cls._base_manager.using(using).update_or_create(user_id=user_id, defaults={"version": version})

    @classmethod
    def renew_existing(cls, user_id: Any, *, using: str | None = None) -> None:
        """Give the user a new version if there is one; a user who is being deleted must not get a row back."""
        using = using or router.db_for_write(cls)
        version = secrets.randbelow(cls.LARGEST) + 1
        cls._base_manager.using(using).filter(user_id=user_id).update(version=version)
