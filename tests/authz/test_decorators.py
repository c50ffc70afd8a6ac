"""Function views of Django, sync and async, ask the policy before they run."""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.views import View

from authz.decorators import policy_required
from authz.models import Tenant
from tests.authz.conftest import Cast, Heard
from tests.authz.library.models import Book

pytestmark = pytest.mark.django_db


@policy_required("export", Book)
def listing(request: HttpRequest) -> HttpResponse:
    return HttpResponse("listed")


@policy_required("update", Book, key="pk")
def detail(request: HttpRequest, pk: Book) -> HttpResponse:
    return HttpResponse(pk.title)


@policy_required("update", Book, key="pk")
async def detail_async(request: HttpRequest, pk: Book) -> HttpResponse:
    return HttpResponse(pk.title)


@policy_required("read", Book, login=True)
def with_login(request: HttpRequest) -> HttpResponse:
    return HttpResponse("read")


class Page(View):
    def get(self, request: HttpRequest, pk: Book) -> HttpResponse:
        return HttpResponse(pk.title)


class AsyncPage(View):
    async def get(self, request: HttpRequest, pk: Book) -> HttpResponse:
        return HttpResponse(pk.title)


of_classes: list[Any] = [policy_required("update", Book, key="pk")(kind.as_view()) for kind in (Page, AsyncPage)]


def awaited(view: Any) -> Any:
    """Call a view where a loop runs, as servers do."""

    async def ask(*args: Any, **kwargs: Any) -> Any:
        return await view(*args, **kwargs)

    return async_to_sync(ask)


VIEWS = [detail, awaited(detail_async), of_classes[0], awaited(of_classes[1])]


# The URL gives a key; the decorated view takes it for the row.
by_key: Any = detail


def request_of(user: Any) -> HttpRequest:
    request = RequestFactory().get("/page/")
    request.user = user
    return request


@pytest.mark.parametrize("view", VIEWS, ids=["sync", "async", "class", "async class"])
def test_the_row_is_decided_about_and_given_to_the_view(cast: Cast, view: Any, heard: Heard) -> None:
    book = Book.objects.create(tenant=cast.acme, owner=cast.alice, title="x", status="published")
    assert view(request_of(cast.dora), pk=str(book.pk)).content == b"x"
    with pytest.raises(PermissionDenied):
        view(request_of(cast.bob), pk=book.pk)
    with pytest.raises(Http404):
        view(request_of(cast.charlie), pk=book.pk)
    with pytest.raises(Http404):
        view(request_of(AnonymousUser()), pk=book.pk)
    reasons = [event["data"]["reason"] for event in heard.named("access_denied")]
    assert reasons == ["no_rule", "unreadable", "unreadable"]


def changing(change: Callable[[Book], object], action: str = "update") -> Any:
    """Return a view that changes its row, and one that does so asynchronously."""

    @policy_required(action, Book, key="pk")
    def view(request: HttpRequest, pk: Book) -> HttpResponse:
        change(pk)
        return HttpResponse("done")

    @policy_required(action, Book, key="pk")
    async def async_view(request: HttpRequest, pk: Book) -> HttpResponse:
        await sync_to_async(change)(pk)
        return HttpResponse("done")

    return view, awaited(async_view)


def sent_by(user: Any) -> HttpRequest:
    request = RequestFactory().post("/page/")
    request.user = user
    return request


def publish(book: Book) -> None:
    Book.objects.filter(pk=book.pk).update(status="published")


def move(book: Book) -> None:
    book.tenant = Tenant.objects.get(name="other")
    book.save()


@pytest.mark.parametrize("kind", [0, 1], ids=["sync", "async"])
@pytest.mark.parametrize(
    "case",
    [
        (publish, "update", "alice", "no_rule"),  # an author changes drafts
        (move, "update", "dora", "no_rule"),
        (move, "delete", "dora", "left_tenant"),
    ],
)
def test_a_change_is_decided_about_after_the_view_too_and_undone(
    cast: Cast, heard: Heard, kind: int, case: tuple[Callable[[Book], None], str, str, str]
) -> None:
    change, action, name, reason = case
    book = Book.objects.create(tenant=cast.acme, owner=cast.alice, title="x")
    with pytest.raises(PermissionDenied):
        changing(change, action)[kind](sent_by(getattr(cast, name)), pk=book.pk)
    book.refresh_from_db()
    assert (book.status, book.tenant) == ("draft", cast.acme)
    assert [event["data"]["reason"] for event in heard.named("access_denied")] == [reason]


@pytest.mark.parametrize("kind", [0, 1], ids=["sync", "async"])
def test_a_change_that_the_policy_allows_stands(cast: Cast, kind: int) -> None:
    book = Book.objects.create(tenant=cast.acme, owner=cast.alice, title="x")
    assert changing(publish)[kind](sent_by(cast.dora), pk=book.pk).content == b"done"
    book.refresh_from_db()
    assert book.status == "published"
    assert changing(Book.delete, "delete")[kind](sent_by(cast.dora), pk=book.pk).content == b"done"
    assert not Book.objects.filter(pk=book.pk).exists()


def test_a_row_that_may_change_is_locked(cast: Cast) -> None:
    book = Book.objects.create(tenant=cast.acme, owner=cast.alice, title="x")
    for request, is_locked in ((sent_by(cast.dora), True), (request_of(cast.dora), False)):
        with CaptureQueriesContext(connection) as queries:
            by_key(request, pk=book.pk)
        told = any("FOR UPDATE" in query["sql"] for query in queries)
        assert told is (is_locked and connection.features.has_select_for_update)


def test_a_forbid_is_told_with_its_reason(cast: Cast, heard: Heard) -> None:
    book = Book.objects.create(tenant=cast.acme, on_hold=True)
    with pytest.raises(PermissionDenied):
        by_key(request_of(cast.dora), pk=book.pk)
    assert heard.named("access_denied")[0]["data"]["why"] == "on hold"


@pytest.mark.parametrize("key", ["x", "", "0"])
def test_a_key_that_is_none_is_not_found(cast: Cast, key: str) -> None:
    with pytest.raises(Http404):
        by_key(request_of(cast.dora), pk=key)


def test_a_view_without_a_row_runs_if_there_might_be_one(cast: Cast, heard: Heard) -> None:
    assert listing(request_of(cast.dora)).content == b"listed"
    with pytest.raises(PermissionDenied):
        listing(request_of(cast.alice))
    assert heard.named("access_denied")[0]["data"]["reason"] == "no_rule"


def test_a_stranger_is_sent_to_the_login(cast: Cast) -> None:
    answer = with_login(request_of(AnonymousUser()))
    assert (answer.status_code, "next=/page/" in answer["Location"]) == (302, True)
    assert with_login(request_of(cast.bob)).content == b"read"
