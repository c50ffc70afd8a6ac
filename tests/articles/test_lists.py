import re
from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.signing import Signer
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from articles.models import Article, Category, Status
from articles.pagination import Cursor

from .api import ARTICLES, Caller, codes
from .conftest import MakeArticle

Shelf = list[Article]


@pytest.fixture
def shelf(alice: User, make_article: MakeArticle) -> Shelf:
    """Seven drafts of alice's, some of the same title and some of the same moment."""
    now = timezone.now()
    articles = [make_article(alice, title=f"Title {number // 3}") for number in range(7)]
    for number, article in enumerate(articles):
        article.created_at = now - timedelta(hours=number // 2)
    Article.objects.bulk_update(articles, ["created_at"])
    return articles


def walk(caller: Caller, query: dict[str, Any], link: str = "next") -> list[list[str]]:
    """Follow the links from the first page and return the keys on each page."""
    pages = []
    url, params = ARTICLES, query
    while True:
        answer = caller.get(url, params).json()
        pages.append([article["id"] for article in answer["results"]])
        if answer[link] is None:
            return pages
        url, params = answer[link], {}


@pytest.mark.parametrize("ordering", ["created_at", "-created_at", "title", "-title", "updated_at", "-updated_at"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_pages_show_everything_once_in_order(alice: User, shelf: Shelf, ordering: str, limit: int) -> None:
    pages = walk(Caller(alice), {"ordering": ordering, "limit": limit})
    field, sign = ordering.lstrip("-"), ordering[: ordering.startswith("-")]
    expected = [str(article.pk) for article in Article.objects.order_by(ordering, f"{sign}pk")]
    assert [key for page in pages for key in page] == expected, field
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)


def test_previous_leads_back(alice: User, shelf: Shelf) -> None:
    caller = Caller(alice)
    first = caller.get(ARTICLES, {"limit": 3}).json()
    second = caller.get(first["next"]).json()
    third = caller.get(second["next"]).json()
    assert (first["previous"], third["next"]) == (None, None)
    again = caller.get(third["previous"]).json()
    assert again["results"] == second["results"]
    start = caller.get(again["previous"]).json()
    assert (start["results"], start["previous"]) == (first["results"], None)


def test_a_page_stays_right_while_rows_come_and_go(alice: User, shelf: Shelf, make_article: MakeArticle) -> None:
    caller = Caller(alice)
    first = caller.get(ARTICLES, {"limit": 3}).json()
    make_article(alice, title="A newcomer")
    Article.objects.filter(pk=first["results"][-1]["id"]).delete()
    second = caller.get(first["next"]).json()
    seen = [article["id"] for article in first["results"] + second["results"]]
    assert len(seen) == len(set(seen)) == 6


def test_newest_come_first(alice: User, shelf: Shelf) -> None:
    times = [article["created_at"] for article in Caller(alice).get(ARTICLES).json()["results"]]
    assert all(earlier >= later for earlier, later in pairwise(times))


def test_links_keep_the_filters(alice: User, shelf: Shelf) -> None:
    answer = Caller(alice).get(ARTICLES, {"limit": 2, "status": "draft"}).json()
    assert parse_qs(urlsplit(answer["next"]).query).keys() == {"limit", "status", "cursor"}


@pytest.mark.parametrize("word", ["x", "", "e30", "a:b", "'; DROP TABLE", "\u00e9", "A" * 2001])
def test_what_is_no_cursor_is_refused(alice: User, shelf: Shelf, word: str) -> None:
    assert "/cursor" in codes(Caller(alice).get(ARTICLES, {"cursor": word}))


def test_a_changed_cursor_is_refused(alice: User, shelf: Shelf) -> None:
    forged = Cursor("-created_at", "2020-01-01", str(shelf[0].pk))
    others = forged.encode("another.model")
    unsigned = re.sub(":[^:]*$", "", forged.encode("bulwark_articles.article"))
    for word in (others, unsigned, Signer().sign(unsigned)):
        assert codes(Caller(alice).get(ARTICLES, {"cursor": word})) == {"/cursor": "invalid"}


def test_a_cursor_of_another_order_is_refused(alice: User, shelf: Shelf) -> None:
    caller = Caller(alice)
    cursor = parse_qs(urlsplit(caller.get(ARTICLES, {"limit": 2}).json()["next"]).query)["cursor"][0]
    assert codes(caller.get(ARTICLES, {"cursor": cursor, "ordering": "title"})) == {"/cursor": "invalid"}


def test_a_cursor_shows_nobody_what_is_not_theirs(alice: User, charlie: User, shelf: Shelf) -> None:
    stolen = Caller(alice).get(ARTICLES, {"limit": 2}).json()["next"]
    assert Caller(charlie).get(stolen).json()["results"] == []


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "x", "²", "9" * 30, " 5"])
def test_what_is_no_limit_is_refused(alice: User, limit: str) -> None:
    assert codes(Caller(alice).get(ARTICLES, {"limit": limit})) == {"/limit": "invalid"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"tenant": "x"}, "unknown_parameter"),
        ({"author__password__startswith": "a"}, "unknown_parameter"),
        ({"legal_hold": "true"}, "unknown_parameter"),
        ({"format": "json"}, "unknown_parameter"),
        ({"format": "xml"}, "unknown_parameter"),
        ({"status": ["draft", "published"]}, "repeated_parameter"),
        ({"status": ""}, "blank"),
        ({"status": "secret"}, "invalid_choice"),
        ({"ordering": "author"}, "invalid_choice"),
        ({"ordering": "author__password"}, "invalid_choice"),
        ({"ordering": "title,created_at"}, "invalid_choice"),
        ({"category": "x"}, "invalid"),
        ({"author": "1"}, "invalid"),
        ({"tag": "x" * 31}, "max_length"),
        ({"search": "x"}, "min_length"),
        ({"search": "x" * 201}, "max_length"),
        ({"created_after": "yesterday"}, "invalid"),
        ({"created_after": "0001-01-01T00:00:00+14:00"}, "min_value"),
        ({"created_before": "9999-12-31T23:59:59-14:00"}, "max_value"),
    ],
    ids=str,
)
def test_other_parameters_are_refused(alice: User, query: dict[str, Any], code: str) -> None:
    assert codes(Caller(alice).get(ARTICLES, query)) == {f"/{next(iter(query))}": code}


@pytest.fixture
def mixed(alice: User, bob: User, make_article: MakeArticle) -> dict[str, Article]:
    other = Category.objects.create(name="Other", slug="other")
    return {
        "draft": make_article(alice, title="A draft", tags=["tea"]),
        "public": make_article(alice, title="The 100% truth", status=Status.PUBLISHED, category=other),
        "bobs": make_article(bob, title="Bob's words", status=Status.PUBLISHED, tags=["tea", "milk"]),
        "hidden": make_article(bob, title="A hidden draft", tags=["tea"]),
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "draft public bobs"),
        ({"status": "draft"}, "draft"),
        ({"status": "published"}, "public bobs"),
        ({"tag": "tea"}, "draft bobs"),
        ({"tag": "te"}, ""),
        ({"search": "DRAFT"}, "draft"),
        ({"search": "100%"}, "public"),
        ({"search": "%%"}, ""),
        ({"search": "__"}, ""),
        ({"created_after": "2020-01-01T00:00:00Z"}, "draft public bobs"),
        ({"created_before": "2020-01-01T00:00:00Z"}, ""),
        ({"author": "00000000-0000-4000-8000-000000000000"}, ""),
        ({"status": "published", "tag": "milk"}, "bobs"),
    ],
    ids=str,
)
def test_filters_narrow_what_is_readable(
    alice: User, mixed: dict[str, Article], query: dict[str, str], found: str
) -> None:
    answer = Caller(alice).get(ARTICLES, query).json()
    names = {str(article.pk): name for name, article in mixed.items()}
    assert {names[row["id"]] for row in answer["results"]} == set(found.split())


def test_author_and_category_are_filters(alice: User, bob: User, mixed: dict[str, Article]) -> None:
    caller = Caller(alice)
    by_bob = caller.get(ARTICLES, {"author": str(bob.pk)}).json()["results"]
    assert [row["id"] for row in by_bob] == [str(mixed["bobs"].pk)]
    others = caller.get(ARTICLES, {"category": str(mixed["public"].category_id)}).json()["results"]
    assert [row["id"] for row in others] == [str(mixed["public"].pk)]


def test_a_list_of_twenty_costs_one_query_like_the_unscoped_one(alice: User, make_article: MakeArticle) -> None:
    for _ in range(21):
        make_article(alice)
    caller = Caller(alice)
    caller.get(ARTICLES)  # roles are remembered from here on
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = caller.get(ARTICLES).json()
    assert len(answer["results"]) == 20
    about_articles = [query["sql"] for query in queries if "bulwark_articles" in query["sql"]]
    assert len(about_articles) == 1
    assert '"body"' not in about_articles[0]
