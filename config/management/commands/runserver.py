"""`runserver` that also works on a fresh checkout: it migrates the embedded database, and seeds only when asked."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.management.commands import runserver
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from config import upkeep


class Command(runserver.Command):
    addr: str
    port: str
    _raw_ipv6: bool

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--demo", action="store_true", help="Seed the demo on the first start, greet, and look after its audit log."
        )

    def run(self, **options: Any) -> None:
        address = f"[{self.addr}]" if self._raw_ipv6 else self.addr
        self.url = f"{self.protocol}://{address}:{self.port}"
        if (
            "SITE_URL" not in settings.BULWARK_ACCOUNTS
        ):  # mailed links lead here, and apps find the issuer where it serves
            settings.BULWARK_ACCOUNTS |= {"SITE_URL": self.url, "ISSUER": self.url}
        # The autoreloader runs this again in a child at each change of the code: once is done in the parent.
        if os.environ.get("RUN_MAIN") != "true":
            self.migrate_embedded()
            if options["demo"]:
                self.greet()
                upkeep.start()
        super().run(**options)

    def migrate_embedded(self) -> None:
        """Bring the SQLite file of a checkout up to date; a server's database is its owner's to migrate."""
        if connection.vendor != "sqlite":
            return
        Path(str(connection.settings_dict["NAME"])).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Migrating the embedded database ...")
            call_command("migrate", verbosity=0, interactive=False)

    def greet(self) -> None:
        """Seed the demo if there is none yet, and say what is where."""
        call_command("seed_demo", url=self.url, stdout=self.stdout)
