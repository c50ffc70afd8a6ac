"""Makes the triggers that see what changes audited models without `save()`; to be run by the owner. PostgreSQL only."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connections, router

from ... import watching
from ...models import Event


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options: Any) -> None:  # noqa: ARG002 - the contract of a command
        connection = connections[router.db_for_write(Event)]
        if connection.vendor != "postgresql":
            msg = f"Changes without save() are not seen on {connection.vendor}."
            raise CommandError(msg)
        watching.install(connection)
        names = ", ".join(watch.prefix for watch in watching.wanted())
        self.stdout.write(f"Watching {names}." if names else "No model is audited with triggers=True.")
