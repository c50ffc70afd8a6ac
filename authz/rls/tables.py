"""What the tenant clauses of the policies mean for tables."""

# ruff: noqa: S608, SLF001  (names of tables and columns; `_meta` is Django's documented face of a model)

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

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
    return sorted({table for policy in policies() if policy.tenant for table in _of_policy(policy)})


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
    for field in options.local_many_to_many:
        through = field.remote_field.through
        if through._meta.auto_created:
            inner = _rows(model, names)
            key = _quoted(options.pk.column)
            condition = f"{_quoted(field.m2m_column_name())} IN (SELECT {key} FROM {inner})"
            yield Table(through._meta.db_table, model._meta.app_label, _apps(model, names), _or_crossing(condition))


def _table(model: type[Model], names: tuple[str, ...]) -> Table:
    options = model._meta
    return Table(options.db_table, options.app_label, _apps(model, names), _or_crossing(_condition(model, names)))


def _or_crossing(condition: str) -> str:
    return f"{condition} OR {_CROSSES}"


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
