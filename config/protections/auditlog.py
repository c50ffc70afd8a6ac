"""What happened: the log and what keeps it true."""

from django.conf import settings
from django.db import connection
from django.utils import timezone

from auditlog import spool
from auditlog.models import Event

from .base import Group, Protection, State, span

TABLE = Event._meta.db_table  # noqa: SLF001  # Django's documented API


def group() -> Group:
    return Group("auditlog", "Recorded", "Who did what, and when?", [events(), append_only(), signals(), waiting()])


def events() -> Protection:
    last = Event.objects.newest_first().first()
    if last is None:
        value = "None yet."
    else:
        value = f"Number {last.seq} so far, the last one {span(timezone.now() - last.ts)} ago."
    return Protection("Events", "Logins, refusals, changes: with who, where from and which request.", State.ON, value)


def append_only() -> Protection:
    triggers, may_change = guards()
    if not triggers:
        state, value = State.OFF, "The database lets events be changed."
    elif may_change:
        state, value = State.PARTLY, "Triggers refuse changes; this database role owns the table."
    else:
        state, value = State.ON, "Triggers refuse changes, and this database role may not even ask."
    return Protection("Append-only", "Whoever takes over the server cannot rewrite what it did.", state, value)


def guards() -> tuple[bool, bool]:
    """Tell whether triggers guard the table, and whether the server's role could change rows were it not for them."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled <> 'D' "
                "AND tgname = 'bulwark_event_append_only'), has_table_privilege(%s, 'UPDATE')",
                [TABLE, TABLE],
            )
            triggers, may_change = cursor.fetchone()
            return bool(triggers), bool(may_change)
        cursor.execute("SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [TABLE])
        return cursor.fetchone()[0] >= 2, True


def signals() -> Protection:
    count = len(settings.BULWARK_AUDITLOG.get("SIGNALS", []))
    value = f"{count} kinds of signal are recorded."
    return Protection("Nothing forgotten", "Each app tells; none has to remember to write.", State.ON, value)


def waiting() -> Protection:
    files = [path for path in spool.waiting() if path.stat().st_size]
    state = State.PARTLY if files else State.ON
    value = "Events wait on disk for the database." if files else "No event waits for the database."
    return Protection("Outages", "An event outlives a lost database on the local disk.", state, value)
