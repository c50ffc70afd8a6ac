"""How far each reader of the log has come."""

from django.db import models


class Follower(models.Model):
    """The place of the last event that one reader has dealt with; `following` says why it is not only a number."""

    name = models.CharField(max_length=100, primary_key=True)
    epoch = models.PositiveIntegerField(default=0)
    tx = models.BigIntegerField(default=0)
    seq = models.BigIntegerField(default=0)
    ts = models.DateTimeField(null=True, help_text="When that event happened.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} at {self.epoch}/{self.tx}/{self.seq}"
