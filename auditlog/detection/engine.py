"""Takes the rules through the log, once."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from ..alerts.raising import raise_alert
from ..following import BATCH, reading
from ..models import Event
from ..recording import record
from .findings import Batch, Finding
from .rules import BROKEN, Rule, Standing, active
from .standing import Behind, Stopped

logger = logging.getLogger(__name__)
#: The name under which the detector remembers its place.
NAME = "detect"
#: PostgreSQL's code for a statement that took longer than `statement_timeout`.
QUERY_CANCELED = "57014"


def detect_new(alias: str, *, size: int = BATCH) -> int:
    """Look at the events that no rule has seen yet, raise what the rules find, and return how many there were.

    The alerts and the place in the log are stored together: whenever it is interrupted, nothing is missed and nothing
    told twice. A second detector waits for the first.

    :param size: how many events are looked at in one transaction.
    """
    done = 0
    while True:
        with reading(NAME, alias) as log:
            looked_at = look(log.next_range(size), alias)
        if not looked_at:
            return done
        done += looked_at


def look(new: QuerySet[Event], alias: str) -> int:
    """Take every rule through ``new``, raise what the rules find, and return how many events there were."""
    found = list(new.values_list("type", flat=True))
    if found:
        batch = Batch(new, Event.objects.using(alias), frozenset(found))
        for rule in active(alias):
            if not isinstance(rule.detector, Standing) and _concerns(rule, batch):
                _raise(rule, partial(rule.detector.findings, batch), alias)
    return len(found)


def detect_standing(alias: str, *, now: datetime | None = None) -> None:
    """Look at what does not happen: events that stopped, readers that fell behind."""
    moment = now or timezone.now()
    for rule in active(alias):
        if isinstance(rule.detector, (Behind, Stopped)):
            _raise(rule, partial(rule.detector.standing, alias, moment), alias)


def _raise(rule: Rule, find: Callable[[], Iterable[Finding]], alias: str) -> None:
    """Raise what one rule finds. Where it breaks, the other rules and later events must not wait for it.

    That it broke is an event, and so found by another rule: who can break a rule would else not be seen.
    """
    try:
        with transaction.atomic(using=alias):
            for finding in find():
                raise_alert(rule, finding, alias)
    except Exception as error:
        if isinstance(error, (OperationalError, InterfaceError)) and not _is_timeout(error):
            raise  # the database is away: the events are looked at again
        logger.exception("The rule %s broke; what it would have found in these events is not told.", rule.name)
        if rule.name != BROKEN:
            record("auditlog.rule_failed", outcome="failed", data={"rule": rule.name, "error": type(error).__name__})


def _is_timeout(error: Exception) -> bool:
    """Say whether PostgreSQL has given up the statement: it would take as long the next time, and the time after."""
    return getattr(error.__cause__, "sqlstate", "") == QUERY_CANCELED


def _concerns(rule: Rule, batch: Batch) -> bool:
    match = getattr(rule.detector, "match", None)
    return match is not None and match.concerns(batch.types)
