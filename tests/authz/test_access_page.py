"""The page of the admin that tells who may do what: the same answer as the engine's, to those who may see the rows."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from authz import registry
from authz.files import loading
from authz.matrix import Extent, extent, matrix
from tests.authz.conftest import Cast
from tests.authz.library.models import Book, Loan, Shelf

pytestmark = pytest.mark.django_db

URL = "/admin/bulwark_authz/membership/access/"


@pytest.fixture
def admin(cast: Cast) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("admin@example.com", "a long enough one"))
    return client


def question(row: Any, **values: str) -> dict[str, str]:
    return {"user": "alice@example.com", "model": "library.Book", "object": str(row.pk), "action": "update", **values}


def test_it_is_linked_from_the_memberships(admin: Client) -> None:
    assert reverse("admin:bulwark_authz_access") == URL
    assert URL in admin.get("/admin/bulwark_authz/membership/").content.decode()


@pytest.mark.parametrize(
    ("values", "heading", "parts"),
    [
        ({}, "Allowed", ["allowed to &#x27;author&#x27;", "this.status == &#x27;draft&#x27;", "policies.py:"]),
        ({"action": "delete", "user": "bob@example.com"}, "Denied", ["no rule allows", "not asked"]),
        ({"user": "charlie@example.com"}, "Denied", ["of another tenant"]),
        ({"user": "dora@example.com", "action": "publish"}, "Denied", ["no rule allows", "env.ip.within"]),
        ({"user": "dora@example.com", "action": "publish", "ip": "127.0.0.1"}, "Allowed", ["allowed to"]),
    ],
)
def test_it_tells_the_decision_with_its_grounds(
    admin: Client, cast: Cast, values: dict[str, str], heading: str, parts: list[str]
) -> None:
    row = Book.objects.create(tenant=cast.acme, owner=cast.alice, title="<script>alert(1)</script>")
    said = admin.get(URL, question(row, **values)).content.decode()
    assert f'<h2 id="authz-answer">{heading}</h2>' in said
    assert [part for part in parts if part not in said] == []


def test_a_membership_in_another_tenant_is_asked_for(admin: Client, cast: Cast) -> None:
    row = Book.objects.create(tenant=cast.acme, owner=cast.alice)
    said = admin.get(URL, question(row, tenant=str(cast.other.pk))).content.decode()
    assert "the row is of another tenant" in said


@pytest.mark.parametrize(
    "wrong",
    [
        {"user": "nobody-at-all"},
        {"user": "\x00"},
        {"user": "9" * 200},
        {"object": "x"},
        {"object": "\N{GRINNING FACE}"},
        {"model": "auth.Group"},
        {"model": "library.Loan"},
        {"action": "nonsense"},
        {"tenant": "x"},
        {"ip": "1.2.3"},
        {"object": ""},
    ],
)
def test_what_is_not_there_is_a_fault_of_the_form(admin: Client, cast: Cast, wrong: dict[str, str]) -> None:
    row = Book.objects.create(tenant=cast.acme)
    answer = admin.get(URL, question(row, **wrong))
    assert answer.status_code in {200, 400}
    if answer.status_code == 200:
        assert "errorlist" in answer.content.decode()
        assert "authz-answer" not in answer.content.decode().partition("<form")[2].partition("</form>")[2][:200]


def test_only_what_an_administrator_may_see_is_told(cast: Cast) -> None:
    """An explanation has values of the row in it."""
    row = Book.objects.create(tenant=cast.acme, owner=cast.alice, title="secret")
    staff = get_user_model().objects.create(email="staff@example.com", is_staff=True)
    client = Client()
    client.force_login(staff)
    assert client.get(URL).status_code == 403
    staff.user_permissions.add(Permission.objects.get(codename="view_membership"))
    said = client.get(URL, question(row)).content.decode()
    assert "authz-answer" not in said
    assert "authz-matrix" not in said
    staff.user_permissions.add(Permission.objects.get(codename="view_book"))
    assert 'id="authz-answer"' in client.get(URL, question(row)).content.decode()
    assert "library.Shelf" not in client.get(URL).content.decode()


def test_strangers_are_sent_to_the_login_and_nothing_is_posted(admin: Client) -> None:
    assert Client().get(URL).status_code == 302
    assert admin.post(URL, {}).status_code == 405


def test_the_matrix_tells_what_each_role_may() -> None:
    policy = registry.policy_of(Book)
    assert policy is not None
    found = matrix(policy)
    lines = {line.role: dict(zip(found.actions, line.extents, strict=True)) for line in found.lines}
    assert list(lines)[:2] == ["anyone", "authenticated"]
    assert lines["viewer"]["read"] is Extent.SOMETIMES
    assert lines["viewer"]["update"] is Extent.NEVER
    assert lines["editor"]["read"] is Extent.ALWAYS
    assert lines["editor"]["update"] is Extent.SOMETIMES  # what is on hold is for nobody
    assert lines["admin"]["read"] is Extent.ALWAYS  # an admin is an editor
    assert set(lines["anyone"].values()) == {Extent.NEVER}
    shelves = registry.policy_of(Shelf)
    assert shelves is not None
    assert {line.role for line in matrix(shelves).lines if Extent.ALWAYS in line.extents} == set(lines) - {"anyone"}


def test_policy_files_are_in_the_matrix(tmp_path: Any, settings: Settings, admin: Client) -> None:
    (tmp_path / "x.toml").write_text(
        "[[forbid]]\nmodel='library.Book'\nactions=['delete']\nrole='editor'\nwhy='never'\n"
    )
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "POLICY_FILES": tmp_path}
    loading.refresh(at_once=True)
    assert extent(Book, "delete", frozenset({"editor"})) is Extent.NEVER
    assert extent(Book, "delete", frozenset({"author"})) is Extent.SOMETIMES
    assert extent(Loan, "read", frozenset({"editor"})) is Extent.NEVER
    assert "no editor may delete (never)" in admin.get(URL).content.decode()


def test_the_page_costs_the_same_however_many_rows_there_are(
    admin: Client, cast: Cast, django_assert_num_queries: Any
) -> None:
    admin.get(URL)
    with django_assert_num_queries(3):  # the session, the user, the tenants to choose from
        admin.get(URL)
