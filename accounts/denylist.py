"""Sessions that have ended, for servers that verify access tokens without asking the database (mode "stateless").

Entries are named by session, never by the token's text, and live as long as an access token can.
"""

import logging
from collections.abc import Iterable
from uuid import UUID

from django.core.cache import caches

from .conf import conf

logger = logging.getLogger(__name__)


class DenylistUnavailable(Exception):  # noqa: N818 - it describes a state
    """The cache does not answer: ask the database."""


def add(ids: Iterable[UUID]) -> None:
    """Deny sessions from now on. When the cache is down that is logged: tokens then live out their few minutes,
    unless reading fails too, in which case the database is asked.
    """
    seconds = int((conf.access_token_lifetime + conf.leeway).total_seconds()) + 60
    try:
        caches[conf.denylist_cache].set_many({_name(str(family)): 1 for family in ids}, seconds)
    except Exception:  # caches raise what their client raises
        logger.exception("The denylist cannot be written: access tokens of ended sessions live until they expire.")


def denies(family_id: str) -> bool:
    """Say whether a session is denied, in one round trip.

    :raises DenylistUnavailable: the cache does not answer.
    """
    try:
        return caches[conf.denylist_cache].get(_name(family_id)) is not None
    except Exception as error:
        raise DenylistUnavailable from error


def _name(family_id: str) -> str:
    return f"bulwark:ended:{family_id}"
