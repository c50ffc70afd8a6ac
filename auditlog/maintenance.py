"""The one door in the triggers; see the note in `triggers`."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from .triggers import SQLITE_FUNCTION


@contextmanager
def allowed(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Let this connection change and remove events until the block ends, if its role owns the table.

    :param using: alias of the database.
    """
    connection = connections[using]
    connection.ensure_connection()
    switch(connection, on=True)
    try:
        yield
    finally:
        switch(connection, on=False)


def switch(connection: BaseDatabaseWrapper, *, on: bool) -> None:
    """Open or close the door for one connection; `allowed` closes it again by itself."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(SQLITE_FUNCTION, 0, lambda: int(on))
    elif connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('bulwark_auditlog.maintenance', %s, false)", ["on" if on else "off"])
