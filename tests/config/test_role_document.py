"""This project's OpenAPI document by role: the fields and operations of articles that a role really gets."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    client = Client(headers={"Accept": "application/json"})
    client.force_login(get_user_model().objects.create(email="staff@example.com", is_staff=True))
    return client


def document(staff: Client, role: str) -> Any:
    return staff.get("/api/v1/schema/", {"role": role}).json()


@pytest.mark.parametrize(
    ("role", "extra", "methods"),
    [
        ("viewer", set(), {"get"}),
        ("author", {"version"}, {"get", "put", "patch", "delete"}),
        ("editor", {"version", "legal_hold"}, {"get", "put", "patch", "delete"}),
        ("admin", {"version", "legal_hold", "tenant"}, {"get", "put", "patch", "delete"}),
    ],
)
def test_a_role_sees_its_own_fields_and_operations(
    staff: Client, role: str, extra: set[str], methods: set[str]
) -> None:
    found = document(staff, role)
    shown = set(found["components"]["schemas"]["ArticleAnswer"]["properties"])
    assert shown & {"version", "legal_hold", "tenant"} == extra
    assert {"id", "title", "body"} <= shown
    operations = next(item for path, item in found["paths"].items() if path.startswith("/api/v1/articles/{"))
    assert methods == set(operations) & {"get", "put", "patch", "delete"}


def test_what_no_policy_decides_stays(staff: Client) -> None:
    assert "/api/v1/auth/login" in document(staff, "viewer")["paths"]
