"""`@ratelimit` on everything that answers requests, with and without the middleware."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import path
from django.views import View
from pytest_django.fixtures import Settings
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from edge.ratelimit import ALL, Ratelimited, ratelimit

pytestmark = pytest.mark.urls("tests.edge.urls")
MIDDLEWARE = "edge.ratelimit.RateLimitMiddleware"


@pytest.fixture(params=["with the middleware", "without it"])
def _either_way(request: pytest.FixtureRequest, settings: Settings) -> None:
    if request.param == "without it":
        settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if path != MIDDLEWARE]


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize(
    "path", ["/limited", "/limited-dispatch", "/limited-class", "/limited-actions", "/limited-async"]
)
def test_the_third_call_is_refused(client: Client, path: str) -> None:
    assert [client.get(path).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.usefixtures("_either_way")
def test_a_refusal_says_when_to_come_back_and_which_limit_it_was(client: Client) -> None:
    for _ in range(2):
        client.get("/limited")
    answer = client.get("/limited")
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "throttled"
    assert problem["violated-policies"] == ["tests.edge.urls.limited"]
    assert 1 <= int(answer.headers["Retry-After"]) <= 61


@pytest.mark.usefixtures("_either_way")
def test_headers_say_what_is_left(client: Client) -> None:
    answer = client.get("/limited")
    assert answer.headers["RateLimit-Policy"] == '"tests.edge.urls.limited";q=2;w=60'
    assert answer.headers["RateLimit"].startswith('"tests.edge.urls.limited";r=1;t=')


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize(("path", "left"), [("class", 1), ("dispatch", 1), ("named-class", 59), ("named-dispatch", 59)])
def test_a_class_counts_a_request_once(client: Client, path: str, left: int) -> None:
    stands = client.get(f"/limited-{path}").headers["RateLimit"]
    assert re.findall(r";r=(\d+)", stands) == [str(left)]


@pytest.mark.usefixtures("_either_way")
def test_classes_share_no_count(client: Client) -> None:
    for one, other in (("class", "other-class"), ("dispatch", "other-dispatch")):
        assert [client.get(f"/limited-{one}").status_code for _ in range(3)] == [200, 200, 429]
        assert client.get(f"/limited-{other}").status_code == 200


@pytest.mark.usefixtures("_either_way")
def test_an_action_without_a_limit_is_not_counted(client: Client) -> None:
    assert {client.post("/limited-actions").status_code for _ in range(5)} == {200}


@pytest.mark.usefixtures("_either_way")
def test_a_watched_view_goes_on(client: Client) -> None:
    assert [client.get("/watched").json()["limited"] for _ in range(4)] == [False, False, True, True]


@pytest.mark.usefixtures("_either_way")
def test_a_success_is_given_back(client: Client) -> None:
    def post(status: int) -> int:
        return client.post("/limited-methods", {"status": status}, content_type="application/json").status_code

    assert [post(200) for _ in range(5)] == [200] * 5
    assert [post(401), post(401), post(200)] == [401, 401, 429]


@pytest.mark.usefixtures("_either_way")
def test_a_key_in_a_json_body_tells_accounts_apart_however_they_are_spelt(client: Client) -> None:
    """django-ratelimit reads `request.POST`: with JSON, all accounts share one count."""

    def put(email: object) -> int:
        return client.put("/limited-methods", {"email": email}, content_type="application/json").status_code

    assert [put("alice@example.org"), put(" ALICE@example.org"), put("alice@example.org")] == [200, 200, 429]
    assert put("bob@example.org") == 200
    assert put(["not", "text"]) == 200


def test_another_method_is_not_counted() -> None:
    @ratelimit(key="ip", rate="1/m", method=["POST"])
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    for _ in range(3):
        assert view(RequestFactory().get("/")).status_code == 200
    view(RequestFactory().post("/"))
    with pytest.raises(Ratelimited):
        view(RequestFactory().post("/"))


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("path", ["/limited", "/limited-class", "/limited-gets", "/limited-actions"])
def test_head_costs_what_get_does(client: Client, path: str) -> None:
    assert [client.head(path).status_code, client.get(path).status_code] == [200, 200]
    assert [client.head(path).status_code, client.get(path).status_code] == [429, 429]


def test_the_words_of_methods_stand_on_the_decorator() -> None:
    @ratelimit(key="ip", rate="1/m", method=ratelimit.UNSAFE)  # type: ignore[attr-defined]
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    factory = RequestFactory()
    for _ in range(3):
        view(factory.get("/"))
    view(factory.post("/"))
    with pytest.raises(Ratelimited):
        view(factory.put("/"))
    assert ratelimit.ALL == ALL  # type: ignore[attr-defined]


def test_views_of_one_group_share_a_count() -> None:
    def made(group: str | None) -> Callable[..., HttpResponse]:
        @ratelimit(key="ip", rate="1/m", group=group)
        def view(request: HttpRequest) -> HttpResponse:
            return HttpResponse()

        return view

    made("shared")(RequestFactory().get("/"))
    with pytest.raises(Ratelimited):
        made("shared")(RequestFactory().get("/"))
    made("another")(RequestFactory().get("/"))


class _One(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


class _Other(_One):
    pass


class _Called:
    def __call__(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    @classmethod
    def of_the_class(cls, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


@api_view()
@permission_classes([AllowAny])
def _first(request: Request) -> Response:
    return Response()


@api_view()
@permission_classes([AllowAny])
def _second(request: Request) -> Response:
    return Response()


def _with_more(request: HttpRequest, more: str) -> HttpResponse:
    return HttpResponse(more)


#: Each by the name that it is counted under.
VIEWS: dict[str, Callable[..., Any]] = {
    "_One": _One.as_view(),
    "_Other": _Other.as_view(),
    "_first": _first,
    "_second": _second,
    "_with_more": partial(_with_more, more="x"),
    "_Called": _Called(),
    "_Called.of_the_class": _Called.of_the_class,
}


def test_each_view_has_a_count_of_its_own_whatever_it_was_made_by() -> None:
    limited = {name: ratelimit(key="ip", rate="1/m")(view) for name, view in VIEWS.items()}
    for name, view in limited.items():
        answer = view(RequestFactory().get("/"))
        assert answer.headers["RateLimit-Policy"] == f'"{__name__}.{name}";q=1;w=60'


def test_a_rate_and_a_key_can_be_functions() -> None:
    @ratelimit(key=lambda group, request: request.GET["who"], rate=lambda group, request: request.GET.get("rate"))
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    get = RequestFactory().get
    for _ in range(3):
        view(get("/?who=alice"))
    view(get("/?who=alice&rate=1/m"))
    view(get("/?who=bob&rate=1/m"))
    with pytest.raises(Ratelimited):
        view(get("/?who=alice&rate=1/m"))


def test_stacked_limits_are_all_kept(client: Client) -> None:
    @ratelimit(key="ip", rate="3/h")
    @ratelimit(key="get:q", rate="1/m")
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    get = RequestFactory().get
    view(get("/?q=a"))
    with pytest.raises(Ratelimited):
        view(get("/?q=a"))
    for word in "bc":
        view(get(f"/?q={word}"))  # what a refusal had spent from the other limit was given back
    with pytest.raises(Ratelimited):
        view(get("/?q=d"))


def _twice(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=int(request.GET.get("status", "200")))


async def _twice_async(request: HttpRequest) -> HttpResponse:
    return _twice(request)


@pytest.mark.usefixtures("_either_way")
@pytest.mark.parametrize("view", [_twice, _twice_async])
@pytest.mark.parametrize("key", ["ip", "post:email"])
def test_a_count_that_a_view_names_twice_is_charged_and_given_back_once(
    client: Client, key: str, view: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        view = ratelimit(key=key, rate="3/m", skip_successful=[200])(view)
    monkeypatch.setattr("tests.edge.urls.urlpatterns", [path("twice", view)])
    answers = [client.post(f"/twice?status={status}") for status in (400, 400, 200, 400, 400)]
    assert [answer.status_code for answer in answers] == [400, 400, 200, 400, 429]


def test_a_count_that_is_closed_without_its_store_is_asked_for_though_an_open_one_was() -> None:
    @ratelimit(key="post:email", rate="3/m", group="x")
    @ratelimit(key="post:email", rate="3/m", group="x", outage="closed")
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    url = "redis://127.0.0.1:1/0"
    lost = override_settings(BULWARK_EDGE={**settings.BULWARK_EDGE, "REDIS_URL": url})
    with lost, pytest.raises(Ratelimited) as refused:
        view(RequestFactory().post("/"))
    assert refused.value.problem.status_code == 503


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"key": "ip"},
        {"rate": "5/m"},
        {"key": "ip", "rate": "10/fortnight"},
        {"key": "nobody", "rate": "5/m"},
        {"key": "header:", "rate": "5/m"},
        {"key": "no.such.function", "rate": "5/m"},
        {"key": "ip", "rate": "5/m", "outage": "maybe"},
        {"key": "ip", "rate": "5/m", "cost": 0},
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_declared(options: dict[str, Any]) -> None:
    with pytest.raises(ImproperlyConfigured):

        @ratelimit(**options)
        def view(request: HttpRequest) -> HttpResponse:
            return HttpResponse()


def test_an_unknown_policy_is_refused() -> None:
    @ratelimit("no such policy")
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    with pytest.raises(ImproperlyConfigured, match="no such policy"):
        view(RequestFactory().get("/"))


def test_switched_off_nothing_is_counted(client: Client) -> None:
    with override_settings(BULWARK_EDGE={**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}):
        assert {client.get("/limited").status_code for _ in range(5)} == {200}


@pytest.mark.parametrize("options", [{"RATELIMIT_ENABLED": False}, {"EXEMPT_NETWORKS": ["127.0.0.0/8"]}])
def test_a_watched_view_that_is_not_counted_goes_on(client: Client, options: dict[str, Any]) -> None:
    with override_settings(BULWARK_EDGE={**settings.BULWARK_EDGE, **options}):
        assert [client.get("/watched").json()["limited"] for _ in range(4)] == [False] * 4


@async_to_sync
async def _get_thrice(path: str) -> list[int]:
    client = AsyncClient()
    return [(await client.get(path)).status_code for _ in range(3)]


@pytest.mark.parametrize("path", ["/limited-async", "/limited"])
def test_an_async_stack_limits_too(path: str) -> None:
    assert _get_thrice(path) == [200, 200, 429]
