"""Checkpoints leave the database: a tail that is cut off cannot be seen from inside.

`BULWARK_AUDITLOG["PUBLISHERS"]` names the places, as `{"disk": {"BACKEND": dotted path, "OPTIONS": {...}}}`. What
cannot be published is counted, told by the signal `publication_failed`, and tried again, later each time.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from ...backends import made
from ...conf import conf
from ...models import Publication, Tree
from ...signals import publication_failed
from ..checkpoints import Checkpoint
from ..notes import KeySet
from .base import PublicationRefused, Publisher
from .bucket import BucketPublisher
from .file import FilePublisher
from .webhook import WebhookPublisher

__all__ = ["BucketPublisher", "FilePublisher", "PublicationRefused", "Publisher", "WebhookPublisher"]

logger = logging.getLogger(__name__)
#: How long to wait after a failure: twice as long after each, and no longer than this.
LONGEST_PAUSE = timedelta(minutes=5)


def publisher(name: str) -> Publisher:
    """Return the publisher that the settings list as ``name``.

    :raises KeyError, ImportError: there is no such class.
    :raises TypeError, ValueError: it does not take the options.
    """
    return made(conf.publishers[name], Publisher)  # type: ignore[type-abstract]


def known(keys: KeySet, doubt: Callable[[str], object] = lambda _place: None) -> list[Checkpoint]:
    """Return what was published last of each tree, at each place that can be read, signatures checked.

    :param doubt: called with the name of a place that cannot be read, or that holds what nobody of ``keys`` has signed.
    """
    return [checkpoint for name in conf.publishers for checkpoint in _heads(name, keys, doubt)]


def publish_due(alias: str) -> list[str]:
    """Publish the last checkpoint wherever it was not published yet; return the names of the publishers that failed."""
    tree = Tree.objects.using(alias).exclude(note="").order_by("-number").first()
    return [] if tree is None else [name for name in conf.publishers if not _is_published(name, tree, alias)]


def _heads(name: str, keys: KeySet, doubt: Callable[[str], object]) -> Iterator[Checkpoint]:
    try:
        notes = publisher(name).heads()
    except Exception:
        # Open: the seal goes on without this place's word. `auditlog_verify --checkpoint` can still be given it.
        logger.exception("The checkpoints at %s cannot be read.", name)
        doubt(name)
        return
    for note in notes:
        try:
            yield Checkpoint.opened(note, keys)
        except ValueError:
            logger.exception("A checkpoint at %s is none of ours.", name)
            doubt(name)


def _is_published(name: str, tree: Tree, alias: str) -> bool:
    """Publish a tree's last checkpoint at one place, if it is due; tell whether it did not fail."""
    place, _ = Publication.objects.using(alias).get_or_create(publisher=name)
    if (place.tree, place.size) == (tree.number, tree.size) or place.retry_at > timezone.now():
        return True
    try:
        publisher(name).publish(Checkpoint.parse(tree.note), tree.note)
    except Exception as error:  # noqa: BLE001 - whatever a place does wrong, it is tried again
        _note_failure(place, error)
        return False
    place.tree, place.size, place.failures, place.error = tree.number, tree.size, 0, ""
    place.published_at = timezone.now()
    place.save(using=alias)
    return True


def _note_failure(place: Publication, error: Exception) -> None:
    place.failures += 1
    place.failures_total += 1
    place.error = f"{type(error).__name__}: {error}"[:500]
    place.retry_at = timezone.now() + min(timedelta(seconds=2 ** min(place.failures, 10)), LONGEST_PAUSE)
    place.save()
    logger.error("A checkpoint could not be published at %s: %s", place.publisher, place.error)
    told: dict[str, Any] = {"publisher": place.publisher, "failures": place.failures, "error": error}
    publication_failed.send_robust(sender=Publication, **told)
