"""What tamper evidence is made of. `sealing` fills these tables; `auditlog_verify` believes none of them unproved."""

from django.db import models
from django.utils import timezone


class Tree(models.Model):
    """One Merkle tree over the events of an epoch. The newest one grows; those before it have ended."""

    number = models.PositiveIntegerField(primary_key=True)
    #: The events' columns and their order in a leaf: `sealing.entries.FORMATS`.
    format = models.PositiveSmallIntegerField()
    incarnation = models.CharField(max_length=100, help_text="Tells a database from one that was restored from it.")
    started_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=200)

    size = models.PositiveBigIntegerField(default=0)
    note = models.TextField(blank=True, help_text="The last signed checkpoint.")
    sealed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"Tree {self.number} of {self.size} events"


class Tile(models.Model):
    """256 hashes that stand beside each other (https://c2sp.org/tlog-tiles); the last tile of a level has fewer."""

    id = models.BigAutoField(primary_key=True)
    tree = models.PositiveIntegerField()
    level = models.PositiveSmallIntegerField()
    index = models.PositiveBigIntegerField()
    hashes = models.BinaryField()

    # Of level 0, where a hash is an event. Nobody has to believe them: an event's hash covers its id and its place.
    keys = models.BinaryField(help_text="The ids of the events, 16 bytes each.")
    last_epoch = models.PositiveIntegerField(null=True)
    last_tx = models.BigIntegerField(null=True)
    last_seq = models.BigIntegerField(null=True)
    newest_ts = models.DateTimeField(null=True, help_text="The time of the youngest event.")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["tree", "level", "index"], name="bulwark_auditlog_tile_place"),
        ]
        indexes = [
            models.Index(
                fields=["last_epoch", "last_tx", "last_seq"],
                name="bulwark_auditlog_tile_last",
                condition=models.Q(level=0),
            ),
        ]

    def __str__(self) -> str:
        return f"Tile {self.tree}/{self.level}/{self.index}"


class Publication(models.Model):
    """How far one publisher has come, and how often it has failed."""

    publisher = models.CharField(max_length=100, primary_key=True)
    tree = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    published_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="Since it last worked.")
    failures_total = models.PositiveBigIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    retry_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.publisher} has {self.tree}/{self.size}"


class DroppedRange(models.Model):
    """Leaves whose events retention has dropped; the event that tells of it holds a digest over its ranges."""

    id = models.BigAutoField(primary_key=True)
    event = models.UUIDField(db_index=True, help_text="The id of the event `auditlog.partition_dropped`.")
    tree = models.PositiveIntegerField()
    first = models.PositiveBigIntegerField()
    last = models.PositiveBigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["tree", "first"], name="bulwark_auditlog_dropped")]

    def __str__(self) -> str:
        return f"{self.tree}/{self.first} to {self.last}"


class ErasedPart(models.Model):
    """What is left of one part of an event's personal data that was erased: the commitment that its leaf covers."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(help_text="The id of the event that lost it.")
    part = models.CharField(max_length=20)
    commitment = models.CharField(max_length=64)
    event = models.UUIDField(db_index=True, help_text="The id of the event `auditlog.subject_erased`.")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["uuid", "part"], name="bulwark_auditlog_erased")]

    def __str__(self) -> str:
        return f"{self.part} of {self.uuid}"
