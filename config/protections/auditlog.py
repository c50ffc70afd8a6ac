"""What happened: the log and what keeps it true."""

from django.conf import settings
from django.db import connection
from django.utils import timezone

from auditlog import spool, triggers
from auditlog.models import Event

from .base import Finding, Group, Protection, State, span

TABLE = Event._meta.db_table  # noqa: SLF001  # Django's documented API


def group() -> Group:
    protections = [
        Protection("Events", "Logins, refusals, changes: with who, where from and which request.", events),
        Protection("Append-only", "Whoever takes over the server cannot rewrite what it did.", append_only),
        Protection("Nothing forgotten", "Each app tells; none has to remember to write.", signals),
        Protection("Outages", "An event outlives a lost database on the local disk.", waiting),
    ]
    return Group("auditlog", "Recorded", "Who did what, and when?", protections)


def events() -> Finding:
    last = Event.objects.newest_first().first()
    if last is None:
        return Finding(State.ON, "None yet.")
    return Finding(State.ON, f"Number {last.seq} so far, the last one {span(timezone.now() - last.ts)} ago.")


def append_only() -> Finding:
    is_guarded, may_change = guards()
    if not is_guarded:
        return Finding(State.OFF, "The database lets events be changed.")
    if may_change:
        return Finding(State.PARTLY, "Triggers refuse changes; this database role owns the table.")
    return Finding(State.ON, "Triggers refuse changes, and this database role may not even ask.")


def guards() -> tuple[bool, bool]:
    """Tell whether triggers guard the table, and whether the server's role could change rows were it not for them."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled <> 'D' "
                "AND tgname = 'bulwark_event_append_only'), has_table_privilege(%s, 'UPDATE')",
                [TABLE, TABLE],
            )
            is_guarded, may_change = cursor.fetchone()
            return bool(is_guarded), bool(may_change)
    return not triggers.missing(connection, TABLE), True


def signals() -> Finding:
    count = len(settings.BULWARK_AUDITLOG.get("SIGNALS", []))
    return Finding(State.ON if count else State.OFF, f"{count} kinds of signal are recorded.")


def waiting() -> Finding:
    if any(path.stat().st_size for path in spool.waiting()):
        return Finding(State.PARTLY, "Events wait on disk for the database.")
    return Finding(State.ON, "No event waits for the database.")
