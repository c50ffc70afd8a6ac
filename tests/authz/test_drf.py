"""Views obey the policy, whatever the host's code does."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from authz import registry
from authz.language.terms import this
from authz.models import Grant, Membership
from authz.policies import Policy, allow
from tests.authz.conftest import Cast, Heard
from tests.authz.library.models import Book, Loan, Shelf

pytestmark = [pytest.mark.urls("tests.authz.library.urls"), pytest.mark.django_db]
Client = Callable[[str], APIClient]
Make = Callable[..., Book]


def titles(response: Any) -> list[str]:
    assert response.status_code == 200, response.data
    return [row["title"] for row in response.data]


def test_a_list_holds_what_may_be_read_and_nothing_else(client_of: Client, book: Make, cast: Cast) -> None:
    book(title="a draft")
    book(title="b published", status="published")
    book(title="c elsewhere", status="published", tenant=cast.other)
    book(title="d nowhere", status="published", tenant=None)
    assert titles(client_of("alice").get("/books/")) == ["a draft", "b published"]
    assert titles(client_of("bob").get("/books/")) == ["b published"]
    assert titles(client_of("charlie").get("/books/")) == ["c elsewhere"]


def test_who_has_no_role_is_refused_and_who_is_unknown_must_log_in(client_of: Client, book: Make) -> None:
    assert client_of("nobody").get("/books/").status_code == 403
    assert client_of("").get("/books/").status_code == 401


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
@pytest.mark.parametrize("status", ["draft", "published"])
@pytest.mark.parametrize("path", ["/books/{}/", "/stubborn/{}/"])
def test_unreadable_is_not_found_on_every_method(
    *, client_of: Client, book: Make, cast: Cast, heard: Heard, method: str, status: str, path: str
) -> None:
    theirs = book(status=status, tenant=cast.other) if status == "published" else book()
    answer = getattr(client_of("bob"), method)(path.format(theirs.pk), {"title": "mine now", "status": "published"})
    unknown = getattr(client_of("bob"), method)(path.format(uuid.uuid4()), {"title": "x", "status": "published"})
    assert answer.status_code == 404
    assert Book.objects.filter(title="a book", status=status).exists()
    if "stubborn" not in path:
        assert (unknown.status_code, unknown.json()) == (
            404,
            answer.json() | {"request_id": unknown.json()["request_id"]},
        )
        told, asked = heard.named("access_denied")
        assert (told["data"]["reason"], told["target"], told["user"]) == ("unreadable", theirs, cast.bob)
        assert (asked["data"]["reason"], asked["target"], asked["outcome"]) == ("unknown", None, "refused")


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/books/{}/", "/stubborn/{}/"])
def test_readable_but_forbidden_is_403(
    *, client_of: Client, book: Make, heard: Heard, cast: Cast, method: str, path: str
) -> None:
    published = book(status="published")
    answer = getattr(client_of("bob"), method)(path.format(published.pk), {"title": "mine now", "status": "draft"})
    assert answer.status_code == 403
    assert Book.objects.filter(title="a book", status="published").exists()
    (event,) = heard.named("access_denied")
    assert (event["target"], event["user"], event["data"]["reason"]) == (published, cast.bob, "no_rule")


def test_a_view_without_the_mixin_tells_no_more_of_a_row_that_it_gets(
    client_of: Client, book: Make, cast: Cast, heard: Heard
) -> None:
    hidden, readable = book(tenant=cast.other), book(status="published")
    codes = [client_of("alice").post(f"/handmade/{key}/").status_code for key in (hidden.pk, uuid.uuid4(), readable.pk)]
    assert codes == [404, 404, 403]
    assert [event["data"]["reason"] for event in heard.named("access_denied")] == ["unreadable", "no_rule"]
    assert client_of("dora").post(f"/handmade/{readable.pk}/").data == "a book"


def test_a_forbid_wins_and_says_why(client_of: Client, book: Make, heard: Heard) -> None:
    held = book(on_hold=True)
    for name in ("alice", "dora"):
        answer = client_of(name).delete(f"/books/{held.pk}/")
        assert (answer.status_code, "on hold" in answer.json()["detail"]) == (403, True)
    assert [event["data"]["why"] for event in heard.named("access_denied")] == ["on hold", "on hold"]


def test_an_update_is_checked_after_too_and_undone(client_of: Client, book: Make, heard: Heard) -> None:
    """An author changes drafts: one that makes its draft published could not have changed it so."""
    draft = book()
    answer = client_of("alice").patch(f"/books/{draft.pk}/", {"status": "published"})
    assert answer.status_code == 403
    draft.refresh_from_db()
    assert draft.status == "draft"
    assert [event["target"] for event in heard.named("access_denied")] == [draft]
    assert client_of("alice").patch(f"/books/{draft.pk}/", {"title": "better"}).status_code == 200


def test_a_handler_that_saves_by_itself_is_checked_after_too(client_of: Client, book: Make) -> None:
    draft = book()
    assert client_of("alice").put(f"/stubborn/{draft.pk}/", {"status": "published"}).status_code == 403
    draft.refresh_from_db()
    assert draft.status == "draft"


@pytest.mark.parametrize(
    ("name", "body", "codes"),
    [
        ("alice", {"title": "x", "pages": 1}, {"pages": "unknown_field"}),
        ("alice", {"title": "x", "owner": "y"}, {"owner": "unknown_field"}),
        ("alice", {"title": "x", "tenant": "y"}, {"tenant": "unknown_field"}),
        ("alice", {"title": "x", "note": "y"}, {"note": "read_only_field"}),
        ("alice", {"title": "x", "id": "y", "nonsense": 1}, {"id": "read_only_field", "nonsense": "unknown_field"}),
        ("dora", {"title": "x", "on_hold": False}, {"on_hold": "read_only_field"}),
    ],
)
def test_a_field_that_may_not_be_set_is_refused_not_dropped(
    *, client_of: Client, cast: Cast, heard: Heard, name: str, body: dict[str, Any], codes: dict[str, str]
) -> None:
    answer = client_of(name).post("/books/", body)
    assert answer.status_code == 422
    assert {error["pointer"].strip("#/"): error["code"] for error in answer.json()["errors"]} == codes
    assert not Book.objects.exists()
    (event,) = heard.named("field_refused")
    assert (event["data"]["fields"], event["user"]) == (sorted(codes), getattr(cast, name))


def test_a_field_may_be_set_on_create_and_not_on_update(client_of: Client) -> None:
    created = client_of("dora").post("/books/", {"title": "x", "pages": 3})
    assert (created.status_code, created.data["pages"]) == (201, 3)
    assert client_of("dora").patch(f"/books/{created.data['id']}/", {"pages": 4}).status_code == 422


def test_a_tenant_cannot_be_left(client_of: Client, book: Make, heard: Heard) -> None:
    published = book(status="published")
    answer = client_of("dora").post(f"/books/{published.pk}/give_away/")
    published.refresh_from_db()
    assert (answer.status_code, published.tenant_id is None) == (403, False)
    assert [event["data"]["reason"] for event in heard.named("access_denied")] == ["left_tenant"]


def test_output_is_what_the_roles_may_read(client_of: Client, book: Make) -> None:
    path = f"/books/{book(status='published', note='secret').pk}/"
    assert set(client_of("bob").get(path).data) == {"id", "title", "status"}
    assert set(client_of("alice").get(path).data) == {"id", "title", "status", "note"}
    assert set(client_of("dora").get(path).data) == {"id", "title", "status", "note", "pages", "on_hold", "tenant"}


def test_an_extra_action_takes_the_action_that_it_declares(client_of: Client, book: Make) -> None:
    draft = book()
    assert client_of("alice").post(f"/books/{draft.pk}/publish/").status_code == 403
    assert client_of("bob").post(f"/books/{draft.pk}/publish/").status_code == 404
    answer = client_of("dora").post(f"/books/{draft.pk}/publish/")
    assert (answer.status_code, answer.data["status"]) == (200, "published")


def test_a_rule_about_the_address_reads_the_request(client_of: Client, book: Make) -> None:
    draft = book()
    assert client_of("dora").post(f"/books/{draft.pk}/publish/", REMOTE_ADDR="192.0.2.7").status_code == 403


def test_an_extra_action_with_a_get_of_its_own_is_decided_before(client_of: Client, book: Make, cast: Cast) -> None:
    theirs = book(tenant=cast.other)
    assert client_of("dora").get(f"/books/{theirs.pk}/own_get/").status_code == 404
    assert client_of("charlie").get(f"/books/{theirs.pk}/own_get/").data == {"title": "a book"}


def test_an_extra_list_action_is_scoped_by_its_own_rule_and_by_read(client_of: Client, book: Make, cast: Cast) -> None:
    book(title="short", pages=1)
    book(title="long", pages=2)
    book(title="elsewhere", pages=2, tenant=cast.other)
    assert client_of("dora").get("/books/export/").data == ["long"]
    assert client_of("alice").get("/books/export/").status_code == 403


@pytest.mark.parametrize("path", ["/books/forgotten/", "/undeclared/", "/unmarked/"])
def test_what_declares_no_action_is_denied(client_of: Client, heard: Heard, path: str) -> None:
    assert client_of("dora").get(path).status_code == 403
    assert heard.named("access_denied")[0]["data"]["reason"] == "undeclared"


def test_a_view_set_that_asks_no_permission_obeys_the_policy(client_of: Client, book: Make) -> None:
    book(title="a secret")
    assert titles_of_dump(client_of("dora")) == (200, ["a secret"])
    assert titles_of_dump(client_of("alice"))[0] == 403
    assert titles_of_dump(client_of(""))[0] == 401
    assert client_of("").get("/stubborn/total/").data == 1


def titles_of_dump(client: APIClient) -> tuple[int, Any]:
    answer = client.get("/stubborn/dump/")
    return answer.status_code, answer.json()


@pytest.mark.parametrize("path", ["/counted/", "/inside/", "/outside/"])
def test_a_plain_view_declares_its_action(client_of: Client, path: str) -> None:
    assert client_of("dora").get(path).status_code == 200
    assert client_of("alice").get(path).status_code == 403
    assert client_of("").get(path).status_code == 401


def test_a_public_view_is_open_and_only_it(client_of: Client) -> None:
    assert client_of("").get("/open/").data == "for all"
    assert client_of("").post("/counted/").data == "for all"


def test_a_method_that_no_view_has_is_405(client_of: Client) -> None:
    assert client_of("dora").put("/books/").status_code == 405
    assert client_of("dora").post("/open/").status_code == 405


def test_options_tell_nothing_of_what_cannot_be_read(client_of: Client, book: Make, cast: Cast) -> None:
    theirs = book(tenant=cast.other)
    assert client_of("bob").options(f"/books/{theirs.pk}/").status_code == 404
    assert client_of("nobody").options("/books/").status_code == 403


@pytest.mark.parametrize("query", ["ordering=pages", "ordering=-pages", "pages=3", "owner__is_staff=true"])
def test_what_cannot_be_read_cannot_be_sorted_or_filtered_by(client_of: Client, book: Make, query: str) -> None:
    book(status="published", pages=3)
    answer = client_of("bob").get(f"/books/?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown_field")
    if "pages" in query:
        assert client_of("dora").get(f"/books/?{query}").status_code == 200


def test_a_grant_opens_one_row(client_of: Client, book: Make, cast: Cast) -> None:
    from django.contrib.contenttypes.models import ContentType

    shared, hidden = book(title="shared"), book(title="hidden")
    kind = ContentType.objects.get_for_model(Book)
    Grant.objects.create(user=cast.bob, action="read", content_type=kind, object_id=shared.pk.hex)
    assert titles(client_of("bob").get("/books/")) == ["shared"]
    assert client_of("bob").get(f"/books/{hidden.pk}/").status_code == 404


def test_a_role_change_counts_on_the_next_request(client_of: Client, book: Make, cast: Cast) -> None:
    book()
    assert titles(client_of("bob").get("/books/")) == []
    Membership.objects.filter(user=cast.bob).update(role="editor")
    assert titles(client_of("bob").get("/books/")) == ["a book"]
    Membership.objects.filter(user=cast.bob).delete()
    assert client_of("bob").get("/books/").status_code == 403


def test_a_model_without_tenants_and_fields(client_of: Client, cast: Cast) -> None:
    made = client_of("bob").post("/shelves/", {"name": "x"})
    assert made.status_code == 201, made.data
    assert Shelf.objects.get().keeper == cast.bob
    path = f"/shelves/{made.data['id']}/"
    assert client_of("nobody").get(path).data["name"] == "x"
    assert client_of("alice").patch(path, {"name": "y"}).status_code == 403
    assert client_of("bob").patch(path, {"name": "y"}).data["name"] == "y"
    assert client_of("bob").delete(path).status_code == 403


@pytest.mark.parametrize("key", ["x", "0", "-1", "9" * 40, "a/b", "..", "\N{GRINNING FACE}"])
@pytest.mark.parametrize("root", ["books", "shelves"])
def test_a_key_that_is_none_is_not_found(client_of: Client, root: str, key: str) -> None:
    assert client_of("dora").get(f"/{root}/{key}/").status_code == 404


def test_a_change_that_nothing_was_decided_about_is_undone(client_of: Client, book: Make, heard: Heard) -> None:
    book()
    assert client_of("dora").patch("/books/bulk_by_itself/").status_code == 403
    assert Book.objects.get().title == "a book"
    assert heard.named("access_denied")[0]["data"]["reason"] == "undecided"


@pytest.fixture
def lending() -> Iterator[None]:
    class LoanPolicy(Policy, model=Loan):
        read = update = allow("viewer")
        create = allow("viewer", this.state == "new")

    yield
    registry.unregister(LoanPolicy)


@pytest.mark.usefixtures("lending")
def test_a_create_is_decided_with_what_the_database_sets_by_default(client_of: Client, book: Make) -> None:
    answer = client_of("bob").post("/loans/", {"book": str(book(status="published").pk)})
    assert (answer.status_code, [loan.state for loan in Loan.objects.all()]) == (201, ["new"])


@pytest.mark.usefixtures("lending")
def test_a_relation_chooses_among_rows_that_can_be_read(client_of: Client, book: Make, cast: Cast) -> None:
    """Otherwise a foreign key is an oracle, and a way to tie one's rows to those of others."""
    seen = book(status="published")
    hidden, theirs = book(), book(status="published", tenant=cast.other)
    bob = client_of("bob")
    assert bob.post("/loans/", {"book": str(seen.pk), "days": 1}).status_code == 201
    missing = bob.post("/loans/", {"book": str(uuid.UUID(int=0)), "days": 1})
    for row in (hidden, theirs):
        answer = bob.post("/loans/", {"book": str(row.pk), "days": 1})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["code"] == missing.json()["errors"][0]["code"] == "does_not_exist"
        assert bob.patch(f"/loans/{Loan.objects.get().pk}/", {"book": str(row.pk)}).status_code == 422
    assert Loan.objects.get().book == seen


class Family:
    """What `accounts` leaves on a request."""

    authorization_version = 1
    client = ""


class Token:
    family = Family()
    claims: dict[str, Any] = {}

    def __init__(self, tenant: uuid.UUID) -> None:
        self.tenant = str(tenant)


def authenticated(cast: Cast, name: str) -> APIClient:
    client = APIClient()
    token: Any = Token(cast.acme.pk)
    client.force_authenticate(cast.people[name], token=token)
    return client


def test_a_read_costs_the_query_that_fetches_the_row(cast: Cast, book: Make, django_assert_num_queries: Any) -> None:
    row, client = book(), authenticated(cast, "alice")
    client.get(f"/books/{row.pk}/")
    with django_assert_num_queries(1):
        assert client.get(f"/books/{row.pk}/").status_code == 200


def test_a_list_costs_the_query_that_fetches_it(cast: Cast, book: Make, django_assert_num_queries: Any) -> None:
    client = authenticated(cast, "alice")
    for number in range(20):
        book(title=f"{number:02}")
    client.get("/books/")
    with django_assert_num_queries(1):
        assert len(titles(client.get("/books/"))) == 20


def test_a_change_costs_its_two_queries_and_the_transaction(
    cast: Cast, book: Make, django_assert_num_queries: Any
) -> None:
    row, client = book(), authenticated(cast, "alice")
    client.get(f"/books/{row.pk}/")
    with django_assert_num_queries(4):  # SAVEPOINT, SELECT, UPDATE, RELEASE
        assert client.patch(f"/books/{row.pk}/", {"title": "new"}).status_code == 200


def test_what_nobody_could_read_is_not_asked_of_the_database(cast: Cast) -> None:
    client = authenticated(cast, "nobody")
    client.get("/books/")
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/books/").status_code == 403
    assert not any("library_book" in query["sql"] for query in queries)
