"""SQL that Django has no portable lookup for; each reads as Python does, on SQLite and on PostgreSQL."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, CharField, Expression, F, Func, UUIDField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Left, Right
from django.db.models.lookups import Exact

from .nodes import Part


def affix(part: Part, lookup: str, text: str) -> Any:
    """Return "the column begins (or ends) with the text"; LIKE of SQLite would ignore upper and lower case."""
    if part is Part.PREFIX:
        return Exact(Left(lookup, len(text)), Value(text))
    return EndsWith(Right(lookup, len(text)), Value(text))


class EndsWith(Exact):
    """The last part of a column is a text; SQLite would look for the end of a column before its first NUL."""

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper) -> Any:  # noqa: ARG002
        column, params = compiler.compile(self.lhs.get_source_expressions()[0])
        end = self.rhs.value.encode()
        # IS, because the end of an empty one is NULL.
        return f"SUBSTR(CAST({column} AS BLOB), %s) IS %s", (*params, -len(end), end)


class JSONListHas(Func):
    """A JSON list of texts holds a text; false for NULL and for JSON that is no list."""

    output_field = BooleanField()
    conditional = True

    def __init__(self, lookup: str | Combinable, text: str | Expression) -> None:
        super().__init__(
            F(lookup) if isinstance(lookup, str) else lookup, Value(text) if isinstance(text, str) else text
        )

    def as_sql(  # type: ignore[override]  # its other arguments are for templates, which this has not
        self, compiler: Any, connection: BaseDatabaseWrapper, **_: Any
    ) -> Any:
        templates = {
            "sqlite": (
                # It would read a text up to its first NUL: half a surrogate, which no given text has, stands for that.
                "CASE WHEN JSON_TYPE({0}) = 'array' THEN EXISTS(SELECT 1 FROM"
                r" JSON_EACH(REPLACE(REPLACE({0}, '\\', '\u005c'), '\u0000', '\ud800')) AS authz_item"
                " WHERE authz_item.type = 'text' AND authz_item.atom = {1}) ELSE 0 END"
            ),
            "postgresql": "(CASE WHEN JSONB_TYPEOF({0}) = 'array' THEN {0} @> TO_JSONB({1}::text) ELSE FALSE END)",
        }
        template = templates[connection.vendor]
        column, column_params = compiler.compile(self.source_expressions[0])
        text, text_params = compiler.compile(self.source_expressions[1])
        sql = template.format(column, text)
        return sql, (*column_params, *column_params, *text_params)


class KeyText(Func):
    """A primary key as a grant keeps it: the 32 digits of a UUID, the text of anything else."""

    output_field = CharField()

    def as_sql(  # type: ignore[override]  # its other arguments are for templates, which this has not
        self, compiler: Any, connection: BaseDatabaseWrapper, **_: Any
    ) -> Any:
        source = self.source_expressions[0]
        column, params = compiler.compile(source)
        text = f"CAST({column} AS {'varchar' if connection.vendor == 'postgresql' else 'text'})"
        if isinstance(source.output_field, UUIDField) and connection.features.has_native_uuid_field:
            text = f"REPLACE({text}, '-', '')"
        return text, params
