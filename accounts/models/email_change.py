"""A change of an address: asked for, confirmed at the new one, and for a while undone from the old one."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class EmailChange(models.Model):
    """Links are for a row and for the state it is in: each of the two works once.

    The one that confirms dies with the credentials that it was asked for under, whoever replaces them and however.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="email_changes", verbose_name=_("user")
    )
    old_email = models.EmailField(_("old address"))
    new_email = models.EmailField(_("new address"))
    auth_hash = models.CharField(max_length=64)  # the user's, when it was asked for
    requested_at = models.DateTimeField(_("asked for at"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)

    class Meta:
        verbose_name = _("change of an address")
        verbose_name_plural = _("changes of an address")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(undone_at=None) | models.Q(confirmed_at__isnull=False),
                name="bulwark_accounts_email_change_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.old_email} -> {self.new_email}"
