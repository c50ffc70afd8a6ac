"""When a tree ends and the next one begins: a database was restored, and may not go on where its original went on.

A restored database has forgotten what happened after the dump. If it signed on in the same tree, two different logs
would have the same name and size. So it starts a new epoch: a new tree, whose first event says why, and
whatever the last checkpoint of the old tree covers and the database does not have, is told as lost.

On PostgreSQL the new epoch is also written into each new event: transactions are numbered anew in another cluster, and
the order of the log is that of (epoch, transaction, number).
"""

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .. import maintenance
from ..models import Event, Tree
from ..recording import record
from .entries import CURRENT

_TABLE = Event._meta.db_table  # noqa: SLF001 - Django's documented face of a model


def incarnation(connection: BaseDatabaseWrapper) -> str:
    """Return what a restored database has otherwise than its original: cluster, database and table of PostgreSQL.

    SQLite has nothing of the kind: there only a published checkpoint tells.
    """
    if connection.vendor != "postgresql":
        return connection.vendor
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()), "
            "%s::regclass::oid FROM pg_control_system()",
            [connection.ops.quote_name(_TABLE)],
        )
        return "/".join(map(str, cursor.fetchone()))


def current(alias: str) -> Tree | None:
    """Return the tree that grows, or None where nothing was sealed yet."""
    return Tree.objects.using(alias).order_by("-number").first()


def start(alias: str, *, reason: str, at_least: int = 1) -> Tree:
    """Begin a new tree, and with it a new epoch.

    :param reason: why, as a stable word for machines.
    :param at_least: the number of the tree, where those below it are known to be taken.
    """
    connection = connections[alias]
    with transaction.atomic(using=alias):
        before = current(alias)
        number = max(at_least, before.number + 1 if before else 1)
        tree = Tree(number=number, format=CURRENT.number, incarnation=incarnation(connection), reason=reason)
        if connection.vendor == "postgresql" and _stamped(connection) != number:
            _stamp_from_now(connection, number, is_restored=before is not None and reason == "restored")
        tree.save(using=alias, force_insert=True)
        if before is not None or number > 1:
            told = {"epoch": number, "sealed_before": before.size if before else 0}
            record("auditlog.epoch_started", reason=reason, data=told)
    return tree


def _stamped(connection: BaseDatabaseWrapper) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT bulwark_auditlog_epoch()")
        return int(cursor.fetchone()[0])


def _stamp_from_now(connection: BaseDatabaseWrapper, number: int, *, is_restored: bool) -> None:
    """Have each new event carry the epoch ``number``.

    The lock waits until every transaction that has written an event has ended, so that none of an older epoch is
    still to come.
    """
    table = connection.ops.quote_name(_TABLE)
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(
            "CREATE OR REPLACE FUNCTION bulwark_auditlog_epoch() RETURNS integer IMMUTABLE LANGUAGE sql "
            f"AS 'SELECT {number:d}'"
        )
        if is_restored:
            # Events that were written since the restore carry the old epoch with the new cluster's transactions. They
            # are known by the row's own xmin, which for a restored row is the transaction of the restore.
            maintenance.switch(connection, on=True)
            cursor.execute(
                f"UPDATE {table} SET epoch = %s WHERE epoch < %s AND xmin::text::bigint = tx & 4294967295",  # noqa: S608
                [number, number],
            )
            maintenance.switch(connection, on=False)
