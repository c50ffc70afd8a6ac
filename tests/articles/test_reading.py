import uuid
from typing import Any

import pytest

from accounts.models import User
from articles.models import Article, Status

from .api import ARTICLES, Caller, url_of
from .conftest import MakeArticle

PUBLIC = {
    "id", "title", "body", "category", "tags", "status", "author", "created_at", "updated_at", "published_at"
}  # fmt: skip


@pytest.fixture
def draft(alice: User, make_article: MakeArticle) -> Article:
    return make_article(alice)


@pytest.fixture
def published(alice: User, make_article: MakeArticle) -> Article:
    return make_article(alice, status=Status.PUBLISHED)


def test_the_author_reads_her_draft(alice: User, draft: Article) -> None:
    response = Caller(alice).get(url_of(draft))
    assert response.status_code == 200
    assert response["ETag"] == '"1"'
    assert response.json()["id"] == str(draft.pk)
    assert response.json()["category"] == str(draft.category_id)


@pytest.mark.parametrize("name", ["bob", "vera", "charlie"])
def test_a_draft_does_not_exist_for_others(request: pytest.FixtureRequest, name: str, draft: Article) -> None:
    caller = Caller(request.getfixturevalue(name))
    hidden, missing = caller.get(url_of(draft)), caller.get(f"{ARTICLES}{uuid.uuid4()}/")
    assert hidden.status_code == missing.status_code == 404
    assert {**hidden.json(), "request_id": ""} == {**missing.json(), "request_id": ""}


@pytest.mark.parametrize("name", ["edith", "ada"])
def test_editors_read_every_draft_of_their_tenant(request: pytest.FixtureRequest, name: str, draft: Article) -> None:
    assert Caller(request.getfixturevalue(name)).get(url_of(draft)).status_code == 200


@pytest.mark.parametrize("name", ["alice", "bob", "vera", "edith", "ada"])
def test_what_is_published_is_for_the_whole_tenant(
    request: pytest.FixtureRequest, name: str, published: Article
) -> None:
    assert Caller(request.getfixturevalue(name)).get(url_of(published)).status_code == 200


def test_what_is_published_does_not_exist_for_another_tenant(charlie: User, published: Article) -> None:
    assert Caller(charlie).get(url_of(published)).status_code == 404


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("vera", PUBLIC),
        ("bob", PUBLIC | {"version"}),
        ("edith", PUBLIC | {"version", "legal_hold"}),
        ("ada", PUBLIC | {"version", "legal_hold", "tenant"}),
    ],
)
def test_each_role_sees_its_fields(
    request: pytest.FixtureRequest, name: str, fields: set[str], published: Article
) -> None:
    caller = Caller(request.getfixturevalue(name))
    assert set(caller.get(url_of(published)).json()) == fields
    (listed,) = caller.get(ARTICLES).json()["results"]
    assert set(listed) == fields - {"body"}


def test_nobody_reads_without_a_login(published: Article) -> None:
    for url in (ARTICLES, url_of(published), f"{ARTICLES}export"):
        response = Caller().get(url)
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")


def test_who_is_in_no_tenant_reads_nothing(published: Article) -> None:
    stranger = Caller(User.objects.create_user("stranger@else.example"))
    assert stranger.get(url_of(published)).status_code == 404
    assert stranger.get(ARTICLES).status_code == 403


@pytest.mark.parametrize("key", ["1", "x", "00000000-0000-0000-0000-00000000000g"])
def test_what_is_no_key_is_404(alice: User, key: str) -> None:
    assert Caller(alice).get(f"{ARTICLES}{key}/").status_code == 404


@pytest.mark.parametrize("spelling", ["{0}", "{0}/export/", "{0}//", "{0}/publish/"])
def test_another_spelling_of_a_path_is_404(alice: User, draft: Article, spelling: str) -> None:
    url = spelling.format(url_of(draft).rstrip("/"))
    response = Caller(alice).get(url)
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_an_unknown_parameter_of_one_article_is_refused(alice: User, draft: Article) -> None:
    response: Any = Caller(alice).get(url_of(draft), {"fields": "secret"})
    assert response.json()["errors"][0]["code"] == "unknown_parameter"
