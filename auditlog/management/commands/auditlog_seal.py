"""Seals new events: hashes them into the tree, signs its head, and publishes it; once, or with --loop for ever."""

import signal
import threading
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, connections, router

from ...models import Event
from ...sealing import notes, publishing, sealer
from ...sealing.ahead import Ahead
from ...sealing.checkpoints import Checkpoint, own_keys


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--loop", action="store_true", help="go on until the process is told to stop")
        parser.add_argument("--interval", type=float, default=2.0, help="seconds between two rounds of --loop")
        parser.add_argument("--heartbeat", type=Path, help="file to touch after each good round of --loop")
        parser.add_argument("--new-key", metavar="NAME", help="print a new key and what checks it; nothing is sealed")

    def handle(self, *, loop: bool, interval: float, heartbeat: Path | None, new_key: str | None, **_: Any) -> None:
        if new_key is not None:
            self._print_key(new_key)
            return
        alias = router.db_for_write(Event)
        try:
            if loop:
                self._go_on(alias, interval, heartbeat)
            else:
                self._round(alias)
        except (sealer.SealRefused, notes.KeyRefused) as error:
            raise CommandError(str(error)) from error

    def _print_key(self, name: str) -> None:
        try:
            made = notes.new_signer(name)
        except notes.KeyRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(made.secret_line)
        self.stderr.write(f"# What checks it, for everybody else's SEAL_KEYS:\n{made.key}")

    def _round(self, alias: str) -> None:
        sealed = sealer.seal(alias, publishing.known(own_keys()))
        self._tell(sealed)
        if failed := publishing.publish_due(alias):
            msg = f"The checkpoint could not be published: {', '.join(failed)}. It is tried again."
            raise CommandError(msg)

    def _go_on(self, alias: str, interval: float, heartbeat: Path | None) -> None:
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        known: list[Checkpoint] | None = None
        hashed = Ahead()
        while not stopped.is_set():
            is_behind = False
            try:
                # The places are asked at the start, and after the database was away: it may have come back older.
                known = publishing.known(own_keys()) if known is None else known
                sealed = sealer.seal(alias, known, hashed)
                if sealed.tree and sealed.tree.note:
                    known = [Checkpoint.parse(sealed.tree.note)]
                publishing.publish_due(alias)
                if sealed.events:
                    self._tell(sealed)
                if heartbeat is not None:
                    heartbeat.touch()
                if sealed.tree:
                    is_behind = hashed.look(sealed.tree, alias)
            except (DatabaseError, InterfaceError) as error:
                self.stderr.write(f"The database did not answer: {error}")
                connections[alias].close()
                known, hashed = None, Ahead()
            stopped.wait(0 if is_behind else interval)

    def _tell(self, sealed: sealer.Sealed) -> None:
        if sealed.tree is None or not sealed.events:
            self.stdout.write("There is nothing new to seal.")
        else:
            self.stdout.write(f"Sealed {sealed.events} events: tree {sealed.tree.number} has {sealed.tree.size}.")
