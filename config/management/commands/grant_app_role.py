"""`grant_app_role`: gives the database role that the server runs with what it needs, and nothing more."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

#: What the server may add to and read, and never change: whoever takes it over cannot rewrite what it did.
APPEND_ONLY = {"bulwark_auditlog.Event"}

#: What the owner alone writes, and the server only reads: the seal of the log.
READ_ONLY = {f"bulwark_auditlog.{name}" for name in ("DroppedRange", "ErasedPart", "Publication", "Tile", "Tree")}


class Command(BaseCommand):
    help = (
        "Give a PostgreSQL role the rows of every model and no table, and let it only add to the append-only ones. "
        "Run it as the tables' owner after each migration."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", help="The role that the server logs in with; not the tables' owner.")

    def handle(self, *_: Any, **options: Any) -> None:
        role = options["role"]
        if connection.vendor != "postgresql":
            msg = "Only PostgreSQL has roles."
            raise CommandError(msg)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [role])
            found = cursor.fetchone()
            cursor.execute("SELECT current_user")
            if found is None or found[0] or cursor.fetchone() == (role,):
                msg = f"{role} must exist, and be neither a superuser nor the role that runs this."
                raise CommandError(msg)
            for statement in statements(role):
                cursor.execute(statement)
        self.stdout.write(f"{role} may read and write rows; it may only add to {', '.join(sorted(APPEND_ONLY))}.")


def statements(role: str) -> Iterator[str]:
    """Yield the SQL: first everything is taken away, so that what a table was given before does not linger."""
    quote = connection.ops.quote_name
    name = quote(role)
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}"
    for model in apps.get_models(include_auto_created=True):
        options = model._meta  # noqa: SLF001  # Django's documented API
        if options.proxy or options.swapped or not options.managed:
            continue
        verbs = _verbs(options.label)
        yield f"GRANT {verbs} ON {quote(options.db_table)} TO {name}"
    yield f"GRANT SELECT ON {quote('django_migrations')} TO {name}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}"


def _verbs(label: str) -> str:
    if label in READ_ONLY:
        return "SELECT"
    return "SELECT, INSERT" if label in APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
