"""What people and rules did about an attack."""

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .alert import Alert


class Response(models.Model):
    """One action against an attack: who did what to whom, and why; it stays after it was undone."""

    action = models.CharField(_("action"), max_length=40)
    subject = models.CharField(_("subject"), max_length=254, blank=True)
    reason = models.CharField(_("reason"), max_length=200)
    by = models.CharField(_("by"), max_length=254)
    is_automatic = models.BooleanField(_("automatic"), default=False)
    alert = models.ForeignKey(
        Alert, models.SET_NULL, null=True, blank=True, related_name="responses", verbose_name=_("alert")
    )
    done_at = models.DateTimeField(_("done at"), default=timezone.now)
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    undone_by = models.CharField(_("undone by"), max_length=254, blank=True)

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("response")
        verbose_name_plural = _("responses")
        indexes = [models.Index(fields=["-done_at", "-id"], name="bulwark_response_done")]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}".strip()

    def holds(self, now: datetime) -> bool:
        """Say whether it was neither undone nor has run out."""
        return self.undone_at is None and (self.ends_at is None or now < self.ends_at)
