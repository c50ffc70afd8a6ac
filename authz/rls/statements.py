"""Tells PostgreSQL the tenant, with each statement and in its transaction.

On psycopg's client-side cursors, Django's default, the telling goes in front of the statement: both are one message,
one round trip and (also under autocommit) one transaction. Other cursors are told by a statement of its own before, in
a transaction that is opened if none is.
"""

import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ..conf import SETTING, conf
from .borders import Border, current

# These see no rows, and some may not follow another statement, or not in a transaction that has failed.
_CONTROL = re.compile(
    r"\s*(SAVEPOINT|RELEASE|ROLLBACK|ABORT|BEGIN|START|COMMIT|END|SET|RESET|SHOW|LISTEN|UNLISTEN|VACUUM)\b",
    re.IGNORECASE,
)
BYPASSES = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
# Aliases whose role was found to be bound by row level security; a role cannot change it for itself.
_bound: set[str] = set()


class BorderIgnored(ImproperlyConfigured):
    """The database role is above row level security."""

    def __init__(self, alias: str) -> None:
        super().__init__(
            f"{SETTING}['ROW_LEVEL_SECURITY'] is on, and the role of the database {alias!r} is a superuser or has "
            "BYPASSRLS: PostgreSQL would show it the rows of every tenant."
        )


def connect_to_new_connections(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Receive `connection_created`: have the tenant told with each statement, if the settings say so."""
    if conf.row_level_security and connection.vendor == "postgresql":
        install(connection)


def install(connection: BaseDatabaseWrapper) -> None:
    """Have the tenant told with each statement of a connection; a second time changes nothing."""
    if tell not in connection.execute_wrappers:
        connection.execute_wrappers.append(tell)


def tell(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Execute a statement in the border that holds: an execute wrapper.

    :raises BorderIgnored: the role would see the rows of every tenant.
    """
    border = current()
    if border is None or (isinstance(sql, str) and _CONTROL.match(sql)):
        return execute(sql, params, many, context)
    connection, cursor = context["connection"], context["cursor"].cursor
    if isinstance(sql, str) and not many and _takes_two(cursor):
        demand_bound_role(connection)
        result = execute(f"{border.sql}; {sql}", params, many, context)
        cursor.nextset()
        return result
    if connection.get_autocommit():
        with transaction.atomic(using=connection.alias):
            return _told_before(border, connection, execute, sql, params, many, context)
    return _told_before(border, connection, execute, sql, params, many, context)


def _told_before(border: Border, connection: BaseDatabaseWrapper, execute: Callable[..., Any], *statement: Any) -> Any:
    demand_bound_role(connection)
    _directly(connection, border.sql)
    return execute(*statement)


def _takes_two(cursor: Any) -> bool:
    """Tell whether a cursor sends its text as it is: then two statements may stand in it."""
    try:
        from psycopg import ClientCursor, ServerCursor
    except ImportError:  # psycopg2 would show the last result only, and of a named cursor none
        return False
    return isinstance(cursor, ClientCursor) and not isinstance(cursor, ServerCursor)


def _directly(connection: Any, sql: str) -> Any:
    """Execute past the wrappers, and return the first row."""
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


def demand_bound_role(connection: BaseDatabaseWrapper) -> None:
    """:raises BorderIgnored: the role of the connection is above row level security. One query a process."""
    if connection.alias not in _bound:
        if bypasses(connection):
            raise BorderIgnored(connection.alias)
        _bound.add(connection.alias)


def bypasses(connection: BaseDatabaseWrapper) -> bool:
    """Return whether the role of a connection is above row level security. One query."""
    connection.ensure_connection()
    return bool(_directly(connection, BYPASSES)[0])


def forget_roles() -> None:
    """Ask again, as after another role has connected."""
    _bound.clear()


def renew() -> None:
    """Tell every open transaction which border holds now."""
    for connection in connections.all(initialized_only=True):
        if tell in connection.execute_wrappers and _in_transaction(connection):
            _directly(connection, (current() or Border()).sql)


def _in_transaction(connection: Any) -> bool:
    """Tell whether a transaction is open that has not failed: libpq's PQTRANS_INTRANS."""
    return connection.connection is not None and int(connection.connection.info.transaction_status) == 2
