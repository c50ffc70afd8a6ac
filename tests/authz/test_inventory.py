"""Every route and rule is listed, what is not decided about stops the start, and a change is told by its meaning."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django_filters.rest_framework import DjangoFilterBackend
from pytest_django import Settings
from rest_framework.filters import BaseFilterBackend, OrderingFilter
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts.mfa.permissions import RecentLogin
from authz import inventory
from authz.checks import check_routes, check_settings
from authz.decorators import policy_required
from authz.drf import PolicyMixin, PolicyPermission, PolicyViewSet, policy_action, public
from authz.drf.django_filters import PolicyFilterBackend
from authz.permissions import HasRole
from authz.routes import By, Route, routes
from tests.authz.library import urls
from tests.authz.library.models import Book
from tests.authz.library.views import BookViewSet, Counted, Undeclared

PAGE = Path(__file__).resolve().parents[2] / "docs" / "access.md"


@policy_required("export", Book)
def decorated(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


@public("a test")
def open_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def plain(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class Page(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


@policy_action("export", Book)
def asked_by_nobody(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class DecidedPage(View):
    @method_decorator(policy_required("export", Book))
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    @policy_action("export", Book)
    def post(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


@public("a test")
class OpenButFor(APIView):
    permission_classes = (PolicyPermission,)

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    @policy_action("export", Book)
    def post(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


class Loosened(PolicyViewSet):
    """Declares its actions, and then lets everybody in."""

    queryset = Book.objects.all()
    permission_classes: Any = (AllowAny,)


@policy_action("read", Book)
class Generic(ListAPIView):  # type: ignore[type-arg]
    """Asks whether anything may be read, and lists all there is."""

    queryset = Book.objects.all()
    permission_classes = (PolicyPermission,)


class Scoped(PolicyMixin, Generic):
    pass


class Filtered(PolicyViewSet):
    """Sorts by what may not be read."""

    queryset = Book.objects.all()
    filter_backends = (BaseFilterBackend, OrderingFilter)
    ordering_fields = ("pages",)


class Joined(PolicyViewSet):
    """Asks for more than the policy does: by classes that are joined, and by an instance."""

    queryset = Book.objects.all()
    permission_classes: Any = (HasRole("editor"), RecentLogin(10), HasRole("editor") & PolicyPermission)


class Tutorial(APIView):
    permission_classes = (AllowAny,)

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse()


urlpatterns = [
    *urls.urlpatterns,
    path("decorated/", decorated),
    path("open-page/", open_page),
    path("plain/", plain),
    path("page/", Page.as_view()),
    path("asked-by-nobody/", asked_by_nobody),
    path("decided-page/", DecidedPage.as_view()),
    path("wrapped-page/", policy_required("export", Book)(Page.as_view())),
    path("open-but-for/", OpenButFor.as_view()),
    path("loosened/", Loosened.as_view({"get": "list"})),
    path("opened/", BookViewSet.as_view({"get": "list"}, permission_classes=[AllowAny])),
    path("either/", BookViewSet.as_view({"get": "list"}, permission_classes=[AllowAny | PolicyPermission])),
    path("generic/", Generic.as_view()),
    path("scoped/", Scoped.as_view()),
    path("ordered/", Filtered.as_view({"get": "list"})),
    path("filtered/", Filtered.as_view({"get": "list"}, filter_backends=[DjangoFilterBackend])),
    path("own-filters/", Filtered.as_view({"get": "list"}, filter_backends=[BaseFilterBackend, PolicyFilterBackend])),
    path("joined/", Joined.as_view({"get": "list"})),
    path("tutorial/", Tutorial.as_view()),
    path("admin/", admin.site.urls),
]


@pytest.fixture
def by_name() -> dict[str, Route]:
    with override_settings(ROOT_URLCONF=__name__):
        return {f"{route.method} {route.path}": route for route in routes()}


@pytest.mark.parametrize(
    ("name", "by", "action"),
    [
        ("GET /books/", By.POLICY, "read"),
        ("POST /books/", By.POLICY, "create"),
        ("PATCH /books/<pk>/", By.POLICY, "update"),
        ("DELETE /books/<pk>/", By.POLICY, "delete"),
        ("POST /books/<pk>/publish/", By.POLICY, "publish"),
        ("GET /books/export/", By.POLICY, "export"),
        ("GET /books/forgotten/", By.UNDECLARED, ""),
        ("GET /stubborn/", By.POLICY, "read"),
        ("GET /counted/", By.POLICY, "export"),
        ("POST /counted/", By.NOBODY, ""),
        ("GET /undeclared/", By.UNDECLARED, ""),
        ("GET /unmarked/", By.UNDECLARED, ""),
        ("GET /inside/", By.POLICY, "export"),
        ("GET /outside/", By.POLICY, "export"),
        ("GET /open/", By.NOBODY, ""),
        ("ANY /decorated/", By.POLICY, "export"),
        ("ANY /open-page/", By.NOBODY, ""),
        ("ANY /plain/", By.UNDECLARED, ""),
        ("GET /page/", By.UNDECLARED, ""),
        ("ANY /asked-by-nobody/", By.UNDECLARED, ""),
        ("GET /decided-page/", By.POLICY, "export"),
        ("POST /decided-page/", By.UNDECLARED, ""),
        ("GET /wrapped-page/", By.POLICY, "export"),
        ("GET /open-but-for/", By.NOBODY, ""),
        ("POST /open-but-for/", By.POLICY, "export"),
        ("GET /loosened/", By.UNDECLARED, ""),
        ("GET /opened/", By.UNDECLARED, ""),
        ("GET /either/", By.UNDECLARED, ""),
        ("GET /generic/", By.UNDECLARED, ""),
        ("GET /scoped/", By.POLICY, "read"),
        ("POST /handmade/<pk>/", By.POLICY, "update"),
        ("GET /ordered/", By.UNDECLARED, ""),
        ("GET /filtered/", By.UNDECLARED, ""),
        ("GET /own-filters/", By.POLICY, "read"),
        ("GET /joined/", By.POLICY, "read"),
        ("GET /tutorial/", By.UNDECLARED, ""),
        ("ANY /admin/...", By.ELSEWHERE, ""),
    ],
)
def test_each_route_is_listed_with_who_decides(by_name: dict[str, Route], name: str, by: By, action: str) -> None:
    assert (by_name[name].by, by_name[name].action) == (by, action)


def test_a_public_view_leaves_to_the_policy_what_declares_an_action(client: Any, db: None) -> None:
    with override_settings(ROOT_URLCONF=__name__):
        assert client.get("/open-but-for/").status_code == 200
        assert client.post("/open-but-for/").status_code == 401


def test_a_view_set_that_was_used_is_listed_as_before(by_name: dict[str, Route], db: None) -> None:
    with override_settings(ROOT_URLCONF=__name__):
        APIClient().get("/books/")
        assert {f"{route.method} {route.path}" for route in routes()} == set(by_name)


def test_what_is_not_decided_about_stops_the_start(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    found = check_routes()
    assert {message.id for message in found} == {"bulwark_authz.E006"}
    told = "\n".join(message.msg for message in found)
    for view in (Undeclared, Tutorial, Loosened):
        assert view.__qualname__ in told
    assert Counted.__qualname__ not in told


@pytest.mark.parametrize(("how", "codes"), [("warning", {"bulwark_authz.W001"}), ("ignored", set())])
def test_a_host_may_be_warned_instead(settings: Any, how: str, codes: set[str]) -> None:
    settings.ROOT_URLCONF = __name__
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "UNDECLARED_ROUTES": how}
    assert {message.id for message in check_routes()} == codes


def test_a_misspelt_way_is_an_error(settings: Any) -> None:
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "UNDECLARED_ROUTES": "eror"}
    assert [message.id for message in check_settings()] == ["bulwark_authz.E007"]


def test_modules_that_decide_by_themselves_are_named_with_a_reason(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "DECIDED_ELSEWHERE": {f"{__name__}.Tutorial": "a test"}}
    told = "\n".join(message.msg for message in check_routes())
    assert "Tutorial" not in told
    assert "Loosened" in told


def test_this_project_has_no_route_that_nobody_decides_about() -> None:
    assert check_routes() == []


def test_rules_and_fields_are_sentences() -> None:
    said = inventory.sentences()["library.Book"]
    assert "only rows whose tenant is the principal's" in said
    assert "viewer may read when `this.status == 'published'`" in said
    assert "editor may update" in said
    assert "nobody may update, delete when `this.on_hold == True` (on hold)" in said
    assert "author sets on create: status, title" in said
    assert "viewer sees: id, status, title" in said
    assert "author creates rows with `owner = me`" in said
    assert inventory.sentences()["library.Shelf"][-1].startswith("every field of the serializers")
    assert "library.Book" not in inventory.sentences(without={"library"})


def test_what_a_role_includes_is_told(settings: Settings) -> None:
    """Else viewers could become editors without a word of it."""
    before = inventory.markdown()
    assert "author may do what viewer may" in inventory.sentences()["Roles"]
    roles = {**settings.BULWARK_AUTHZ["ROLES"], "viewer": [], "author": ["editor"], "editor": ["viewer"]}
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "ROLES": roles}
    assert inventory.changes(before, inventory.markdown()) == [
        "no longer: Roles: author may do what viewer may",
        "no longer: Roles: editor may do what author may",
        "now: Roles: author may do what editor may",
        "now: Roles: editor may do what viewer may",
    ]


def test_a_change_is_told_by_its_meaning() -> None:
    before = "## library.Book\n\n- editor may update when `this.status == 'draft'`\n- editor may read\n"
    after = "## library.Book\n\n- editor may read\n- editor may update\n\n## Routes\n\n- `GET /x` is open\n"
    assert inventory.changes(before, after) == [
        "no longer: library.Book: editor may update when `this.status == 'draft'`",
        "now: library.Book: editor may update",
        "now: Routes: `GET /x` is open",
    ]
    assert inventory.changes(after, after) == []


def run(**options: Any) -> str:
    out = StringIO()
    call_command("authz_inventory", stdout=out, **options)
    return out.getvalue()


def test_the_command_prints_checks_and_tells(tmp_path: Path) -> None:
    page = tmp_path / "access.md"
    page.write_text(run(format="markdown"))
    assert "up to date" in run(check=str(page))
    assert "  viewer may read when" in run()
    assert "Routes" in json.loads(run(format="json"))
    page.write_text(page.read_text().replace("- editor may update\n", ""))
    with pytest.raises(CommandError, match=r"now: .*: editor may update"):
        run(check=str(page))
    out = StringIO()
    with pytest.raises(CommandError, match=r"out of date(.|\n)*--format markdown > "):
        call_command("authz_inventory", check=str(page), format="json", stdout=out)
    assert "now: library.Book: editor may update" in json.loads(out.getvalue())
    with pytest.raises(CommandError, match=r"cannot be read.*--format markdown > "):
        run(check=str(tmp_path / "missing.md"))


def test_without_a_name_the_page_of_the_settings_is_compared(tmp_path: Path, settings: Any) -> None:
    page = tmp_path / "access.md"
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "INVENTORY": str(page)}
    page.write_text(run(format="markdown"))
    out = StringIO()
    call_command("authz_inventory", "--check", "--format", "markdown", stdout=out)
    assert out.getvalue().strip() == ""


def test_the_committed_page_is_up_to_date() -> None:
    """If this fails, read what changed, then: manage.py authz_inventory --format markdown > docs/access.md"""
    assert inventory.changes(PAGE.read_text(encoding="utf-8"), inventory.markdown(without={"library"})) == []
