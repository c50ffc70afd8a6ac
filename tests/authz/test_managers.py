"""The attack: a view that forgets to scope. A protected manager raises; without it the same view tells everything."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.core.checks import registry as checks
from django.db.models import Count, Exists, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from pytest_django import Settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from articles.models import Article, Category
from authz.checks import check_middleware, check_settings
from authz.decorators import policy_required
from authz.drf import policy_action, public
from authz.engine import scoped
from authz.managers import UnscopedQuery
from authz.principals import principal
from authz.requests import is_guarded
from tests.authz.conftest import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

MIDDLEWARE = "authz.middleware.AuthzMiddleware"
Ask = Callable[[], Any]
LEAKS: dict[str, Ask] = {
    "list": lambda: list(Article.objects.all()),
    "count": lambda: Article.objects.all().count(),
    "exists": lambda: Article.objects.filter(title="x").exists(),
    "get": lambda: Article.objects.get(pk="00000000-0000-0000-0000-000000000000"),
    "first": lambda: Article.objects.order_by("pk").first(),
    "values": lambda: list(Article.objects.values_list("title", flat=True)),
    "aggregate": lambda: Article.objects.aggregate(n=Count("pk")),
    "iterator": lambda: list(Article.objects.iterator()),
    "update": lambda: Article.objects.update(title="changed"),
    "delete": lambda: Article.objects.all().delete(),
    "raw": lambda: list(Article.objects.raw("SELECT * FROM bulwark_articles_article")),
    "related": lambda: list(Category.objects.create(name="x", slug="x").articles.all()),
    "or": lambda: list(Article.objects.unscoped("a test") | Article.objects.all()),
    "xor": lambda: list(Article.objects.unscoped("a test") ^ Article.objects.all()),
    "or after none": lambda: list(Article.objects.none() | Article.objects.all()),
    "sub-query": lambda: list(Category.objects.filter(pk__in=Article.objects.values("category"))),
    "its query alone": lambda: list(Category.objects.filter(Exists(Article.objects.values("category").query))),
    "EXISTS": lambda: list(Category.objects.filter(Exists(Article.objects.filter(category=OuterRef("pk"))))),
    "annotation": lambda: list(Category.objects.annotate(leak=Subquery(Article.objects.values("title")[:1]))),
    "EXISTS in an update": lambda: Category.objects.filter(Exists(Article.objects.all())).update(name="x"),
    "union with others": lambda: list(Category.objects.values("name").union(Article.objects.values("title"))),
    "union": lambda: list(Article.objects.unscoped("a test").union(Article.objects.all())),
    "in_bulk": lambda: Article.objects.all().in_bulk(),
    "explain": lambda: Article.objects.all().explain(),
}
FINE: dict[str, Ask] = {
    "said": lambda: list(Article.objects.unscoped("a report").filter(title="x")),
    "said or none": lambda: list(Article.objects.unscoped("a") | Article.objects.none()),
    "none or said": lambda: list(Article.objects.none() | Article.objects.unscoped("a")),
    "both said": lambda: list(Article.objects.unscoped("a") | Article.objects.unscoped("b")),
    "said in EXISTS": lambda: list(Category.objects.filter(Exists(Article.objects.unscoped("a").filter(title="x")))),
    "an inner query of Django": lambda: list(
        Article.objects.unscoped("a").exclude(category__articles__title="x").filter(category__articles__title="y")
    ),
    "none in a union": lambda: list(Category.objects.values("name").union(Article.objects.none().values("title"))),
    "none": lambda: str(Article.objects.all().query),
    "no rows": lambda: list(Article.objects.none()),
    "base": lambda: list(Article._base_manager.all()),
}


class Leak(APIView):
    @policy_action("read", Article)
    def get(self, request: Request, name: str) -> Response:
        ({**LEAKS, **FINE})[name]()
        return Response("told")


@public("a test")
def open_leak(request: HttpRequest, name: str) -> HttpResponse:
    ({**LEAKS, **FINE})[name]()
    return HttpResponse("told")


@policy_required("read", Article)
async def async_leak(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(await Article.objects.acount()))


@public("a test")
def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(article.title for article in Article.objects.all())


@public("a test")
def scoped_view(request: HttpRequest) -> HttpResponse:
    rows = scoped(Article.objects.all(), principal(request))
    return HttpResponse(f"{len(rows)} {rows.count()} {rows.filter(title='x').exists()}")


def elsewhere(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(Article.objects.count()))


urlpatterns = [
    path("leak/<name>/", Leak.as_view()),
    path("open/<name>/", open_leak),
    path("async/", async_leak),
    path("stream/", stream),
    path("scoped/", scoped_view),
    path("elsewhere/", elsewhere),
    path("admin/", admin.site.urls),
]


@pytest.fixture
def dora(client_of: Callable[[str], APIClient]) -> APIClient:
    return client_of("dora")


@pytest.mark.parametrize("root", ["leak", "open"])
@pytest.mark.parametrize("name", LEAKS)
def test_a_view_that_forgets_to_scope_raises(dora: APIClient, root: str, name: str) -> None:
    with pytest.raises(UnscopedQuery, match=r"test_managers.py:\d+: bulwark_articles.Article is read without a policy"):
        dora.get(f"/{root}/{name}/")


@pytest.mark.parametrize("name", FINE)
def test_what_says_why_or_reads_nothing_does_not(dora: APIClient, name: str) -> None:
    assert dora.get(f"/leak/{name}/").status_code == 200


@pytest.mark.parametrize("name", LEAKS)
def test_switched_off_the_same_view_tells(dora: APIClient, settings: Settings, name: str) -> None:
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "UNSCOPED_QUERIES": "off"}
    if name == "get":
        with pytest.raises(Article.DoesNotExist):
            dora.get("/leak/get/")
    else:
        assert dora.get(f"/leak/{name}/").status_code == 200


def test_a_host_may_be_warned_instead(dora: APIClient, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "UNSCOPED_QUERIES": "warn"}
    with caplog.at_level(logging.WARNING, "authz.managers"):
        assert dora.get("/leak/list/").status_code == 200
    assert ["is read without a policy" in record.message for record in caplog.records] == [True]


def test_what_the_engine_scoped_is_read(dora: APIClient, cast: Cast) -> None:
    client = Client()
    client.force_login(cast.dora)
    assert client.get("/scoped/").content == b"0 0 False"
    assert Client().get("/scoped/").content == b"0 0 False"


def test_asynchronous_views_and_streams_raise_too(cast: Cast) -> None:
    from asgiref.sync import async_to_sync

    client = Client()
    client.force_login(cast.dora)
    with pytest.raises(UnscopedQuery):
        client.get("/stream/").getvalue()

    async def ask() -> Any:
        found = AsyncClient()
        await found.aforce_login(cast.dora)
        return await found.get("/async/")

    with pytest.raises(UnscopedQuery):
        async_to_sync(ask)()


def test_outside_of_requests_nothing_changes(dora: APIClient) -> None:
    assert Article.objects.count() == 0
    with pytest.raises(UnscopedQuery):
        dora.get("/leak/list/")
    assert not is_guarded()
    assert Article.objects.count() == 0


def test_views_that_decide_by_themselves_go_on(cast: Cast, settings: Settings) -> None:
    client = Client()
    cast.dora.is_staff = cast.dora.is_superuser = True
    cast.dora.save()
    client.force_login(cast.dora)
    assert client.get("/admin/bulwark_articles/article/").status_code == 200
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "DECIDED_ELSEWHERE": {f"{__name__}.elsewhere": "a test"}}
    assert client.get("/elsewhere/").content == b"0"


def test_a_reason_is_needed() -> None:
    with pytest.raises(ValueError, match="needs a reason"):
        Article.objects.unscoped(" ")


def test_without_the_middleware_the_start_stops(settings: Settings) -> None:
    assert check_middleware() == []
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != MIDDLEWARE]
    (found,) = check_middleware()
    assert (found.id, "The manager of bulwark_articles.Article" in found.msg) == ("bulwark_authz.E009", True)
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "ROW_LEVEL_SECURITY": True}
    assert "ROW_LEVEL_SECURITY" in check_middleware()[0].msg
    assert {check_middleware} <= set(checks.registry.get_checks())


def test_a_misspelt_way_is_an_error() -> None:
    with override_settings(BULWARK_AUTHZ={"UNSCOPED_QUERIES": "rais"}):
        assert [message.id for message in check_settings()] == ["bulwark_authz.E011"]
