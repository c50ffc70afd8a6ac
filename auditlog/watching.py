"""Triggers that tell of changes made without `save()`: `update()`, `bulk_*`, SQL by hand. PostgreSQL only.

Note: told once. A trigger cannot know who changed a row. So it is deferred to the end of the transaction, and there it
looks for an event about the same row in the same transaction: where `save()` has told, it says nothing; where
nobody has, it writes `<app>.<model>_<action>` itself, by the actor type "database" and the role of the session.
"""

# ruff: noqa: SLF001 - `_meta` is Django's documented face of a model

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from .auditing import Watch, registry
from .models import Event
from .redaction import is_secret_name

TRIGGER, TRUNCATE_TRIGGER = "bulwark_auditlog_watch", "bulwark_auditlog_watch_truncate"

#: What the trigger writes; every other column gets the default of its type. `tx` and `epoch` come from the stamp.
_TOLD = {
    "ts": "clock_timestamp()",
    "uuid": "gen_random_uuid()",
    "type": "TG_ARGV[1] || CASE TG_OP WHEN 'INSERT' THEN '_created' WHEN 'DELETE' THEN '_deleted' "
    "WHEN 'TRUNCATE' THEN '_truncated' ELSE '_updated' END",
    "outcome": "'success'",
    "severity": "3",
    "reason": "'not_through_save'",
    "actor_type": "'database'",
    "actor_label": "left(session_user, 254)",
    "target_type": "TG_ARGV[0]",
    "target_id": "coalesce(target, '')",
    "changes": "coalesce(changed, '{}')",
    "count": "1",
    "salt": "uuid_send(gen_random_uuid())",
}

_FUNCTION = """
CREATE OR REPLACE FUNCTION bulwark_auditlog_watch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb; after jsonb; target text; changed jsonb;
BEGIN
    IF pg_catalog.current_setting('bulwark_auditlog.maintenance', true) = 'on' AND pg_catalog.pg_has_role(
        current_user, (SELECT relowner FROM pg_catalog.pg_class WHERE oid = {literal}::regclass), 'MEMBER'
    ) THEN
        RETURN NULL;  -- a test database is emptied
    END IF;
    IF TG_OP <> 'TRUNCATE' THEN
        before := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) ELSE '{{}}' END;
        after := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) ELSE '{{}}' END;
        SELECT jsonb_object_agg(split_part(pair, '=', 1), jsonb_build_object(
            'before', CASE WHEN split_part(pair, '=', 3) = 'secret' AND before ? split_part(pair, '=', 2)
                THEN '"[redacted]"'::jsonb ELSE before -> split_part(pair, '=', 2) END,
            'after', CASE WHEN split_part(pair, '=', 3) = 'secret' AND after ? split_part(pair, '=', 2)
                THEN '"[redacted]"'::jsonb ELSE after -> split_part(pair, '=', 2) END))
        INTO changed FROM unnest(string_to_array(TG_ARGV[3], ',')) AS pair
        WHERE before -> split_part(pair, '=', 2) IS DISTINCT FROM after -> split_part(pair, '=', 2);
        IF TG_OP = 'UPDATE' AND changed IS NULL THEN
            RETURN NULL;
        END IF;
        target := coalesce(after ->> TG_ARGV[2], before ->> TG_ARGV[2]);
        PERFORM FROM {table} WHERE target_id = target AND target_type = TG_ARGV[0]
            AND ts > now() - interval '1 day' AND tx = pg_current_xact_id()::text::bigint;
        IF FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO {table} ({columns}) VALUES ({values});
    RETURN NULL;
END $$
"""


def install(connection: BaseDatabaseWrapper, watches: Iterable[Watch] | None = None) -> None:
    """Make the triggers of the audited models that want them, anew where they are there."""
    with connection.cursor() as cursor:
        cursor.execute(function_sql(connection))
        for watch in wanted() if watches is None else watches:
            for statement in _trigger_sql(connection, watch):
                cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> list[Watch]:
    """Return the audited models whose triggers are missing, switched off, or made for other fields."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, tgargs FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE tgname = %s AND tgenabled IN ('O', 'A')",
            [TRIGGER],
        )
        there = {name: bytes(arguments).decode().split("\0")[:-1] for name, arguments in cursor.fetchall()}
    return [watch for watch in wanted() if there.get(_table(watch)) != list(_arguments(watch))]


def wanted() -> Iterator[Watch]:
    return (watch for watch in registry.values() if watch.triggers)


def function_sql(connection: BaseDatabaseWrapper, model: type[models.Model] = Event) -> str:
    """Return the statement that makes the function of the triggers, for the columns that ``model`` has."""
    quote = connection.ops.quote_name
    fields = [field for field in model._meta.concrete_fields if field.name not in ("seq", "tx", "epoch")]
    return _FUNCTION.format(
        table=quote(model._meta.db_table),
        literal=f"'{quote(model._meta.db_table)}'",
        columns=", ".join(quote(str(field.column)) for field in [*fields, *_stamped(model)]),
        values=", ".join([*(_TOLD.get(field.name) or _default(field) for field in fields), "0", "1"]),
    )


def _stamped(model: type[models.Model]) -> list[Any]:
    return [model._meta.get_field(name) for name in ("tx", "epoch")]


def _default(field: Any) -> str:
    if field.null:
        return "NULL"
    return {"JSONField": "'{}'", "CharField": "''"}.get(field.get_internal_type(), "0")


def _table(watch: Watch) -> str:
    return str(watch.model._meta.db_table)


def _arguments(watch: Watch) -> tuple[str, ...]:
    """Return what the trigger is told: label, prefix, key column, and `name=column=secret` for each field."""
    meta = watch.model._meta
    columns = ((name, meta.get_field(name).column) for name in watch.fields)  # type: ignore[union-attr]
    fields = ",".join(f"{name}={column}={'secret' if is_secret_name(name) else ''}" for name, column in columns)
    return meta.label_lower, watch.prefix, str(meta.pk.column), fields


def _trigger_sql(connection: BaseDatabaseWrapper, watch: Watch) -> Iterator[str]:
    table = connection.ops.quote_name(_table(watch))
    arguments = ", ".join(f"'{argument}'" for argument in _arguments(watch))
    yield f"DROP TRIGGER IF EXISTS {TRIGGER} ON {table}"
    yield f"DROP TRIGGER IF EXISTS {TRUNCATE_TRIGGER} ON {table}"
    yield (
        f"CREATE CONSTRAINT TRIGGER {TRIGGER} AFTER INSERT OR UPDATE OR DELETE ON {table} "
        f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bulwark_auditlog_watch({arguments})"
    )
    yield (
        f"CREATE TRIGGER {TRUNCATE_TRIGGER} AFTER TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION bulwark_auditlog_watch({arguments})"
    )
