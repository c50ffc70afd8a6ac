"""Stores the events that wait on this host's disk since the database was away."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import router

from ... import journal, spool
from ...models import Event


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options: Any) -> None:  # noqa: ARG002 - the contract of a command
        alias = router.db_for_write(Event)
        count = spool.replay(alias) + journal.recover(alias)
        self.stdout.write(f"{count} events that waited on disk are stored.")
