"""The command writes what the tenant clauses say as migrations, once, and tells what is missing."""

import importlib
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from pytest_django import Settings

from authz import registry
from authz.policies import Policy, allow
from authz.rls.checks import check_row_level_security
from authz.rls.operations import ProtectRows, UnprotectRows
from authz.rls.tables import Table, tables
from authz.rls.writing import missing
from tests.authz.library.models import Cover, Loan

BY_TENANT = (
    "\"tenant_id\" = NULLIF(current_setting('bulwark.tenant', true), '')::uuid"
    " OR current_setting('bulwark.crosses_tenants', true) = 'on'"
)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("authz_rls", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def host(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An app of a host, with a folder for migrations."""
    folder = tmp_path / "rlshost" / "migrations"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent):
        (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "rlshost"]
    yield folder
    for name in [name for name in sys.modules if name.startswith("rlshost")]:
        del sys.modules[name]


def names(steps: Any) -> set[tuple[type, str]]:
    return {(type(operation), operation.table) for *_, operation in steps}


def test_a_tenant_clause_is_a_condition_on_the_table_and_on_those_between() -> None:
    found = {table.name: table for table in tables()}
    assert found["library_book"].condition == BY_TENANT
    assert found["library_book_tags"].condition.startswith(
        '"book_id" IN (SELECT "id" FROM "library_book" WHERE "tenant'
    )


def test_so_it_is_on_tables_that_other_models_put_between() -> None:
    (found,) = [table for table in tables() if table.name == "library_exhibition_books"]
    assert found.condition.startswith('"book_id" IN (SELECT "id" FROM "library_book" WHERE "tenant_id" = ')
    assert (found.app, found.needs) == ("library", ())


def test_a_row_between_two_of_tenants_is_of_the_tenant_of_both(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = [Table("between", "library", ("a",), "A"), Table("between", "library", ("b",), "B OR C")]
    monkeypatch.setattr("authz.rls.tables._of_policy", lambda _policy: sides)
    (found,) = tables()
    assert found.condition == "(A) AND (B OR C) OR current_setting('bulwark.crosses_tenants', true) = 'on'"
    assert found.needs == ("a", "b")


@pytest.mark.parametrize("model", [Loan, Cover])
def test_a_clause_over_foreign_keys_is_a_sub_query(model: Any) -> None:
    made: type[Policy] = type("Made", (Policy,), {"read": allow("viewer")}, model=model, tenant="book.tenant")
    try:
        (found,) = [table for table in tables() if table.name == model._meta.db_table]
    finally:
        registry.unregister(made)
    assert found.condition.startswith('"book_id" IN (SELECT "id" FROM "library_book" WHERE "tenant_id" = ')


def test_what_is_missing_is_printed_and_fails_a_check() -> None:
    assert f"-- Show rows of library_book to their tenant only, where\n{BY_TENANT}" in run()
    with pytest.raises(CommandError, match="No migration does this yet:\nShow rows of bulwark_articles_article to"):
        run("--check")


def test_the_migration_is_written_once(host: Path) -> None:
    said = run("--write-migration", "--app", "rlshost")
    (path,) = host.glob("0*.py")
    assert str(path) in said
    importlib.invalidate_caches()
    assert "Every tenant clause" in run("--check")
    assert "Every tenant clause" in run("--write-migration", "--app", "rlshost")
    migration = importlib.import_module(f"rlshost.migrations.{path.stem}").Migration
    assert {app for app, _ in migration.dependencies} == {"bulwark_articles", "library"}
    assert names((step,) for step in migration.operations) == {(ProtectRows, table.name) for table in tables()}


def test_a_clause_that_has_changed_or_gone_is_written_again(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("--write-migration", "--app", "rlshost")
    importlib.invalidate_caches()
    monkeypatch.setattr("authz.rls.tables._TENANT", "NULL")
    changed = missing(MigrationLoader(None, ignore_no_migrations=True))
    assert names(changed) == {(ProtectRows, table.name) for table in tables()}
    monkeypatch.setattr("authz.rls.writing.tables", list)
    gone = missing(MigrationLoader(None, ignore_no_migrations=True))
    assert {kind for kind, _ in names(gone)} == {UnprotectRows}


@pytest.mark.skipif(connection.vendor == "postgresql", reason="there it holds")
def test_another_database_is_told_of(settings: Settings) -> None:
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "ROW_LEVEL_SECURITY": True}
    assert [message.id for message in check_row_level_security()] == ["bulwark_authz.W002"]


@pytest.mark.django_db(transaction=True)
def test_the_operations_go_both_ways_on_every_database() -> None:
    made = ProtectRows("library_book", BY_TENANT)
    with connection.schema_editor() as editor:
        made.state_forwards("library", None)
        made.database_forwards("library", editor, None, None)
        made.database_backwards("library", editor, None, None)
        ended = UnprotectRows("library_book", BY_TENANT)
        ended.database_backwards("library", editor, None, None)
        ended.database_forwards("library", editor, None, None)
    assert ["to their tenant" in made.describe(), "every tenant" in ended.describe()] == [True, True]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT relrowsecurity FROM pg_class WHERE relname = 'library_book'")
            assert cursor.fetchone() == (False,)
