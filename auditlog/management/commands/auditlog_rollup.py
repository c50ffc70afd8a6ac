"""Counts the new events by hour, for the charts."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import router

from ... import rollup
from ...models import Event


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options: Any) -> None:  # noqa: ARG002 - the contract of a command
        self.stdout.write(f"Counted {rollup.count_new(router.db_for_write(Event))} events.")
