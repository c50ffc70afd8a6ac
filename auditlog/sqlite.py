"""The functions that our SQL calls on SQLite; every new connection learns them."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from . import lookups, maintenance


def teach(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.vendor == "sqlite":
        maintenance.switch(connection, on=False)
        connection.connection.create_function(lookups.SQLITE_FUNCTION, 2, lookups.within, deterministic=True)


def listen() -> None:
    """Teach every connection that is opened from now on."""
    connection_created.connect(teach, dispatch_uid="bulwark_auditlog_sqlite")
