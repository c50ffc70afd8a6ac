"""Django's `flush`, able to empty the log too: every TransactionTestCase ends with one."""

from typing import Any

from django.core.management.commands import flush

from ... import maintenance


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        with maintenance.allowed(options["database"]):
            super().handle(**options)
