"""Records the changes of a model's rows: `@audited(fields=["title", "status"])`.

What goes through `save()` and `delete()` is seen by signals of the model. What does not (`update()`, `bulk_*`, SQL)
is seen by triggers on PostgreSQL, where ``triggers=True`` and `manage.py auditlog_watch` has been run.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from django.db import router, transaction
from django.db.models import Model, signals
from django.db.models.fields.files import FieldFile

Audited = TypeVar("Audited", bound=Model)
_REMEMBERED = "_bulwark_auditlog_before"
_ACTIONS = ("created", "updated", "deleted")


@dataclass(frozen=True)
class Watch:
    """What is told of one model."""

    model: type[Model]
    fields: tuple[str, ...]
    triggers: bool

    @cached_property
    def prefix(self) -> str:
        """What the names of the events begin with, as "shop.order"."""
        meta = self.model._meta  # noqa: SLF001 - Django's documented face of a model
        return f"{meta.app_label.removeprefix('bulwark_')}.{meta.model_name}"

    @cached_property
    def _columns(self) -> list[tuple[str, str]]:
        columns = {field.name: field.attname for field in self.model._meta.concrete_fields}  # noqa: SLF001
        return [(name, columns[name]) for name in self.fields]

    def connect(self) -> None:
        """Listen to the model."""
        uid = f"bulwark_auditlog:{self.prefix}"
        signals.post_save.connect(self._saved, sender=self.model, weak=False, dispatch_uid=uid)
        signals.post_delete.connect(self._deleted, sender=self.model, weak=False, dispatch_uid=uid)

    def values(self, instance: Model) -> dict[str, Any]:
        """Return the fields that are loaded; asking for another would cost a query."""
        known = vars(instance)
        return {name: _plain(known[column]) for name, column in self._columns if column in known}

    def remember(self, instance: Model) -> None:
        """Take the values that ``instance`` has now for those that the database has."""
        vars(instance)[_REMEMBERED] = self.values(instance)

    def _saved(self, instance: Model, created: bool, raw: bool, **_: Any) -> None:
        if raw:
            return  # a fixture is loaded, nothing has happened
        before: Mapping[str, Any] = vars(instance).get(_REMEMBERED, {})
        after = vars(instance)[_REMEMBERED] = self.values(instance)
        changes = differences(before, after)
        if created or changes:
            self._record("created" if created else "updated", instance, changes)

    def _deleted(self, instance: Model, **_: Any) -> None:
        self._record("deleted", instance, differences(self.values(instance), {}))

    def _record(self, action: str, instance: Model, changes: Mapping[str, Any]) -> None:
        from .recording import record

        record(f"{self.prefix}_{action}", target=instance, changes=changes)


#: Every audited model, by its label.
registry: dict[str, Watch] = {}


def audited(*, fields: Iterable[str], triggers: bool = False) -> Callable[[type[Audited]], type[Audited]]:
    """Record each change of a model's rows as an event `<app>.<model>_created`, `_updated` or `_deleted`.

    The event stands or falls with the change. A change of other fields than ``fields`` is none.

    :param fields: names of the columns whose values are told; a secret among them is redacted.
    :param triggers: also tell of what is changed without `save()`, on PostgreSQL.
    """

    def register(model: type[Audited]) -> type[Audited]:
        from .event_types import Kind, register_kind

        watch = registry[model._meta.label_lower] = Watch(model, tuple(fields), triggers)  # noqa: SLF001
        for action in _ACTIONS:
            register_kind(f"{watch.prefix}_{action}", Kind())
        watch.connect()
        _remember_what_is_loaded(model, watch)
        _save_in_one_transaction(model)
        return model

    return register


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the fields whose values differ; what is not known on one side is None there."""
    pairs = {name: (before.get(name), after.get(name)) for name in {**before, **after}}
    return {name: {"before": old, "after": new} for name, (old, new) in pairs.items() if old != new}


def _plain(value: Any) -> Any:
    return value.name if isinstance(value, FieldFile) else value


def _remember_what_is_loaded(model: type[Model], watch: Watch) -> None:
    """Keep "before" true: what comes from the database is what the next save changes."""
    load: Callable[..., Model] = model.from_db.__func__  # type: ignore[attr-defined]
    refresh = model.refresh_from_db

    def from_db(cls: type[Model], *args: Any, **kwargs: Any) -> Model:
        instance = load(cls, *args, **kwargs)
        watch.remember(instance)
        return instance

    def refresh_from_db(self: Model, *args: Any, **kwargs: Any) -> None:
        refresh(self, *args, **kwargs)
        watch.remember(self)

    model.from_db = classmethod(from_db)  # type: ignore[assignment,method-assign]
    model.refresh_from_db = refresh_from_db  # type: ignore[method-assign]


def _save_in_one_transaction(model: type[Model]) -> None:
    """Keep the event with its change: Django commits a lone `save()` before it sends `post_save`."""
    base = model.save_base

    def save_base(self: Model, *args: Any, **kwargs: Any) -> None:
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using, savepoint=False):
            base(self, *args, **kwargs)

    model.save_base = save_base  # type: ignore[method-assign]
