"""What a project that uses django-ratelimit has in its views goes on with one import changed."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils.decorators import method_decorator
from django.views import View
from pytest_django.fixtures import Settings

from edge.ratelimit import ALL, UNSAFE, Ratelimited, get_usage, is_ratelimited, ratelimit

GET = RequestFactory().get
POST = RequestFactory().post


def by_agent(group: str, request: HttpRequest) -> str:
    return f"{group}:{request.headers.get('user-agent')}"


def more_for_some(group: str, request: HttpRequest) -> str | None:
    return {"guest": "1/m", "none": "0/s"}.get(request.GET.get("who", ""))


#: Options as its documentation has them, requests that are counted together, and one that is counted apart.
DOCUMENTED: list[tuple[dict[str, Any], HttpRequest, HttpRequest]] = [
    ({"key": "ip", "rate": "1/m"}, GET("/"), GET("/", REMOTE_ADDR="198.51.100.7")),
    ({"key": "ip", "rate": "1/m", "method": ALL}, POST("/"), POST("/", REMOTE_ADDR="198.51.100.7")),
    ({"key": "ip", "rate": "1/m", "method": UNSAFE}, POST("/"), GET("/")),
    ({"key": "ip", "rate": "1/m", "method": "POST"}, POST("/"), GET("/")),
    ({"key": "ip", "rate": "1/m", "method": ["GET", "POST"]}, POST("/"), RequestFactory().put("/")),
    ({"key": "ip", "rate": (1, 60)}, GET("/"), GET("/", REMOTE_ADDR="198.51.100.7")),
    ({"key": "ip", "rate": "1/5m", "group": "mygroup"}, GET("/"), GET("/", REMOTE_ADDR="198.51.100.7")),
    ({"key": "get:q", "rate": "1/m"}, GET("/?q=a"), GET("/?q=b")),
    ({"key": "post:username", "rate": "1/m"}, POST("/", {"username": "a"}), POST("/", {"username": "b"})),
    (
        {"key": "header:x-cluster-client-ip", "rate": "1/m"},
        GET("/", headers={"x-cluster-client-ip": "a"}),
        GET("/", headers={"x-cluster-client-ip": "b"}),
    ),
    ({"key": by_agent, "rate": "1/m"}, GET("/", headers={"user-agent": "a"}), GET("/", headers={"user-agent": "b"})),
    (
        {"key": f"{__name__}.by_agent", "rate": "1/m"},
        GET("/", headers={"user-agent": "a"}),
        GET("/", headers={"user-agent": "b"}),
    ),
    ({"key": "ip", "rate": more_for_some}, GET("/?who=guest"), GET("/")),
    ({"key": "ip", "rate": f"{__name__}.more_for_some"}, GET("/?who=guest"), GET("/")),
]


@pytest.mark.parametrize(("options", "counted", "apart"), DOCUMENTED)
def test_what_its_documentation_shows_works(options: dict[str, Any], counted: HttpRequest, apart: HttpRequest) -> None:
    @ratelimit(**options)
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(vars(request)["limited"]))

    def again(request: HttpRequest) -> HttpResponse:
        vars(request).pop("_edge_spending", None)  # as if it came anew
        return view(request)

    assert again(counted).content == b"False"
    with pytest.raises(Ratelimited) as caught:
        again(counted)
    assert isinstance(caught.value, PermissionDenied)
    assert again(apart).content == b"False"


def test_a_limit_of_none_refuses_all() -> None:
    with pytest.raises(Ratelimited):
        ratelimit(key="ip", rate="0/s")(lambda request: HttpResponse())(GET("/"))


def test_a_method_of_a_class_is_decorated_as_ever() -> None:
    class Page(View):
        @method_decorator(ratelimit(key="ip", rate="1/m", method="GET", block=False))
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse(str(vars(request)["limited"]))

    page: Any = Page.as_view()
    assert [page(GET("/")).content for _ in range(2)] == [b"False", b"True"]


def test_a_view_that_counts_only_failures() -> None:
    """The pattern of its documentation: look first, count what went wrong."""
    options: dict[str, Any] = {"group": "login", "key": "post:username", "rate": "2/m"}
    request = POST("/", {"username": "alice"})
    assert [is_ratelimited(request, **options) for _ in range(5)] == [False] * 5
    assert [is_ratelimited(request, **options, increment=True) for _ in range(3)] == [False, False, True]
    assert is_ratelimited(request, **options)
    assert not is_ratelimited(POST("/", {"username": "bob"}), **options)


def test_the_numbers_are_told() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    options: dict[str, Any] = {"fn": view, "key": "ip", "rate": ["2/m", "5/h"]}
    first = get_usage(GET("/"), **options, increment=True)
    assert first is not None
    assert (first["count"], first["limit"], first["should_limit"]) == (1, 2, False)
    assert 0 < first["time_left"] <= 62
    get_usage(GET("/"), **options, increment=True)
    over = get_usage(GET("/"), **options, increment=True)
    assert over is not None
    assert (over["count"], over["should_limit"]) == (2, True)


def test_it_shares_the_count_of_the_decorated_view() -> None:
    @ratelimit(key="ip", rate="1/m")
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert not is_ratelimited(GET("/"), fn=view, key="ip", rate="1/m")
    view(GET("/"))
    assert is_ratelimited(GET("/"), fn=view, key="ip", rate="1/m")


@pytest.mark.parametrize("edge", [{"RATELIMIT_ENABLED": False}, {"EXEMPT_NETWORKS": ["127.0.0.0/8"]}])
def test_what_is_not_counted_has_no_numbers(settings: Settings, edge: dict[str, Any]) -> None:
    options: dict[str, Any] = {"group": "x", "key": "ip", "rate": "1/m", "increment": True}
    assert get_usage(GET("/"), **{**options, "method": "POST"}) is None
    assert get_usage(GET("/"), **{**options, "rate": None}) is None
    assert get_usage(GET("/"), **{**options, "rate": more_for_some}) is None
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, **edge}
    assert [is_ratelimited(GET("/"), **options) for _ in range(3)] == [False] * 3


@pytest.mark.parametrize("options", [{"key": "ip", "rate": "1/m"}, {"group": "x", "rate": "1/m"}])
def test_a_limit_without_a_key_or_a_name_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ImproperlyConfigured):
        get_usage(GET("/"), **options)
