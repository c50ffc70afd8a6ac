"""What the tenant clauses of the policies mean for tables."""

# ruff: noqa: S608, SLF001  (names of tables and columns; `_meta` is Django's documented face of a model)

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db.models import ManyToManyField, ManyToManyRel, Model

from ..engine import tenant_column
from ..policies import Policy
from ..registry import policies
from .borders import CROSSES, TENANT

_TENANT = f"NULLIF(current_setting('{TENANT}', true), '')::uuid"
_CROSSES = f"current_setting('{CROSSES}', true) = 'on'"


@dataclass(frozen=True, slots=True, order=True)
class Table:
    """A table with rows of tenants.

    :ivar app: label of the app whose migrations make it.
    :ivar needs: labels of the apps whose tables the condition names.
    :ivar condition: SQL that is true of the rows of the transaction's tenant.
    """

    name: str
    app: str
    needs: tuple[str, ...]
    condition: str


def tables() -> list[Table]:
    """Return the tables that belong to tenants: those of models with a tenant clause, and between them and others."""
    found = sorted({table for policy in policies() if policy.tenant for table in _of_policy(policy)})
    return [_joined(list(same)) for _, same in groupby(found, key=attrgetter("name"))]


def _joined(same: list[Table]) -> Table:
    """Return one table for the conditions on it, all of which hold: a row between two is of the tenant of both."""
    conditions = [table.condition for table in same]
    condition = conditions[0] if len(same) == 1 else " AND ".join(f"({one})" for one in conditions)
    needs = {need for table in same for need in table.needs}
    return replace(same[0], needs=tuple(sorted(needs)), condition=f"{condition} OR {_CROSSES}")


def _of_policy(policy: type[Policy]) -> Iterator[Table]:
    column = tenant_column(policy)
    model = policy.model._meta.concrete_model
    if column is None or model is None:
        return
    names = tuple(column.lookup.split("__"))
    yield _table(model, names)
    owner = model._meta.get_field(names[0]).model
    if owner is not model:  # the column is in the table of a parent
        yield _table(owner, names)
    options: Any = model._meta
    for field in options.get_fields(include_parents=False, include_hidden=True):
        if isinstance(field, ManyToManyField):
            yield from _between(model, names, field, field.m2m_column_name())
        elif isinstance(field, ManyToManyRel):
            yield from _between(model, names, field.field, field.field.m2m_reverse_name())


def _between(model: type[Model], names: tuple[str, ...], field: Any, column: str) -> Iterator[Table]:
    """Yield the table between a model and another, if it has no model of its own."""
    options: Any = model._meta
    through = field.remote_field.through._meta
    if through.auto_created:
        needs = {options.app_label, *_apps(model, names)} - {through.app_label}
        condition = f"{_quoted(column)} IN (SELECT {_quoted(options.pk.column)} FROM {_rows(model, names)})"
        yield Table(through.db_table, through.app_label, tuple(sorted(needs)), condition)


def _table(model: type[Model], names: tuple[str, ...]) -> Table:
    options = model._meta
    return Table(options.db_table, options.app_label, _apps(model, names), _condition(model, names))


def _rows(model: type[Model], names: tuple[str, ...]) -> str:
    return f"{_quoted(model._meta.db_table)} WHERE {_condition(model, names)}"


def _condition(model: type[Model], names: tuple[str, ...]) -> str:
    field: Any = model._meta.get_field(names[0])
    if field.model is not model:
        link = model._meta.get_ancestor_link(field.model)
        assert link is not None  # noqa: S101  (Django gives every model of a parent one)
        return _condition(model, (link.name, *names))
    if len(names) == 1:
        return f"{_quoted(field.column)} = {_TENANT}"
    if not field.concrete:
        raise NotImplementedError(f"{model._meta.label}.{names[0]} has no column here: state the tenant in this table.")
    key, target = _quoted(field.column), _quoted(field.target_field.column)
    return f"{key} IN (SELECT {target} FROM {_rows(field.related_model, names[1:])})"


def _apps(model: type[Model], names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the apps of the models that a path visits, without that of the model itself."""
    found, here = set(), model
    for name in names[:-1]:
        related = here._meta.get_field(name).related_model
        assert isinstance(related, type)  # noqa: S101  (the path was resolved)
        here = related
        found.add(here._meta.app_label)
    return tuple(sorted(found - {model._meta.app_label}))


def _quoted(name: str) -> str:
    return f'"{name}"'
