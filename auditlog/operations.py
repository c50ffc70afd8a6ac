"""What migrations of the log need beyond Django's own operations."""

from typing import Any

from django.db import NotSupportedError, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Max

from . import maintenance, partitions, triggers, watching

VENDORS = ("postgresql", "sqlite")


# ruff: noqa: ARG002 - the names of the arguments are Django's


class _OnTable(Operation):
    """Works on the table of one model, and leaves the state of the models as it is."""

    reversible = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__qualname__, [self.model_name], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def table(self, app_label: str, editor: BaseDatabaseSchemaEditor, state: ProjectState) -> str | None:
        """Return the table's name, or None where the routers keep it out of this database."""
        model = state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(editor.connection.alias, model):
            return None
        if editor.connection.vendor not in VENDORS:
            msg = f"The audit log works on {' and '.join(VENDORS)}, not on {editor.connection.vendor}."
            raise NotSupportedError(msg)
        return str(model._meta.db_table)  # noqa: SLF001 - Django's documented face of a model


class PartitionByMonth(_OnTable):
    """Replaces the new, empty table by one that is partitioned by month of `ts`; PostgreSQL only."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        table = self.table(app_label, schema_editor, to_state)
        if table is None or schema_editor.connection.vendor != "postgresql":
            return
        quote = schema_editor.quote_name
        # Django has no word for PARTITION BY; so its own table gives the columns and makes room for this one.
        # The key of a partitioned table must hold the column it is partitioned by.
        schema_editor.execute(
            f"""
            ALTER TABLE {quote(table)} RENAME TO {quote(table + "_shape")};
            CREATE TABLE {quote(table)} (LIKE {quote(table + "_shape")} INCLUDING CONSTRAINTS) PARTITION BY RANGE (ts);
            DROP TABLE {quote(table + "_shape")};
            CREATE SEQUENCE {quote(table + "_seq_seq")} AS bigint OWNED BY {quote(table)}.seq;
            ALTER TABLE {quote(table)} ALTER COLUMN seq SET DEFAULT nextval('{quote(table + "_seq_seq")}');
            ALTER TABLE {quote(table)} ADD PRIMARY KEY (seq, ts);
            CREATE TABLE {quote(table + "_default")} PARTITION OF {quote(table)} DEFAULT;
            """
        )

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Change nothing: the operation before this one drops the table, partitions included."""

    def describe(self) -> str:
        return f"Partition {self.model_name} by month"


class AppendOnly(_OnTable):
    """Installs the triggers that refuse UPDATE, DELETE and TRUNCATE.

    On PostgreSQL it also makes the next partitions, and the function of the triggers that watch other tables, which
    has to know the columns: a migration that adds one ends with this operation again.

    On SQLite Django changes many things by making the table anew, which loses its triggers.
    """

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        table = self.table(app_label, schema_editor, to_state)
        if table is None:
            return
        triggers.install(schema_editor.connection, table)
        if schema_editor.connection.vendor == "postgresql":
            partitions.create_missing(schema_editor.connection, table)
            model = to_state.apps.get_model(app_label, self.model_name)
            schema_editor.execute(watching.function_sql(schema_editor.connection, model))

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        table = self.table(app_label, schema_editor, from_state)
        if table is not None:
            triggers.remove(schema_editor.connection)

    def describe(self) -> str:
        return f"Make {self.model_name} append-only"


class RefuseReplace(_OnTable):
    """Installs the trigger that SQLite needs for INSERT OR REPLACE where `AppendOnly` did not know it yet."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        table = self.table(app_label, schema_editor, to_state)
        if table is not None and schema_editor.connection.vendor == "sqlite":
            triggers.install(schema_editor.connection, table)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Change nothing: `AppendOnly` takes it away with the others."""

    def describe(self) -> str:
        return f"Refuse to replace {self.model_name}"


class SaltApart(_OnTable):
    """Gives each event that is stored already a salt of its own; the column's default gave all of them the same.

    In batches that are committed one by one: in a migration that is not atomic nobody waits for the last of them. The
    newest come first, so that the oldest still tell what is left to do where it was interrupted. Once something is
    sealed nothing is changed, for a leaf covers its salt.
    """

    ROWS_A_BATCH = 10_000

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        table = self.table(app_label, schema_editor, to_state)
        connection = schema_editor.connection
        if table is None or to_state.apps.get_model(app_label, "Tile").objects.using(connection.alias).exists():
            return
        events = to_state.apps.get_model(app_label, self.model_name).objects.using(connection.alias)
        oldest = list(events.order_by("seq").values_list("seq", "salt")[:2])
        if len({bytes(salt) for _seq, salt in oldest}) == len(oldest):
            return
        (first, salt), (second, _salt) = oldest
        random = "uuid_send(gen_random_uuid())" if connection.vendor == "postgresql" else "randomblob(16)"
        change = f"UPDATE {schema_editor.quote_name(table)} SET salt = {random}"  # noqa: S608 - a quoted name
        high = events.aggregate(Max("seq"))["seq__max"]
        while high >= first:
            low = high - self.ROWS_A_BATCH + 1
            low = first if low <= second else low
            with (
                maintenance.allowed(connection.alias),
                transaction.atomic(using=connection.alias),
                connection.cursor() as cursor,
            ):
                cursor.execute(f"{change} WHERE seq BETWEEN %s AND %s AND salt = %s", [low, high, salt])
            high = low - 1

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Change nothing: the column goes."""

    def describe(self) -> str:
        return f"Give each {self.model_name} a salt of its own"
