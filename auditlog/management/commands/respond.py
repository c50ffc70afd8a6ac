"""Acts on an attack from the shell: `respond block_network 203.0.113.0/24 --for 2h --reason scraping`."""

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...models import Alert, Response
from ...response.actions import ResponseRefused, checked, offered, respond, undo, undoable

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", nargs="?", default="", help=f"one of {', '.join(offered())}")
        parser.add_argument("subject", nargs="?", default="", help="the address, account, session, tenant or route")
        parser.add_argument("--for", dest="time", default="", help="how long, as 30m, 2h or 7d; else until undone")
        parser.add_argument("--reason", required=True, help="why; it is kept and told the log")
        parser.add_argument("--alert", type=int, help="the alert that it is about, by number")
        parser.add_argument("--undo", type=int, metavar="ID", help="take a response back, by number")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, **options: Any) -> None:
        try:
            self.stdout.write(self._undone(options) if options["undo"] else self._done(options))
        except (ResponseRefused, Alert.DoesNotExist, Response.DoesNotExist) as error:
            raise CommandError(str(error)) from error

    def _done(self, options: dict[str, Any]) -> str:
        action, subject, seconds = options["action"], options["subject"], _seconds(options["time"])
        label = checked(action, subject, reason=options["reason"], seconds=seconds).label
        what = f"{label}: {subject or 'everybody'}{f' for {seconds} s' if seconds else ''}"
        if options["dry_run"]:
            return f"Would: {what}."
        alert = Alert.objects.get(pk=options["alert"]) if options["alert"] else None
        made = respond(action, subject, seconds=seconds, reason=options["reason"], by="command", alert=alert)
        return f"Done: {what}. Response {made.pk}."

    def _undone(self, options: dict[str, Any]) -> str:
        response = Response.objects.get(pk=options["undo"])
        if options["dry_run"]:
            undoable(response, reason=options["reason"])
            return f"Would undo: {response}."
        undo(response, reason=options["reason"], by="command")
        return f"Undone: {response}."


def _seconds(text: str) -> int:
    """Return how many seconds `2h` is.

    :raises CommandError: it is no duration.
    """
    if not text:
        return 0
    match = re.fullmatch(r"([1-9]\d{0,6})([smhd])", text, re.ASCII)
    if match is None:
        msg = f"{text!r} is no duration, as 30m, 2h or 7d."
        raise CommandError(msg)
    return int(match[1]) * _SECONDS[match[2]]
