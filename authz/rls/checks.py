"""What must be right for row level security to hold; asks the database, so only where the setting is on."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.db import DatabaseError, connections

from ..conf import conf
from ..language.sites import PolicyError
from .statements import bypasses
from .tables import tables

_PROTECTED = "SELECT c.relrowsecurity AND c.relforcerowsecurity FROM pg_class c WHERE c.oid = to_regclass(%s)"


def check_row_level_security(**_: Any) -> list[CheckMessage]:
    """Check the database role and the tables, if `ROW_LEVEL_SECURITY` is on."""
    if not conf.row_level_security:
        return []
    return [message for alias in connections for message in _database(alias)]


def _database(alias: str) -> Iterator[CheckMessage]:
    connection = connections[alias]
    if connection.vendor != "postgresql":
        yield CheckWarning(f"The database {alias!r} has no row level security.", id="bulwark_authz.W002")
        return
    try:
        if bypasses(connection):
            yield Error(
                f"The role of the database {alias!r} is a superuser or has BYPASSRLS, so it sees every tenant.",
                hint="Connect as a role of the application's own: CREATE ROLE app LOGIN NOSUPERUSER NOBYPASSRLS.",
                id="bulwark_authz.E008",
            )
        yield from _tables(connection)
    except DatabaseError as error:
        yield CheckWarning(f"Row level security of {alias!r} cannot be checked: {error}", id="bulwark_authz.W002")


def _tables(connection: Any) -> Iterator[CheckMessage]:
    try:
        wanted = tables()
    except PolicyError:
        return  # check_policies tells
    with connection.cursor() as cursor:
        for table in wanted:
            cursor.execute(_PROTECTED, [connection.ops.quote_name(table.name)])
            row = cursor.fetchone()
            if row is not None and not row[0]:
                yield CheckWarning(
                    f"The rows of {table.name} are shown to every tenant.",
                    hint="Run manage.py authz_rls --write-migration, and migrate.",
                    id="bulwark_authz.W003",
                )
