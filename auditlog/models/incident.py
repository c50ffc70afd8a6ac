"""What went wrong, told from the first alert to what was learned."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .alert import Alert
from .event import Severity


class IncidentState(models.TextChoices):
    OPEN = "open", _("open")
    CONTAINED = "contained", _("contained")
    CLOSED = "closed", _("closed")


class IncidentQuerySet(models.QuerySet["Incident"]):
    def live(self) -> Self:
        """Return those that are not closed."""
        return self.exclude(state=IncidentState.CLOSED)


class Incident(models.Model):
    """One incident. Closed it is only with all four parts of the post-mortem."""

    title = models.CharField(_("title"), max_length=200)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity, default=Severity.HIGH)
    state = models.CharField(
        _("state"), max_length=10, choices=IncidentState, default=IncidentState.OPEN, editable=False
    )
    opened_at = models.DateTimeField(_("opened at"), default=timezone.now, editable=False)
    contained_at = models.DateTimeField(_("contained at"), null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True, editable=False)
    participants = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="+", verbose_name=_("participants")
    )
    alerts = models.ManyToManyField(Alert, blank=True, related_name="incidents", verbose_name=_("alerts"))
    events = models.JSONField(_("events"), default=list, blank=True, help_text=_("Ids of events."))
    affected = models.JSONField(_("affected"), default=list, blank=True, help_text=_("Addresses of who is affected."))
    root_cause = models.TextField(_("root cause"), blank=True)
    impact = models.TextField(_("impact"), blank=True)
    lessons = models.TextField(_("lessons"), blank=True)
    follow_up = models.TextField(_("follow-up"), blank=True)

    POST_MORTEM = ("root_cause", "impact", "lessons", "follow_up")

    objects = models.Manager.from_queryset(IncidentQuerySet)()

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        default_permissions = ("add", "change", "view")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=IncidentState.CLOSED)
                | (Q(closed_at__isnull=False) & ~Q(root_cause="") & ~Q(impact="") & ~Q(lessons="") & ~Q(follow_up="")),
                name="bulwark_incident_post_mortem",
            )
        ]

    def __str__(self) -> str:
        return self.title


class IncidentEntry(models.Model):
    """One line of an incident's timeline, written once."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="entries")
    ts = models.DateTimeField(_("time"), default=timezone.now)
    actor = models.CharField(_("by"), max_length=254, blank=True)
    text = models.TextField(_("what"))

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.text


class IncidentNotice(models.Model):
    """What affected customers are told: drafted, read by somebody, then sent."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="notices")
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("body"))
    recipients = models.JSONField(_("recipients"), default=list)
    drafted_at = models.DateTimeField(_("drafted at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    sent_by = models.CharField(_("sent by"), max_length=254, blank=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.subject
