"""How events reach the database, and where they wait while it is away."""

import logging
from collections.abc import Sequence
from time import perf_counter

from django.db import DatabaseError, InterfaceError, connections, router

from . import spool
from .conf import conf
from .counters import WRITE_FAILURES, WRITE_SECONDS
from .floods import floods
from .inserting import insert_one
from .journal import journal, left_behind, recover
from .models import Event

logger = logging.getLogger(__name__)


def write(event: Event) -> None:
    """Store one event in the transaction that is open, if one is.

    :raises django.db.Error: it could not be stored; let it end the change that it belongs to.
    """
    began = perf_counter()
    try:
        insert_one(event, router.db_for_write(Event))
    except Exception:
        WRITE_FAILURES.labels("transaction").inc()
        raise
    finally:
        WRITE_SECONDS.observe(perf_counter() - began)


def write_or_spool(events: Sequence[Event]) -> None:
    """Store events that no change depends on, with one INSERT; keep them on disk when the database cannot take them.

    Where they are many of a kind, they are counted first, and stored as one event when the flood has ended.

    This function raises nothing but what ends the process: the answer to the request stands already.
    """
    ready = _sifted(events)
    if not ready:
        return
    alias = router.db_for_write(Event)
    try:
        with WRITE_SECONDS.time():
            _insert(ready, alias)
    except BaseException as error:
        # A server may end a worker whose database does not answer: `SystemExit`.
        WRITE_FAILURES.labels("spool").inc(len(ready))
        logger.exception("%d events could not be stored and are kept on disk.", len(ready))
        spool.keep(ready, error=error)
        if not isinstance(error, Exception):
            raise
    else:
        _store_what_waits(alias)
    for event in ready:
        if event.last_ts is not None:
            journal.end(event)


def _sifted(events: Sequence[Event]) -> list[Event]:
    try:
        return floods.sift(events)
    except Exception:
        logger.exception("Like events could not be counted; each is written.")
        return list(events)


def _store_what_waits(alias: str) -> None:
    """Store what this host has kept on disk, as the database has just been seen to work.

    Never in a transaction of somebody else, which may be rolled back when the file is gone.
    """
    if connections[alias].in_atomic_block:
        return
    try:
        if spool.waiting():
            spool.replay(alias)
        if left_behind():
            recover(alias)
    except Exception:
        logger.exception("Events still wait in %s.", conf.spool)


def _insert(events: Sequence[Event], alias: str) -> None:
    try:
        Event.objects.using(alias).insert(events)
    except (DatabaseError, InterfaceError):
        connection = connections[alias]
        if connection.in_atomic_block:
            raise
        # A connection that died between two requests is replaced, once.
        connection.close_if_unusable_or_obsolete()
        if connection.connection is not None:
            raise
        Event.objects.using(alias).insert(events)
