"""Changes of articles: each in one transaction with the signal that tells of it.

A change is written only over the version it was made from, in one statement: between the decision that allowed it and
the write nobody can have changed the row, put it on legal hold or published it.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import Signal
from django.http import HttpRequest

from . import signals
from .models import Article, Status
from .preconditions import PreconditionFailed

_RECORDED = ("title", "body", "tags", "category_id", "author_id", "tenant_id", "status", "legal_hold", "published_at")

Snapshot = Mapping[str, Any]


def snapshot(article: Article) -> Snapshot:
    """Return what a record of a change tells of an article: JSON-able, the body by its length and SHA-256."""
    return {name: _told(name, getattr(article, name)) for name in _RECORDED}


def create(article: Article, *, request: HttpRequest | None, user: Any) -> None:
    """Save a new article."""
    with transaction.atomic():
        article.save(force_insert=True)
        _announce(signals.article_created, article, {}, snapshot(article), request=request, user=user)


def update(article: Article, before: Snapshot, *, request: HttpRequest | None, user: Any) -> None:
    """Save a changed article as its next version; one that is as it was stays that version, and nothing is told.

    :param before: its snapshot before the change.
    :raises PreconditionFailed: it has changed since it was read.
    """
    if snapshot(article) != before:
        _save_next_version(signals.article_updated, article, before, request=request, user=user)


def publish(article: Article, *, now: datetime, request: HttpRequest | None, user: Any) -> None:
    """Publish a draft.

    :raises PreconditionFailed: it has changed since it was read.
    """
    before = snapshot(article)
    article.status, article.published_at = Status.PUBLISHED, now
    _save_next_version(signals.article_published, article, before, request=request, user=user)


def delete(article: Article, *, request: HttpRequest | None, user: Any) -> None:
    """Delete an article; the instance keeps its key, so that the signal's receivers can name it.

    :raises PreconditionFailed: it has changed since it was read.
    """
    with transaction.atomic():
        deleted, _ = _as_read(article).delete()
        if not deleted:
            raise PreconditionFailed
        _announce(signals.article_deleted, article, snapshot(article), {}, request=request, user=user)


def _save_next_version(
    signal: Signal, article: Article, before: Snapshot, *, request: HttpRequest | None, user: Any
) -> None:
    fields = [field for field in Article._meta.concrete_fields if not field.primary_key]  # noqa: SLF001  (documented API)
    with transaction.atomic():
        row = _as_read(article)
        article.version += 1
        if not row.update(**{field.attname: field.pre_save(article, add=False) for field in fields}):
            raise PreconditionFailed
        _announce(signal, article, before, snapshot(article), request=request, user=user)


def _as_read(article: Article) -> QuerySet[Article]:
    return Article._base_manager.filter(pk=article.pk, version=article.version)  # noqa: SLF001  (documented API)


def _announce(
    signal: Signal, article: Article, before: Snapshot, after: Snapshot, *, request: HttpRequest | None, user: Any
) -> None:
    changes = {
        name: {"before": before.get(name), "after": after.get(name)}
        for name in _RECORDED
        if before.get(name) != after.get(name)
    }
    data = {"changes": changes}
    signal.send(sender=Article, request=request, user=user, target=article, outcome="success", data=data)


def _told(name: str, value: Any) -> Any:
    if name == "body":
        return {"length": len(value), "sha256": hashlib.sha256(value.encode()).hexdigest()}
    if value is None or isinstance(value, bool | list):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)
