"""What one user, or one role, may do with one object."""

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models, router, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def object_key(value: Any) -> str:
    """Return how a primary key is kept in a grant: the 32 digits of a UUID, the text of anything else."""
    return value.hex if isinstance(value, uuid.UUID) else str(value)


class GrantQuerySet(models.QuerySet["Grant"]):
    def on(self, target: models.Model) -> Self:
        """Keep the grants on one object."""
        content_type = ContentType.objects.db_manager(self.db).get_for_model(target)
        return self.filter(content_type=content_type, object_id=object_key(target.pk))

    def in_force(self) -> Self:
        """Keep the grants that have not expired."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()))


class Grant(models.Model):
    """Lets a user, or everybody who holds a role, take an action on one object; a rule must ask for `granted`."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="object_grants",
        verbose_name=_("user"),
    )
    role = models.CharField(_("role"), max_length=64, blank=True)
    action = models.CharField(_("action"), max_length=64)
    content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+", verbose_name=_("kind of object"))
    object_id = models.CharField(_("key of the object"), max_length=255)
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)
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

    objects: ClassVar[models.Manager["Grant"]] = models.Manager.from_queryset(GrantQuerySet)()

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        indexes = [models.Index(fields=["content_type", "object_id", "action"], name="bulwark_authz_grant_object")]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, role="") | (Q(user__isnull=True) & ~Q(role="")),
                name="bulwark_authz_grant_user_or_role",
            ),
            models.UniqueConstraint(
                fields=["user", "action", "content_type", "object_id"],
                condition=Q(user__isnull=False),
                name="bulwark_authz_grant_user_once",
            ),
            models.UniqueConstraint(
                fields=["role", "action", "content_type", "object_id"],
                condition=Q(user__isnull=True),
                name="bulwark_authz_grant_role_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} on {self.object_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        # What receivers record must be lost with the grant, and kept with it.
        with transaction.atomic(using=kwargs.get("using") or router.db_for_write(Grant, instance=self)):
            super().save(*args, **kwargs)

    @property
    def in_force(self) -> bool:
        return self.expires_at is None or self.expires_at > timezone.now()
