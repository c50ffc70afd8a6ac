"""Notices what a handler writes past the rows that were decided about: these no longer say what the database has."""

# ruff: noqa: SLF001  (`_meta` is Django's documented face of a model)

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from django.db import connections
from django.db.models import Model

_watching: ContextVar["Writes | None"] = ContextVar("bulwark_writes", default=None)
_READS = re.compile(r"\s*(?:SELECT|SAVEPOINT|RELEASE)\b|\s*$", re.IGNORECASE)
_UNDOES = re.compile(r"\s*ROLLBACK\b", re.IGNORECASE)


class Writes:
    """The statements of a request that may have changed what a check reads: an execute wrapper that counts them.

    A row that is held says what the database has as long as each of them was the saving of the whole of such a row, or
    made another row. What a trigger or a function of the database writes is not seen.

    :ivar held: the rows that were decided about, by their id, each with the action that was decided.
    """

    def __init__(self, model: type[Model], hops: tuple[str, ...]) -> None:
        """Watch the table of a model, and those that its rows bring along."""
        self.held: dict[int, tuple[Model, str]] = {}
        self._tables = _tables_read(model, hops)
        self._names = _naming(self._tables)
        self._seen = self._savings = 0

    @property
    def went_past_rows(self) -> bool:
        """Was anything written in another way than by saving rows that are held?"""
        return self._seen != self._savings

    def hold(self, row: Model, action: str) -> None:
        """Trust the saving of a row, of which an action was decided; what was decided first counts."""
        self.held.setdefault(id(row), (row, action))

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = str(sql)
        may_write = self._names.search(text) and not all(map(_READS.match, text.split(";")))
        if may_write or _UNDOES.match(text):
            self._seen += 1
        return execute(sql, params, many, context)

    def saved(self, row: Model, update_fields: Any, *, created: bool) -> None:
        """Count the saving of a row that is held or new, if it was all written, and nothing the database works out."""
        if (created or id(row) in self.held) and update_fields is None and not _is_worked_out(row):
            self._savings += len(self._tables & _tables_written(type(row), created=created))


@contextmanager
def watched(writes: Writes, using: str) -> Iterator[None]:
    """Have what happens inside counted."""
    token = _watching.set(writes)
    try:
        with connections[using].execute_wrapper(writes):
            yield
    finally:
        _watching.reset(token)


def row_saved(instance: Model, created: bool, update_fields: Any = None, **_: Any) -> None:
    """Receive `post_save` of every model with a policy."""
    writes = _watching.get()
    if writes is not None:
        writes.saved(instance, update_fields, created=created)


@cache
def _tables_read(model: type[Model], hops: tuple[str, ...]) -> frozenset[str]:
    read: list[Any] = [model]
    for hop in hops:
        there: Any = model
        for name in hop.split("__"):
            there = there._meta.get_field(name).related_model
            read.append(there)
    return frozenset(kind._meta.db_table for one in read for kind in (one, *one._meta.get_parent_list()))


@cache
def _naming(tables: frozenset[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(tables)))})(?!\w)", re.IGNORECASE)


def _is_worked_out(row: Model) -> bool:
    generated = any(field.generated for field in row._meta.concrete_fields)
    return generated or any(hasattr(value, "resolve_expression") for value in vars(row).values())


@cache
def _tables_written(model: type[Model], *, created: bool) -> frozenset[str]:
    kinds = (model._meta.concrete_model or model, *model._meta.get_parent_list())
    return frozenset(
        kind._meta.db_table
        for kind in kinds
        if created or any(not field.primary_key for field in kind._meta.local_concrete_fields)
    )
