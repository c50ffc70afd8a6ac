"""Finds a word in a JSON list of words, on PostgreSQL and on SQLite (where Django's `contains` is not offered)."""

import json
from typing import TYPE_CHECKING, Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import JSONField, Lookup
from django.db.models.sql.compiler import SQLCompiler

if TYPE_CHECKING:
    TextLookup = Lookup[str]
else:  # at run time Django's Lookup takes no type argument
    TextLookup = Lookup


@JSONField.register_lookup
class HasWord(TextLookup):
    """`tags__has_word="tea"`: the list holds exactly that string."""

    lookup_name = "has_word"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        column, params = self.process_lhs(compiler, connection)
        clause = f"EXISTS (SELECT 1 FROM json_each({column}) AS word WHERE word.value = %s)"  # noqa: S608  (a column's name)
        return clause, [*params, self.rhs]

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} @> %s::jsonb", [*params, json.dumps([self.rhs])]
