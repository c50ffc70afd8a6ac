import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.dispatch import Signal

from accounts.models import User
from articles import signals, writing
from articles.models import Article, Category, Status
from articles.preconditions import PreconditionFailed
from authz.models import Tenant

from .conftest import BODY, MakeArticle

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@contextmanager
def heard(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    """Collect what a signal is sent with."""
    found: list[dict[str, Any]] = []

    def receive(**kwargs: Any) -> None:
        found.append(kwargs)

    signal.connect(receive)
    yield found
    signal.disconnect(receive)


def test_a_new_article_is_told(alice: User, acme: Tenant, category: Category) -> None:
    article = Article(tenant=acme, author=alice, category=category, title="An article", body=BODY)
    with heard(signals.article_created) as told:
        writing.create(article, request=None, user=alice)
    assert Article.objects.get() == article
    (one,) = told
    assert {name: one[name] for name in ("sender", "request", "user", "target", "outcome")} == {
        "sender": Article,
        "request": None,
        "user": alice,
        "target": article,
        "outcome": "success",
    }
    assert one["data"]["changes"]["title"] == {"before": None, "after": "An article"}


def test_a_change_is_told_with_what_it_changed_only(alice: User, make_article: MakeArticle) -> None:
    article = make_article(alice)
    before = writing.snapshot(article)
    article.title = "Another title"
    with heard(signals.article_updated) as told:
        writing.update(article, before, request=None, user=alice)
    assert told[0]["data"] == {"changes": {"title": {"before": "An article", "after": "Another title"}}}
    assert (Article.objects.get().title, Article.objects.get().version) == ("Another title", 2)


def test_what_is_told_is_json_and_never_the_body(alice: User, make_article: MakeArticle) -> None:
    article = make_article(alice, status=Status.PUBLISHED, tags=["a"])
    told = json.dumps(writing.snapshot(article))
    assert BODY not in told
    assert str(len(BODY)) in told


def test_a_change_of_nothing_is_no_change(alice: User, make_article: MakeArticle) -> None:
    article = make_article(alice)
    with heard(signals.article_updated) as told:
        writing.update(article, writing.snapshot(article), request=None, user=alice)
    assert not told
    assert Article.objects.get().version == 1


def test_a_change_moves_the_time_of_the_last_one(alice: User, make_article: MakeArticle) -> None:
    article = make_article(alice)
    Article.objects.update(updated_at=NOW, created_at=NOW)
    article.refresh_from_db()
    before = writing.snapshot(article)
    article.title = "Another title"
    writing.update(article, before, request=None, user=alice)
    article.refresh_from_db()
    assert article.created_at == NOW
    assert article.updated_at > NOW


def test_publishing_is_told(alice: User, make_article: MakeArticle) -> None:
    article = make_article(alice)
    with heard(signals.article_published) as told:
        writing.publish(article, now=NOW, request=None, user=alice)
    assert told[0]["data"]["changes"] == {
        "status": {"before": "draft", "after": "published"},
        "published_at": {"before": None, "after": "2026-01-02T03:04:00+00:00"},
    }
    article.refresh_from_db()
    assert (article.status, article.published_at, article.version) == (Status.PUBLISHED, NOW, 2)


def test_deleting_is_told_with_the_key(alice: User, make_article: MakeArticle) -> None:
    article = make_article(alice)
    key = article.pk
    with heard(signals.article_deleted) as told:
        writing.delete(article, request=None, user=alice)
    assert not Article.objects.exists()
    assert told[0]["target"].pk == key
    assert told[0]["data"]["changes"]["title"] == {"before": "An article", "after": None}


@pytest.mark.parametrize("change", ["update", "publish", "delete"])
def test_nobody_overwrites_a_version_that_they_have_not_seen(
    alice: User, make_article: MakeArticle, change: str
) -> None:
    mine = make_article(alice)
    before = writing.snapshot(mine)
    theirs = Article.objects.get()
    theirs.legal_hold = True
    writing.update(theirs, before, request=None, user=None)
    mine.title = "Another title"
    calls = {
        "update": lambda: writing.update(mine, before, request=None, user=alice),
        "publish": lambda: writing.publish(mine, now=NOW, request=None, user=alice),
        "delete": lambda: writing.delete(mine, request=None, user=alice),
    }
    with pytest.raises(PreconditionFailed):
        calls[change]()
    kept = Article.objects.get()
    assert (kept.title, kept.status, kept.legal_hold, kept.version) == ("An article", Status.DRAFT, True, 2)


@pytest.mark.parametrize("change", ["article_created", "article_updated", "article_published", "article_deleted"])
def test_a_change_that_cannot_be_recorded_does_not_happen(alice: User, make_article: MakeArticle, change: str) -> None:
    article = make_article(alice)
    before = writing.snapshot(article)

    def refuse(**_kwargs: Any) -> None:
        raise RuntimeError("no audit, no change")

    def write() -> None:
        if change == "article_created":
            new = Article(tenant=article.tenant, author=alice, category=article.category, title="Another", body=BODY)
            writing.create(new, request=None, user=alice)
        elif change == "article_updated":
            article.title = "Another title"
            writing.update(article, before, request=None, user=alice)
        elif change == "article_published":
            writing.publish(article, now=NOW, request=None, user=alice)
        else:
            writing.delete(article, request=None, user=alice)

    getattr(signals, change).connect(refuse)
    try:
        with pytest.raises(RuntimeError):
            write()
    finally:
        getattr(signals, change).disconnect(refuse)
    kept = Article.objects.get()
    assert (kept.title, kept.status, kept.version) == ("An article", Status.DRAFT, 1)
