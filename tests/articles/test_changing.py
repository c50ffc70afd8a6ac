from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from articles.models import Article, Category, Status
from authz.models import Tenant

from .api import ARTICLES, Caller, codes, url_of
from .conftest import BODY, MakeArticle


@pytest.fixture
def fields(category: Category) -> dict[str, Any]:
    return {"title": "A new article", "body": BODY, "category": str(category.pk), "tags": ["one", "two"]}


def test_an_author_writes_a_draft_of_her_own(alice: User, acme: Tenant, fields: dict[str, Any]) -> None:
    response = Caller(alice).post(ARTICLES, fields)
    assert response.status_code == 201, response.content
    article = Article.objects.get()
    assert (article.author, article.tenant, article.status) == (alice, acme, Status.DRAFT)
    assert response["Location"] == url_of(article)
    assert response["ETag"] == '"1"'
    assert {name: response.json()[name] for name in fields} == fields


def test_tags_may_be_left_out(alice: User, fields: dict[str, Any]) -> None:
    del fields["tags"]
    assert Caller(alice).post(ARTICLES, fields).json()["tags"] == []


def test_a_title_is_trimmed_and_a_body_sanitised(alice: User, fields: dict[str, Any]) -> None:
    fields |= {"title": "  A new article ", "body": f"{BODY}<script>alert(1)</script>"}
    answer = Caller(alice).post(ARTICLES, fields).json()
    assert (answer["title"], answer["body"]) == ("A new article", BODY)


def test_readers_do_not_write(vera: User, fields: dict[str, Any]) -> None:
    assert Caller(vera).post(ARTICLES, fields).status_code == 403
    assert not Article.objects.exists()


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("title", "1234", "min_length"),
        ("title", "    1234    ", "min_length"),
        ("title", "x" * 201, "max_length"),
        ("title", "a \u202etitle", "hidden_character"),
        ("title", "a\nline", "hidden_character"),
        ("title", None, "null"),
        ("title", 12345, "invalid_type"),
        ("title", ["a title"], "invalid_type"),
        ("body", "<p>too short</p>", "too_short"),
        ("body", "<script>" + "x" * 100 + "</script>", "too_short"),
        ("body", "x" * 50_001, "too_long"),
        ("body", "&" * 20_000, "too_long"),
        ("body", "x" * 100_001, "too_long"),
        ("body", "<div>" * 5_001, "too_many_tags"),
        ("category", "not a key", "invalid"),
        ("category", "00000000-0000-4000-8000-000000000000", "does_not_exist"),
        ("category", 1, "does_not_exist"),
        ("category", None, "null"),
        ("tags", "one", "not_a_list"),
        ("tags", [str(number) for number in range(11)], "max_length"),
        ("tags", ["x" * 31], "max_length"),
        ("tags", [""], "blank"),
        ("tags", [1], "invalid_type"),
        ("tags", [None], "null"),
        ("tags", ["one", "ONE"], "repeated"),
    ],
)
def test_each_field_has_its_bounds(alice: User, fields: dict[str, Any], name: str, value: object, code: str) -> None:
    response = Caller(alice).post(ARTICLES, {**fields, name: value})
    found = codes(response)
    assert set(found.values()) == {code}
    assert all(pointer.startswith(f"/{name}") for pointer in found)
    assert not Article.objects.exists()


def test_the_bounds_themselves_are_in(alice: User, fields: dict[str, Any]) -> None:
    caller = Caller(alice)
    for title, body in (("x" * 5, "y" * 50), ("x" * 200, "y" * 50_000), ("\U0001f600" * 200, "\U0001f600" * 50_000)):
        response = caller.post(ARTICLES, {**fields, "title": title, "body": body})
        assert response.status_code == 201, response.content


@pytest.mark.parametrize("missing", ["title", "body", "category"])
def test_what_is_needed_is_asked_for(alice: User, fields: dict[str, Any], missing: str) -> None:
    del fields[missing]
    assert codes(Caller(alice).post(ARTICLES, fields)) == {f"/{missing}": "required"}


@pytest.mark.parametrize("body", [[], "text", None, 1, [{"title": "x"}]])
def test_a_body_that_is_no_object_is_refused(alice: User, body: object) -> None:
    response = Caller(alice).client.post(ARTICLES, body, format="json")
    assert response.status_code == 422, response.content


# Changes


def test_an_author_changes_her_draft(alice: User, make_article: MakeArticle) -> None:
    draft = make_article(alice)
    response = Caller(alice).patch(url_of(draft), {"title": "Another title"}, match=draft)
    assert response.status_code == 200, response.content
    assert (response.json()["title"], response["ETag"]) == ("Another title", '"2"')
    draft.refresh_from_db()
    assert (draft.title, draft.version, draft.body) == ("Another title", 2, BODY)


def test_an_article_is_rewritten(alice: User, make_article: MakeArticle, fields: dict[str, Any]) -> None:
    draft = make_article(alice, tags=["old"])
    response = Caller(alice).put(url_of(draft), fields, match=draft)
    assert response.status_code == 200, response.content
    assert {name: response.json()[name] for name in fields} == fields


def test_a_change_of_nothing_keeps_the_version(alice: User, make_article: MakeArticle) -> None:
    draft = make_article(alice)
    response = Caller(alice).patch(url_of(draft), {}, match=draft)
    assert (response.status_code, response["ETag"]) == (200, '"1"')


def test_an_author_publishes_and_can_then_not_change(alice: User, make_article: MakeArticle) -> None:
    caller, draft = Caller(alice), make_article(alice)
    response = caller.post(f"{url_of(draft)}publish", match=draft)
    assert response.status_code == 200, response.content
    assert (response.json()["status"], response["ETag"]) == ("published", '"2"')
    assert response.json()["published_at"] is not None
    assert caller.patch(url_of(draft), {"title": "Another title"}, match='"2"').status_code == 403
    assert caller.delete(url_of(draft), match='"2"').status_code == 403


def test_what_is_published_is_not_published_again(edith: User, make_article: MakeArticle) -> None:
    article = make_article(edith, status=Status.PUBLISHED)
    response = Caller(edith).post(f"{url_of(article)}publish", match=article)
    assert (response.status_code, response.json()["code"]) == (409, "already_published")


def test_publishing_takes_no_input(alice: User, make_article: MakeArticle) -> None:
    draft = make_article(alice)
    response = Caller(alice).post(f"{url_of(draft)}publish", {"at": "tomorrow"}, match=draft)
    assert codes(response) == {"/at": "unknown_field"}


def test_an_author_deletes_her_draft(alice: User, make_article: MakeArticle) -> None:
    draft = make_article(alice)
    response = Caller(alice).delete(url_of(draft), match=draft)
    assert (response.status_code, response.content) == (204, b"")
    assert not Article.objects.exists()


@pytest.mark.parametrize("name", ["edith", "ada"])
def test_editors_change_publish_and_delete_everything_of_their_tenant(
    request: pytest.FixtureRequest, name: str, alice: User, make_article: MakeArticle
) -> None:
    caller, article = Caller(request.getfixturevalue(name)), make_article(alice)
    assert caller.patch(url_of(article), {"title": "Edited title"}, match=article).status_code == 200
    assert caller.post(f"{url_of(article)}publish", match='"2"').status_code == 200
    assert caller.patch(url_of(article), {"title": "Edited again"}, match='"3"').status_code == 200
    article.refresh_from_db()
    assert article.author == alice
    assert caller.delete(url_of(article), match='"4"').status_code == 204


def attempts(caller: Caller, article: Article) -> list[int]:
    """Try every change, as one who knows key and version, and return how each was answered."""
    url, body = url_of(article), {"title": "Taken over", "body": BODY, "category": str(article.category_id)}
    return [
        caller.patch(url, {"title": "Taken over"}, match=article).status_code,
        caller.put(url, body, match=article).status_code,
        caller.post(f"{url}publish", match=article).status_code,
        caller.delete(url, match=article).status_code,
        caller.patch(url, {"no": "sense"}).status_code,
    ]


def unchanged(article: Article) -> bool:
    return (
        vars(Article.objects.get(pk=article.pk)).items()
        >= {name: value for name, value in vars(article).items() if not name.startswith("_")}.items()
    )


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_another_s_published_article_is_readable_and_nothing_else(
    request: pytest.FixtureRequest, name: str, alice: User, make_article: MakeArticle
) -> None:
    article = make_article(alice, status=Status.PUBLISHED)
    assert set(attempts(Caller(request.getfixturevalue(name)), article)) == {403}
    assert unchanged(article)


@pytest.mark.parametrize("name", ["bob", "vera", "charlie"])
def test_another_s_draft_does_not_exist_for_changes_either(
    request: pytest.FixtureRequest, name: str, alice: User, make_article: MakeArticle
) -> None:
    article = make_article(alice)
    assert set(attempts(Caller(request.getfixturevalue(name)), article)) == {404}
    assert unchanged(article)


@pytest.mark.parametrize("name", ["alice", "edith", "ada"])
def test_a_legal_hold_stops_everybody(
    request: pytest.FixtureRequest, name: str, alice: User, make_article: MakeArticle
) -> None:
    article = make_article(alice, legal_hold=True)
    caller = Caller(request.getfixturevalue(name))
    assert set(attempts(caller, article)) == {403}
    assert unchanged(article)
    assert "legal hold" in caller.delete(url_of(article), match=article).json()["detail"]


def test_nobody_changes_without_a_login(alice: User, make_article: MakeArticle, fields: dict[str, Any]) -> None:
    article = make_article(alice)
    assert set(attempts(Caller(), article)) == {401}
    assert Caller().post(ARTICLES, fields).status_code == 401
    assert unchanged(article)


@pytest.mark.parametrize(
    ("match", "status", "code"),
    [
        (None, 428, "precondition_required"),
        ('"2"', 412, "precondition_failed"),
        ('W/"1"', 412, "precondition_failed"),
        ("1", 412, "precondition_failed"),
        ("", 412, "precondition_failed"),
        ('"1', 412, "precondition_failed"),
        ('"2", "3"', 412, "precondition_failed"),
    ],
)
def test_a_change_names_the_version_it_was_made_from(
    alice: User, make_article: MakeArticle, match: str | None, status: int, code: str
) -> None:
    caller, article = Caller(alice), make_article(alice)
    for response in (
        caller.patch(url_of(article), {"title": "Another title"}, match=match),
        caller.put(url_of(article), {}, match=match),
        caller.post(f"{url_of(article)}publish", match=match),
        caller.delete(url_of(article), match=match),
    ):
        assert (response.status_code, response.json()["code"]) == (status, code)
    assert unchanged(article)


@pytest.mark.parametrize("match", ['"1"', "*", '"0", "1"', '"0","1" , W/"2"'])
def test_a_change_may_name_several_versions_or_any(alice: User, make_article: MakeArticle, match: str) -> None:
    article = make_article(alice)
    assert Caller(alice).patch(url_of(article), {"title": "Another title"}, match=match).status_code == 200


MANAGED = {
    "id": "00000000-0000-4000-8000-000000000000",
    "status": "published",
    "author": "00000000-0000-4000-8000-000000000000",
    "tenant": "00000000-0000-4000-8000-000000000000",
    "legal_hold": True,
    "version": 7,
    "created_at": "2020-01-01T00:00:00Z",
    "updated_at": "2020-01-01T00:00:00Z",
    "published_at": "2020-01-01T00:00:00Z",
    "author_id": "00000000-0000-4000-8000-000000000000",
    "is_admin": True,
    "__class__": "x",
}


@pytest.mark.parametrize("name", sorted(MANAGED))
@pytest.mark.parametrize("role", ["alice", "ada"])
def test_fields_that_are_not_the_caller_s_to_set_are_refused(
    request: pytest.FixtureRequest, role: str, name: str, make_article: MakeArticle, fields: dict[str, Any]
) -> None:
    user = request.getfixturevalue(role)
    caller, article = Caller(user), make_article(user)
    extra = {name: MANAGED[name]}
    for response in (
        caller.post(ARTICLES, {**fields, **extra}),
        caller.put(url_of(article), {**fields, **extra}, match=article),
        caller.patch(url_of(article), extra, match=article),
    ):
        assert codes(response)[f"/{name}"] in {"unknown_field", "read_only_field"}
    assert unchanged(article)
    assert Article.objects.count() == 1


def test_two_who_saw_the_same_version_do_not_overwrite_each_other(
    alice: User, edith: User, make_article: MakeArticle
) -> None:
    article = make_article(alice)
    assert Caller(edith).patch(url_of(article), {"title": "Edith's title"}, match=article).status_code == 200
    assert Caller(alice).patch(url_of(article), {"title": "Alice's title"}, match=article).status_code == 412
    assert Article.objects.get().title == "Edith's title"


def test_times_are_the_server_s(alice: User, fields: dict[str, Any]) -> None:
    before = timezone.now()
    Caller(alice).post(ARTICLES, fields)
    assert before <= Article.objects.get().created_at <= timezone.now()
