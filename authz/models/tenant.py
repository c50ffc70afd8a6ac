"""The customer, team or site whose rows nobody else sees."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class Tenant(models.Model):
    """Owns rows; a policy with `tenant=` hides them from every other tenant."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=150)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("tenant")
        verbose_name_plural = _("tenants")

    def __str__(self) -> str:
        return self.name
