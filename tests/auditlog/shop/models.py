"""A shop whose orders are audited."""

from django.conf import settings
from django.db import models

from auditlog.auditing import audited


@audited(fields=["status", "amount", "customer", "paid_at", "api_key"], triggers=True)
class Order(models.Model):
    status = models.CharField(max_length=20, default="new")
    amount = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True)
    paid_at = models.DateTimeField(null=True)
    api_key = models.CharField(max_length=50, blank=True)
    note = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"Order {self.pk}"


class UrgentOrder(Order):
    class Meta:
        proxy = True


class BulkyOrder(Order):
    needs_crane = models.BooleanField(default=False)
