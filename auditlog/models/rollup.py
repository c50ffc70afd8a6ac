"""What the charts are drawn from: counted once, whatever the length of the log."""

from django.db import models


class Facet(models.TextChoices):
    """What a count is broken down by, besides hour, type and outcome."""

    ALL = "all"
    ROUTE = "route"
    SOURCE = "source"


class HourlyCount(models.Model):
    """How many events of a type and outcome an hour had; for refusals and failures also by source and route."""

    hour = models.DateTimeField()
    type = models.CharField(max_length=100)
    outcome = models.CharField(max_length=10)
    facet = models.CharField(max_length=10, choices=Facet)
    value = models.CharField(max_length=200, blank=True)
    count = models.PositiveBigIntegerField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["facet", "hour"], name="bulwark_auditlog_hourly_facet")]
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "facet", "type", "outcome", "value"], name="bulwark_auditlog_hourly_count"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H} {self.type} {self.outcome} {self.value}: {self.count}"
