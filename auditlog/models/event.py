"""The log: one row per event, written once."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NoReturn

from django.db import models
from django.db.models import Q
from django.db.models.base import ModelState
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..identifiers import new_salt, uuid7
from ..inserting import insert_many


@cache
def _constants() -> dict[str, Any]:
    """Return the columns whose default is the same value for each event, with it."""
    fields = Event._meta.concrete_fields  # noqa: SLF001 - Django's documented face of a model
    made = {field for field in fields if field.has_default() and callable(field.default)}
    return {field.name: field.get_default() for field in fields if field not in made}


class EventChangeRefused(Exception):  # noqa: N818 - errors are past participles in this project
    """Somebody tried to change or remove an event; events are only ever added."""

    def __init__(self, operation: str) -> None:
        super().__init__(f"Events are only ever added: {operation} is refused.")
        self.operation = operation


class Outcome(models.TextChoices):
    SUCCESS = "success", _("success")
    REFUSED = "refused", _("refused")
    FAILED = "failed", _("failed")


class Severity(models.IntegerChoices):
    """The numbers of OCSF's severity_id."""

    INFORMATIONAL = 1, _("informational")
    LOW = 2, _("low")
    MEDIUM = 3, _("medium")
    HIGH = 4, _("high")
    CRITICAL = 5, _("critical")
    FATAL = 6, _("fatal")


class EventQuerySet(models.QuerySet["Event"]):
    """Reads and adds; whatever would change a row is refused before SQL is made (the database refuses it too)."""

    def update(self, **_kwargs: Any) -> NoReturn:
        raise EventChangeRefused("update()")

    def delete(self) -> NoReturn:
        raise EventChangeRefused("delete()")

    def bulk_update(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise EventChangeRefused("bulk_update()")

    def update_or_create(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise EventChangeRefused("update_or_create()")

    def bulk_create(self, objs: Iterable["Event"], *args: Any, **kwargs: Any) -> list["Event"]:
        if kwargs.get("update_conflicts"):
            raise EventChangeRefused("bulk_create(update_conflicts=True)")
        return super().bulk_create(objs, *args, **kwargs)

    def insert(self, events: Sequence["Event"]) -> None:
        """Store events with one INSERT; a failure stores none and leaves a transaction of the caller as it was.

        No signal of the model is sent.

        :raises django.db.Error: they could not be stored.
        """
        insert_many(events, self.db)

    def newest_first(self) -> "EventQuerySet":
        return self.order_by("-ts", "-seq")


EventManager = models.Manager.from_queryset(EventQuerySet)


class Event(models.Model):
    """Something that happened. Names and ids are copied, not referenced: they stay when a user is deleted.

    On PostgreSQL the table is partitioned by month of `ts`, its key there is (seq, ts), and the database writes
    `tx` and `epoch` itself, whatever an INSERT says.
    """

    seq = models.BigAutoField(_("number"), primary_key=True)
    ts = models.DateTimeField(_("time"), default=timezone.now)
    uuid = models.UUIDField(_("id"), default=uuid7)
    tx = models.BigIntegerField(
        _("transaction"), default=0, help_text=_("PostgreSQL's 64-bit number of the transaction; 0 on SQLite.")
    )
    epoch = models.PositiveIntegerField(_("epoch"), default=1, help_text=_("Grows when a dump is restored."))

    type = models.CharField(_("type"), max_length=100)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    actor_type = models.CharField(_("actor type"), max_length=20)
    actor_id = models.CharField(_("actor id"), max_length=64, blank=True)
    actor_label = models.CharField(_("actor"), max_length=254, blank=True)
    tenant = models.CharField(_("tenant"), max_length=64, blank=True)
    session = models.CharField(_("session"), max_length=64, blank=True)

    src_ip = models.GenericIPAddressField(_("IP address"), null=True, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    user_agent = models.CharField(_("user agent"), max_length=400, blank=True)
    request_id = models.CharField(_("request id"), max_length=64, blank=True)
    route = models.CharField(_("route"), max_length=200, blank=True)
    method = models.CharField(_("method"), max_length=16, blank=True)
    status = models.PositiveSmallIntegerField(
        _("status"), null=True, blank=True, help_text=_("Empty where the event was written before the answer.")
    )

    target_type = models.CharField(_("target type"), max_length=100, blank=True)
    target_id = models.CharField(_("target id"), max_length=64, blank=True)
    target_label = models.CharField(_("target"), max_length=200, blank=True)

    changes = models.JSONField(_("changes"), default=dict, blank=True)
    data = models.JSONField(_("data"), default=dict, blank=True)
    dropped = models.PositiveIntegerField(
        _("dropped fields"), default=0, help_text=_("Data fields that this type of event may not carry.")
    )

    count = models.PositiveIntegerField(
        _("count"),
        default=1,
        help_text=_("How many like events of one source this row stands for: the end of a flood."),
    )
    last_ts = models.DateTimeField(
        _("last time"), null=True, blank=True, help_text=_("When the last of them happened.")
    )

    # What keeps a commitment to personal data from being guessed; gone when they are erased. See `sealing.entries`.
    salt = models.BinaryField(default=new_salt, editable=False)

    objects = EventManager()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ("view",)
        permissions = [
            ("export_event", _("Can take events away as a file")),
            ("respond_event", _("Can act on what events tell")),
            ("verify_event", _("Can verify events")),
        ]
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            models.Index(fields=["ts", "seq"], name="bulwark_event_ts"),
            models.Index(fields=["epoch", "tx", "seq"], name="bulwark_event_tx"),
            models.Index(fields=["type", "ts", "seq"], name="bulwark_event_type"),
            models.Index(fields=["actor_id", "ts", "seq"], name="bulwark_event_actor"),
            models.Index(fields=["actor_label", "ts", "seq"], name="bulwark_event_actor_label"),
            models.Index(fields=["src_ip", "ts", "seq"], name="bulwark_event_ip"),
            models.Index(fields=["tenant", "ts", "seq"], name="bulwark_event_tenant"),
            models.Index(fields=["session", "ts", "seq"], name="bulwark_event_session"),
            models.Index(fields=["request_id", "ts", "seq"], name="bulwark_event_request"),
            models.Index(fields=["target_id", "target_type", "ts", "seq"], name="bulwark_event_target"),
            models.Index(fields=["ts", "seq"], name="bulwark_event_alarm", condition=Q(severity__gte=Severity.HIGH)),
        ]
        constraints = [
            # The key of a replay: the same event is never stored twice. `ts` is in it because a partitioned table
            # can only keep keys unique that hold the column it is partitioned by.
            models.UniqueConstraint(fields=["uuid", "ts"], name="bulwark_event_uuid"),
            models.CheckConstraint(condition=Q(outcome__in=Outcome.values), name="bulwark_event_outcome"),
            models.CheckConstraint(condition=Q(severity__range=(1, 6)), name="bulwark_event_severity"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.uuid}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the event.

        :raises EventChangeRefused: it is stored already.
        """
        if not self._state.adding:
            raise EventChangeRefused("save() of a stored event")
        # Without this Django tries an UPDATE first when the key is given.
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise EventChangeRefused("delete()")

    @classmethod
    def of(cls, columns: Mapping[str, Any]) -> "Event":
        """Return an event that is not stored, with ``columns`` and the defaults of the others.

        `Model.__init__` does the same for every kind of model and field, which takes longer than to store the event.
        """
        event = cls.__new__(cls)
        made = {"ts": timezone.now(), "uuid": uuid7(), "salt": new_salt()}
        vars(event).update({"_state": ModelState(), **_constants(), "changes": {}, "data": {}, **made, **columns})
        return event
