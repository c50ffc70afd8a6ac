"""Function views of Django, sync and async, ask the policy before they run."""

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory
from django.views import View

from authz.decorators import policy_required
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
