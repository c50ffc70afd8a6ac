"""What the database itself refuses, whoever asks: changing an event, removing one, lying about its transaction.

Note: maintenance. Two duties need a door: emptying a test database, and moving rows into a new partition.
On PostgreSQL it is the session setting `bulwark_auditlog.maintenance`, which counts only for the owner of the table
(or a superuser): the role that the application runs as may set it and gains nothing. SQLite has no roles: there it is
a function that only `maintenance.allowed()` makes say yes; a connection without that function is refused too.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

MESSAGE = "bulwark_auditlog: events are only ever added"
SQLITE_FUNCTION = "bulwark_auditlog_maintenance"

_POSTGRESQL = """
CREATE OR REPLACE FUNCTION bulwark_auditlog_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_catalog.current_setting('bulwark_auditlog.maintenance', true) = 'on' AND pg_catalog.pg_has_role(
        current_user, (SELECT relowner FROM pg_catalog.pg_class WHERE oid OPERATOR(pg_catalog.=) TG_RELID), 'MEMBER'
    ) THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '{message}' USING ERRCODE = 'restrict_violation';
END $$;

DO $$ BEGIN
    -- Another number is the work of `sealing.epochs`, and stays.
    IF to_regprocedure('bulwark_auditlog_epoch()') IS NULL THEN
        CREATE FUNCTION bulwark_auditlog_epoch() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION bulwark_auditlog_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.tx := pg_catalog.pg_current_xact_id()::text::bigint;
    NEW.epoch := bulwark_auditlog_epoch();
    RETURN NEW;
END $$;

DROP TRIGGER IF EXISTS bulwark_event_append_only ON {table};
CREATE TRIGGER bulwark_event_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION bulwark_auditlog_refuse();
DROP TRIGGER IF EXISTS bulwark_event_stamp ON {table};
CREATE TRIGGER bulwark_event_stamp BEFORE INSERT ON {table}
    FOR EACH ROW EXECUTE FUNCTION bulwark_auditlog_stamp();
"""

_SQLITE = """
CREATE TRIGGER IF NOT EXISTS bulwark_event_no_{word} BEFORE {word} ON {table} WHEN COALESCE({function}(), 0) = 0
BEGIN SELECT RAISE(ABORT, '{message}'); END
"""

#: INSERT OR REPLACE takes a row away, and SQLite runs no trigger for that DELETE. A number that is not given yet is -1.
_SQLITE_REPLACE = """
CREATE TRIGGER IF NOT EXISTS bulwark_event_no_REPLACE BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE seq = NEW.seq AND seq >= 0 OR uuid = NEW.uuid AND ts = NEW.ts)
BEGIN SELECT RAISE(ABORT, '{message}'); END
"""

_SQLITE_WORDS = ("UPDATE", "DELETE", "REPLACE")
_NEEDED = ("bulwark_event_append_only", "bulwark_event_no_truncate", "bulwark_event_stamp")
_MISSING = """
SELECT relname, needed FROM unnest(%s::text[]) AS needed, pg_partition_tree(%s::regclass) AS tree
JOIN pg_class ON pg_class.oid = tree.relid
WHERE NOT EXISTS (
    SELECT FROM pg_trigger WHERE tgrelid = tree.relid AND tgname = needed AND tgenabled IN ('O', 'A')
)
ORDER BY tree.level, relname, needed
"""


def install(connection: BaseDatabaseWrapper, table: str) -> None:
    """Make the triggers that protect ``table``, anew where they are there."""
    name = connection.ops.quote_name(table)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRESQL.format(table=name, message=MESSAGE))
            # TRUNCATE has no row triggers, and those of a statement are not inherited by partitions.
            cursor.execute("SELECT relid::regclass::text FROM pg_partition_tree(%s::regclass)", [name])
            for (partition,) in cursor.fetchall():
                protect_from_truncate(cursor, partition)
        else:
            for word in ("UPDATE", "DELETE"):
                cursor.execute(_SQLITE.format(table=name, word=word, function=SQLITE_FUNCTION, message=MESSAGE))
            cursor.execute(_SQLITE_REPLACE.format(table=name, message=MESSAGE))


def missing(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """Return the names of the triggers that ``table`` or a partition of it lacks, or that are switched off."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_MISSING, [list(_NEEDED), connection.ops.quote_name(table)])
            return [name if relation == table else f"{name} of {relation}" for relation, name in cursor.fetchall()]
        needed = [f"bulwark_event_no_{word}" for word in _SQLITE_WORDS]
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        there = {name for (name,) in cursor.fetchall()}
    return [name for name in needed if name not in there]


def protect_from_truncate(cursor: Any, quoted_table: str) -> None:
    """Make the trigger that refuses TRUNCATE, which every partition needs for itself."""
    cursor.execute(
        f"DROP TRIGGER IF EXISTS bulwark_event_no_truncate ON {quoted_table}; "
        f"CREATE TRIGGER bulwark_event_no_truncate BEFORE TRUNCATE ON {quoted_table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION bulwark_auditlog_refuse()"
    )


def remove(connection: BaseDatabaseWrapper) -> None:
    """Remove what `install` made."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "DROP FUNCTION bulwark_auditlog_refuse() CASCADE; DROP FUNCTION bulwark_auditlog_stamp() CASCADE; "
                "DROP FUNCTION IF EXISTS bulwark_auditlog_watch() CASCADE; "
                "DROP FUNCTION IF EXISTS bulwark_auditlog_epoch()"
            )
        else:
            for word in _SQLITE_WORDS:
                cursor.execute(f"DROP TRIGGER bulwark_event_no_{word}")
