"""The one door in the triggers; see the note in `triggers`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from .triggers import SQLITE_FUNCTION


@contextmanager
def allowed(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Let this connection change and remove events until the block ends, if its role owns the table.

    :param using: alias of the database.
    """
    connection = connections[using]
    connection.ensure_connection()
    _switch(connection, on=True)
    try:
        yield
    finally:
        _switch(connection, on=False)


def prepare(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Teach a new SQLite connection the function that the triggers ask: it says no."""
    if connection.vendor == "sqlite":
        _switch(connection, on=False)


def listen() -> None:
    """Prepare every connection that is opened from now on."""
    connection_created.connect(prepare, dispatch_uid="bulwark_auditlog_maintenance")


def _switch(connection: BaseDatabaseWrapper, *, on: bool) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function(SQLITE_FUNCTION, 0, lambda: int(on))
    elif connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('bulwark_auditlog.maintenance', %s, false)", ["on" if on else "off"])
