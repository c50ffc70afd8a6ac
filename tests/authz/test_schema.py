"""The OpenAPI document of a role shows the fields and operations that its holders really get."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client as Browser
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.test import APIClient

from authz.drf.schema import RoleSchemaMixin
from authz.models import Membership
from tests.authz.conftest import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class SchemaView(RoleSchemaMixin, SpectacularAPIView):
    authentication_classes = [SessionAuthentication]
    permission_classes: Any = [AllowAny]


urlpatterns = [
    path("", include("tests.authz.library.urls")),
    path("schema/", SchemaView.as_view()),
]


@pytest.fixture
def staff(cast: Cast) -> Browser:
    client = Browser()
    client.force_login(get_user_model().objects.create(email="staff@example.com", is_staff=True))
    return client


@pytest.fixture
def document(staff: Browser) -> Callable[[str], Any]:
    def read(role: str) -> Any:
        return staff.get("/schema/", {"role": role} if role else {}, headers={"Accept": "application/json"}).json()

    return read


def properties(document: Any, path: str, method: str, *, sent: bool) -> set[str]:
    operation = document["paths"][path][method]
    body = operation["requestBody"] if sent else operation["responses"]["201" if method == "post" else "200"]
    schema = body["content"]["application/json"]["schema"]
    name = schema.get("$ref", "").rpartition("/")[2]
    return set((document["components"]["schemas"][name] if name else schema).get("properties", ()))


@pytest.mark.parametrize(("name", "role"), [("bob", "viewer"), ("alice", "author"), ("dora", "editor")])
def test_what_it_shows_is_what_comes_out(
    document: Callable[[str], Any], client_of: Callable[[str], APIClient], book: Any, name: str, role: str
) -> None:
    row = book(status="published")
    assert properties(document(role), "/books/{id}/", "get", sent=False) == set(
        client_of(name).get(f"/books/{row.pk}/").json()
    )


@pytest.mark.parametrize(
    ("role", "method", "path", "fields"),
    [
        ("author", "post", "/books/", {"title", "status"}),
        ("author", "patch", "/books/{id}/", {"title", "status"}),
        ("editor", "post", "/books/", {"title", "status", "note", "pages"}),
        ("editor", "put", "/books/{id}/", {"title", "status", "note"}),  # the pages are set once
        ("editor", "patch", "/books/{id}/", {"title", "status", "note"}),
    ],
)
def test_what_it_takes_is_what_goes_in(
    document: Callable[[str], Any], role: str, method: str, path: str, fields: set[str]
) -> None:
    found = document(role)
    assert properties(found, path, method, sent=True) == fields


def test_operations_that_no_rule_gives_are_left_out(document: Callable[[str], Any]) -> None:
    whole, viewer, editor = (document(role)["paths"] for role in ("", "viewer", "editor"))
    assert {"get", "post"} <= set(whole["/books/"])
    assert set(viewer["/books/"]) == {"get"}
    assert "/books/export/" not in viewer
    assert "/books/export/" in editor
    assert "/books/forgotten/" not in editor
    assert "/open/" in viewer
    assert "/inside/" not in viewer
    assert "/inside/" in editor


def test_the_whole_document_has_every_field(document: Callable[[str], Any]) -> None:
    assert "owner" in properties(document(""), "/books/{id}/", "get", sent=False)


def test_it_can_be_asked_for_as_oneself(cast: Cast) -> None:
    client = Browser()
    client.force_login(cast.alice)
    found = client.get("/schema/", {"role": "me"}, headers={"Accept": "application/json"}).json()
    assert properties(found, "/books/{id}/", "get", sent=False) == {"id", "title", "status", "note"}
    Membership.objects.filter(user=cast.alice).update(role="viewer")
    found = client.get("/schema/", {"role": "me"}, headers={"Accept": "application/json"}).json()
    assert properties(found, "/books/{id}/", "get", sent=False) == {"id", "title", "status"}


def test_only_staff_ask_for_the_document_of_others(cast: Cast, staff: Browser) -> None:
    client = Browser()
    client.force_login(cast.alice)
    assert client.get("/schema/", {"role": "editor"}).status_code == 403
    assert Browser().get("/schema/", {"role": "editor"}).status_code == 403
    assert client.get("/schema/").status_code == 200
    refused = staff.get("/schema/", {"role": "emperor"}, headers={"Accept": "application/json"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "unknown_role")
    for role in ("anyone", "authenticated"):
        assert staff.get("/schema/", {"role": role}).status_code == 200
