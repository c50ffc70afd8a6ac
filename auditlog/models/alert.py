"""What the rules found, whom it was told, and what people made of it."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .event import Severity


class AlertState(models.TextChoices):
    OPEN = "open", _("open")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    CLOSED = "closed", _("closed")


class AlertQuerySet(models.QuerySet["Alert"]):
    def live(self) -> Self:
        """Return those that nobody has closed."""
        return self.exclude(state=AlertState.CLOSED)

    def newest_first(self) -> Self:
        return self.order_by("-last_ts", "-pk")


class Alert(models.Model):
    """Something a rule found. More of the same joins it, until somebody closes it."""

    rule = models.CharField(_("rule"), max_length=60)
    key = models.CharField(_("about"), max_length=254, blank=True, help_text=_("The address, account or tenant."))
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity)
    summary = models.CharField(_("summary"), max_length=400)
    state = models.CharField(_("state"), max_length=12, choices=AlertState, default=AlertState.OPEN)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    count = models.PositiveBigIntegerField(_("events"), default=1)
    first_ts = models.DateTimeField(_("first event"))
    last_ts = models.DateTimeField(_("last event"))
    evidence = models.JSONField(_("evidence"), default=list, help_text=_("Ids of events, the first ones."))
    is_silenced = models.BooleanField(_("silenced"), default=False)
    raised_at = models.DateTimeField(_("raised at"), default=timezone.now)

    objects = models.Manager.from_queryset(AlertQuerySet)()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        default_permissions = ("view", "change")
        indexes = [models.Index(fields=["-last_ts", "-id"], name="bulwark_alert_last")]
        constraints = [
            # Two processes that find the same at once make one alert.
            models.UniqueConstraint(
                fields=["rule", "key"], condition=~Q(state=AlertState.CLOSED), name="bulwark_alert_live"
            ),
        ]

    def __str__(self) -> str:
        return self.summary


class AlertStep(models.Model):
    """One line of an alert's timeline."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="steps")
    ts = models.DateTimeField(_("time"), default=timezone.now)
    actor = models.CharField(_("by"), max_length=254, blank=True)
    text = models.CharField(_("what"), max_length=400)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.text


class Silence(models.Model):
    """For a while, alerts of a rule are kept and told nobody."""

    rule = models.CharField(_("rule"), max_length=60, blank=True, help_text=_("Empty: every rule."))
    key = models.CharField(_("about"), max_length=254, blank=True, help_text=_("Empty: whatever it is about."))
    starts_at = models.DateTimeField(_("from"), default=timezone.now)
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=200)
    by = models.CharField(_("by"), max_length=254, blank=True, editable=False)

    class Meta:
        verbose_name = _("silence")
        verbose_name_plural = _("silences")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="bulwark_silence_ends")
        ]

    def __str__(self) -> str:
        return f"{self.rule or '*'} {self.key or '*'}"

    def covers(self, rule: str, key: str, now: datetime) -> bool:
        """Say whether an alert of ``rule`` about ``key`` is silenced at ``now``."""
        return self.starts_at <= now < self.ends_at and self.rule in {"", rule} and self.key in {"", key}


class Delivery(models.Model):
    """One alert on its way to one channel; it stays until the receiver has taken it."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="deliveries")
    channel = models.CharField(_("channel"), max_length=60)
    news = models.CharField(_("news"), max_length=12, choices=AlertState, default=AlertState.OPEN)
    queued_at = models.DateTimeField(_("queued at"), default=timezone.now)
    due_at = models.DateTimeField(_("due at"), default=timezone.now)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)
    error = models.CharField(_("last error"), max_length=400, blank=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["channel", "due_at"], name="bulwark_delivery_due", condition=Q(delivered_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.news}"


class RuleSetting(models.Model):
    """What people have set for a rule, over what the settings say."""

    rule = models.CharField(_("rule"), max_length=60, primary_key=True)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity, null=True, blank=True)
    limit = models.PositiveIntegerField(_("limit"), null=True, blank=True)
    window = models.PositiveIntegerField(_("window"), null=True, blank=True, help_text=_("Seconds."))

    class Meta:
        verbose_name = _("rule setting")
        verbose_name_plural = _("rule settings")

    def __str__(self) -> str:
        return self.rule
