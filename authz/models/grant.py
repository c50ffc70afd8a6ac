"""What one user, or one role, may do with one object."""

# ruff: noqa: SLF001  (`_meta` and `_base_manager` are Django's documented faces of a model)

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import models, router, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .telling import TellingQuerySet


def object_key(value: Any) -> str:
    """Return how a primary key is kept in a grant: the 32 digits of a UUID, the text of anything else."""
    return value.hex if isinstance(value, uuid.UUID) else str(value)


class GrantQuerySet(TellingQuerySet["Grant"]):
    def on(self, target: models.Model) -> Self:
        """Keep the grants on one object."""
        content_type = ContentType.objects.db_manager(self.db).get_for_model(target)
        return self.filter(content_type=content_type, object_id=object_key(target.pk))

    def give(
        self,
        *,
        action: str,
        target: models.Model,
        user: Any = None,
        role: str = "",
        granted_by: Any = None,
        expires_at: datetime | None = None,
    ) -> "Grant":
        """Let a user, or whoever holds a role, take an action on an object; an older grant of the same is replaced.

        :raises ValidationError: not exactly one of ``user`` and ``role`` is given, or the object is not saved.
        """
        content_type = ContentType.objects.db_manager(self.db).get_for_model(target)
        values = {"action": action, "content_type": content_type, "object_id": object_key(target.pk)}
        made = Grant(user=user, role=role, granted_by=granted_by, expires_at=expires_at, **values)
        with transaction.atomic(using=self.db):
            self.filter(user=user, role=role, **values).delete()
            made.full_clean()
            made.save(using=self.db)
        return made

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

    def clean(self) -> None:
        """Spell the key as rules look for it, and refuse one that no object has."""
        super().clean()
        model = self.content_type.model_class() if self.content_type_id else None
        if model is None:
            return
        try:
            key = model._meta.pk.to_python(self.object_id)
        except ValidationError:
            key = None
        if key is None or not model._base_manager.filter(pk=key).exists():
            raise ValidationError({"object_id": ValidationError(_("There is no such object."), code="unknown_object")})
        self.object_id = object_key(key)
