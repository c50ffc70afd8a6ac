"""The two statements of every request and every refresh, their SQL made once.

Note [prepared]. Django builds and compiles a query each time it is run, which for a row of two tables costs several
times what the database needs. What is run here is still Django's own SQL on its own connection, and rows are made by
`Model.from_db`; only the compiling is done once, for each database.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from django.db import connections
from django.db.models import Field, Model, QuerySet

Row = TypeVar("Row", bound=Model)

#: Stands for the key while a query is compiled; no row has it.
_SAMPLE = UUID(int=0)


class PreparedLookup(Generic[Row]):
    """Rows of a model by their primary key, a UUID, each with the row that one of its foreign keys leads to.

    :param queryset: what to look in, with its annotations; it is not run.
    :param related: the name of that foreign key.
    :param alias: the database.
    """

    def __init__(self, queryset: QuerySet[Row], alias: str, *, related: str) -> None:
        self._alias, self._model, self._related = alias, queryset.model, related
        self._key = _primary_key(self._model)
        self._other = cast("type[Model]", _field(self._model, related).related_model)
        self._names, self._other_names = _columns(self._model), _columns(self._other)
        self._annotations = [*queryset.query.annotations]
        names = [*self._names, *(f"{related}__{name}" for name in self._other_names), *self._annotations]
        found = queryset.using(alias).order_by().filter(pk=_SAMPLE).values_list(*names)
        compiler: Any = found.query.get_compiler(alias)
        self._sql, params = compiler.as_sql()
        sample = self._key.get_db_prep_value(_SAMPLE, connections[alias], prepared=False)
        self._params = list(params)
        self._place = self._params.index(sample)
        #: What the database gives in another form than the field, by its place in the row.
        self._converters: dict[int, Any] = compiler.get_converters([column for column, *_ in compiler.select])

    def get(self, key: UUID | str) -> Row | None:
        """Return the row, or None."""
        connection = connections[self._alias]
        params = self._params.copy()
        params[self._place] = self._key.get_db_prep_value(key, connection, prepared=False)
        with connection.cursor() as cursor:
            cursor.execute(self._sql, params)
            values = cursor.fetchone()
        return None if values is None else self._row([*values], connection)

    def _row(self, values: list[Any], connection: Any) -> Row:
        for place, (converters, column) in self._converters.items():
            for convert in converters:
                values[place] = convert(values[place], column, connection)
        own = len(self._names)
        both = own + len(self._other_names)
        row = self._model.from_db(self._alias, self._names, values[:own])
        setattr(row, self._related, self._other.from_db(self._alias, self._other_names, values[own:both]))
        for name, value in zip(self._annotations, values[both:], strict=True):
            setattr(row, name, value)
        return row


class PreparedUpdate:
    """An UPDATE of one row under conditions on columns of that row alone.

    :param changed: names of the fields that are set.
    :param equal: names of the fields that must have a value.
    :param null: names of the fields that must be NULL.
    """

    def __init__(
        self, model: type[Model], alias: str, *, changed: Sequence[str], equal: Sequence[str], null: Sequence[str]
    ) -> None:
        self._alias = alias
        self._changed = [_field(model, name) for name in changed]
        self._equal = [_field(model, name) for name in equal]
        quote = connections[alias].ops.quote_name
        changes = ", ".join(f"{quote(str(field.column))} = %s" for field in self._changed)
        conditions = [f"{quote(str(field.column))} = %s" for field in self._equal]
        conditions += [f"{quote(str(_field(model, name).column))} IS NULL" for name in null]
        table = quote(model._meta.db_table)  # noqa: SLF001 - Django documents it
        self._sql = f"UPDATE {table} SET {changes} WHERE {' AND '.join(conditions)}"  # noqa: S608 - names of the model

    def run(self, values: Iterable[Any], conditions: Iterable[Any]) -> bool:
        """Change the row; False when no row fulfils the conditions."""
        connection = connections[self._alias]
        params = [field.get_db_prep_save(value, connection) for field, value in zip(self._changed, values, strict=True)]
        params += [
            field.get_db_prep_value(value, connection, prepared=False)
            for field, value in zip(self._equal, conditions, strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, params)
            return bool(cursor.rowcount == 1)


def _field(model: type[Model], name: str) -> "Field[Any, Any]":
    field: Any = model._meta.get_field(name)  # noqa: SLF001 - Django documents it
    return cast("Field[Any, Any]", field)


def _columns(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001 - Django documents it


def _primary_key(model: type[Model]) -> "Field[Any, Any]":
    key = model._meta.pk  # noqa: SLF001 - Django documents it
    assert key is not None  # noqa: S101 - every model has one; for mypy
    return key
