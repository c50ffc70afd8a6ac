"""What runs beside the servers in production, in a thread of the demo: its alerts, charts and seals are its own."""

import logging
import threading
from io import StringIO

from django.core.management import call_command
from django.db import close_old_connections

logger = logging.getLogger(__name__)
EVERY = 5.0  # seconds


def look() -> None:
    """Seal the new events, count them, and take the rules through them.

    In this order: a rule tells of a log that nobody seals, and nobody did while the demo was off.
    """
    for command in ("auditlog_seal", "auditlog_rollup", "auditlog_detect"):
        call_command(command, stdout=StringIO())


def start() -> None:
    """Look again and again, for as long as this process lives."""
    threading.Thread(target=_go_on, name="upkeep", daemon=True).start()


def _go_on() -> None:
    pause = threading.Event()
    while not pause.wait(EVERY):
        close_old_connections()
        try:
            look()
        except Exception:
            logger.exception("The audit log could not be looked after; it is tried again in %g s.", EVERY)
