"""How events reach the database, and where they wait while it is away."""

import logging
from collections.abc import Sequence

from django.db import DatabaseError, InterfaceError, connections, router

from . import spool
from .inserting import insert_one
from .models import Event

logger = logging.getLogger(__name__)


def write(event: Event) -> None:
    """Store one event in the transaction that is open, if one is.

    :raises django.db.Error: it could not be stored; let it end the change that it belongs to.
    """
    insert_one(event, router.db_for_write(Event))


def write_or_spool(events: Sequence[Event]) -> None:
    """Store events that no change depends on, with one INSERT; keep them on disk when the database cannot take them.

    This function raises nothing: the answer to the request stands already.
    """
    alias = router.db_for_write(Event)
    try:
        _insert(events, alias)
    except Exception as error:
        logger.exception("%d events could not be stored and are kept on disk.", len(events))
        spool.keep(events, error=error)
    else:
        spool.replay_soon(alias)


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
