"""What migrations do with tables of tenants; on other databases than PostgreSQL nothing."""

from collections.abc import Iterable
from typing import Any

from django.db.migrations.operations.base import Operation, OperationCategory

NAME = "bulwark_tenant"


class ProtectRows(Operation):
    """Shows a table's rows only where a condition is true, to the owner of the table too (FORCE).

    :param table: its name.
    :param condition: SQL, as `manage.py authz_rls` writes it; a later operation on the table replaces it.
    """

    category = OperationCategory.SQL
    reduces_to_sql = True
    reversible = True

    def __init__(self, table: str, condition: str) -> None:
        self.table = table
        self.condition = condition

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Change nothing: models look as before."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:  # noqa: ARG002
        _run(schema_editor, self.protecting(schema_editor))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:  # noqa: ARG002
        _run(schema_editor, _opening(schema_editor, self.table))

    def protecting(self, schema_editor: Any) -> list[str]:
        table = schema_editor.quote_name(self.table)
        return [
            f"DROP POLICY IF EXISTS {NAME} ON {table}",
            f"CREATE POLICY {NAME} ON {table} USING ({self.condition}) WITH CHECK ({self.condition})",
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        ]

    def describe(self) -> str:
        return f"Show rows of {self.table} to their tenant only"


class UnprotectRows(ProtectRows):
    """Ends what `ProtectRows` did."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        super().database_backwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        super().database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Show rows of {self.table} to every tenant"


def _opening(schema_editor: Any, name: str) -> list[str]:
    table = schema_editor.quote_name(name)
    return [
        f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        f"DROP POLICY IF EXISTS {NAME} ON {table}",
    ]


def _run(schema_editor: Any, statements: Iterable[str]) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement)
