"""The one INSERT of the log. Written out, since compiling it anew for each event costs more than running it."""

# ruff: noqa: SLF001 - `_meta`, `_state` and `_prepare_cursor` are what Django has for this

import json
from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field

if TYPE_CHECKING:
    from .models import Event

ROWS_A_STATEMENT = 500
#: The columns whose values a database wants in a form of its own; the others are texts and numbers.
_CONVERTED = frozenset({"changes", "data", "last_ts", "src_ip", "ts", "uuid"})
_OBJECTS = ("changes", "data")
#: Where a connection of psycopg keeps the cursor that events are sent with.
_CURSOR = "_bulwark_auditlog_cursor"
_encode: Callable[[Any], str] = json.JSONEncoder().encode


def insert_one(event: "Event", alias: str) -> None:
    """Store one event in the transaction that is open, if one is; it then knows its number.

    :raises django.db.Error: it is not stored.
    """
    connection: Any = connections[alias]
    statement = _statement_of_one(type(event), alias)
    if hasattr(connection.Database, "ClientCursor"):
        cursor = _cursor(connection)
        connection._prepare_cursor(cursor).execute(statement, _texts(event))
        (event.seq,) = cursor.fetchone()
    else:
        with connection.cursor() as cursor:
            cursor.execute(statement, _values(event, connection))
            (event.seq,) = cursor.fetchone()
    event._state.adding, event._state.db = False, alias


def insert_many(events: Sequence["Event"], alias: str) -> None:
    """Store events with one INSERT (for each 500); a failure leaves a transaction of the caller as it was.

    :raises django.db.Error: none is stored.
    """
    connection = connections[alias]
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        for start in range(0, len(events), ROWS_A_STATEMENT):
            chunk = events[start : start + ROWS_A_STATEMENT]
            statement = _statement(type(chunk[0]), alias)
            row = statement[statement.rindex("(") :]
            values = [value for event in chunk for value in _values(event, connection)]
            cursor.execute(statement + f", {row}" * (len(chunk) - 1), values)
    for event in events:
        event._state.adding, event._state.db = False, alias


def _cursor(connection: Any) -> Any:
    """Return psycopg's cursor that sends values apart from the statement.

    Django's own quotes each of 29 values into the text of the statement, in Python. One is kept with the connection,
    since to make it takes as long as to send an event with it.
    """
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    kept = vars(connection.connection)
    if _CURSOR not in kept:
        with connection.wrap_database_errors:
            kept[_CURSOR] = connection.Database.Cursor(connection.connection)
    return kept[_CURSOR]


@cache
def _fields(model: type["Event"]) -> list[tuple[str, "Field[Any, Any] | None"]]:
    """Return each column but the number, with the field that converts its values where one has to."""
    fields = [field for field in model._meta.concrete_fields if field.name != "seq"]
    return [(field.name, field if field.name in _CONVERTED else None) for field in fields]


@cache
def _statement(model: type["Event"], alias: str) -> str:
    quote = connections[alias].ops.quote_name
    names = [name for name, _field in _fields(model)]
    columns, places = ", ".join(map(quote, names)), ", ".join(["%s"] * len(names))
    return f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608 - quoted names


@cache
def _statement_of_one(model: type["Event"], alias: str) -> str:
    return f"{_statement(model, alias)} RETURNING seq"


def _values(event: "Event", connection: BaseDatabaseWrapper) -> list[Any]:
    known = vars(event)
    return [
        known[name] if field is None else field.get_db_prep_save(known[name], connection)
        for name, field in _fields(type(event))
    ]


@cache
def _columns(model: type["Event"]) -> tuple[Callable[[Any], tuple[Any, ...]], list[int]]:
    """Return what takes the values out of an event in their order, and where the JSON objects stand among them."""
    names = [name for name, _field in _fields(model)]
    return itemgetter(*names), [names.index(name) for name in _OBJECTS]


def _texts(event: "Event") -> list[Any]:
    """Return the values for PostgreSQL, which reads a text as what its column holds: an address, a JSON object."""
    take, objects = _columns(type(event))
    values = list(take(vars(event)))
    for place in objects:
        values[place] = _encode(values[place]) if values[place] else "{}"
    return values
