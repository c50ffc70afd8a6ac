"""Records the changes of a model's rows: `@audited(fields=["title", "status"])`.

What goes through `save()` and `delete()` is seen by signals of the model. What does not (`update()`, `bulk_*`, SQL)
is seen by triggers on PostgreSQL, where ``triggers=True`` and `manage.py auditlog_watch` has been run.
"""

import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from django.db import router, transaction
from django.db.models import Model, signals
from django.db.models.fields.files import FieldFile

Audited = TypeVar("Audited", bound=Model)
_KNOWN = "_bulwark_auditlog_known"
_ACTIONS = ("created", "updated", "deleted")


class _Known:
    """What the database has of a row, and what it had before while that may still be rolled back."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self._before: _Known | None = None
        self._settles: weakref.ref[Callable[[], None]] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _Known, (self.values,)

    def followed_by(self, values: dict[str, Any], using: str) -> "_Known":
        """Return what is known after ``values`` were written in the transaction that is open."""
        found = _Known(values)
        found._before = self

        def settle() -> None:
            found._before = None

        found._settles = weakref.ref(settle)
        transaction.on_commit(settle, using)
        return found

    def standing(self) -> "_Known":
        """Return this, or what was known before it where it was rolled back: Django has then let go of `settle`."""
        known = self
        while known._before is not None and known._settles is not None and known._settles() is None:
            known = known._before
        return known


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
        """Listen to the model, and to those that are made of it: signals of Django's tell of one class each."""
        for model in _with_descendants(self.model):
            self._listen_to(model)
        signals.class_prepared.connect(self._prepared, weak=False, dispatch_uid=self._uid)

    @property
    def _uid(self) -> str:
        return f"bulwark_auditlog:{self.prefix}"

    def _prepared(self, sender: type[Model], **_: Any) -> None:
        if issubclass(sender, self.model):
            self._listen_to(sender)

    def _listen_to(self, model: type[Model]) -> None:
        signals.post_save.connect(self._saved, sender=model, weak=False, dispatch_uid=self._uid)
        # Where a model has a table of its own, Django tells of the parent's row itself when it goes.
        if model is self.model or model._meta.proxy:  # noqa: SLF001
            signals.post_delete.connect(self._deleted, sender=model, weak=False, dispatch_uid=self._uid)

    def values(self, instance: Model) -> dict[str, Any]:
        """Return the fields that are loaded; asking for another would cost a query."""
        known = vars(instance)
        return {name: _plain(known[column]) for name, column in self._columns if column in known}

    def remember(self, instance: Model) -> None:
        """Take the values that ``instance`` has now for those that the database has."""
        vars(instance)[self._key] = _Known(self.values(instance))

    @cached_property
    def _key(self) -> str:
        return f"{_KNOWN}:{self.prefix}"  # a parent may be audited besides its child

    def _saved(
        self, instance: Model, created: bool, raw: bool, using: str, update_fields: Iterable[str] | None, **_: Any
    ) -> None:
        if raw:
            return  # a fixture is loaded, nothing has happened
        known: _Known = vars(instance).get(self._key, _Known({})).standing()
        after = self.values(instance)
        if update_fields is not None:
            written = {name for name, column in self._columns if name in update_fields or column in update_fields}
            after = {**known.values, **{name: value for name, value in after.items() if name in written}}
        vars(instance)[self._key] = known.followed_by(after, using)
        changes = differences(known.values, after)
        if created or changes:
            self._record("created" if created else "updated", instance, changes)

    def _deleted(self, instance: Model, **_: Any) -> None:
        known: _Known | None = vars(instance).get(self._key)
        before = known.standing().values if known else self.values(instance)
        self._record("deleted", instance, differences(before, {}))

    def _record(self, action: str, instance: Model, changes: Mapping[str, Any]) -> None:
        from .recording import record

        record(f"{self.prefix}_{action}", target=self._row_of(instance), changes=changes)

    def _row_of(self, instance: Model) -> Model:
        """Return what ``instance`` is in the table of the model: a trigger there knows no other name for it."""
        if type(instance) is self.model:
            return instance
        row = self.model.__new__(self.model)
        vars(row).update(vars(instance))
        return row


#: Every audited model, by its label.
registry: dict[str, Watch] = {}


def audited(*, fields: Iterable[str], triggers: bool = False) -> Callable[[type[Audited]], type[Audited]]:
    """Record each change of a model's rows as an event `<app>.<model>_created`, `_updated` or `_deleted`.

    The event stands or falls with the change. A change of other fields than ``fields`` is none.

    :param fields: names of the columns whose values are told; a secret among them is redacted.
    :param triggers: also tell of what is changed without `save()`, on PostgreSQL.
    :raises TypeError: the model is abstract, and has no rows.
    """

    def register(model: type[Audited]) -> type[Audited]:
        from .event_types import Kind, register_kind

        if model._meta.abstract:  # noqa: SLF001
            msg = f"{model.__name__} is abstract: audit the models that are made of it."
            raise TypeError(msg)
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


def _with_descendants(model: type[Model]) -> Iterable[type[Model]]:
    yield model
    for child in model.__subclasses__():
        yield from _with_descendants(child)


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
