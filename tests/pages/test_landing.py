"""What the landing page tells, and whom."""

import json
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from config import demo, pages

WORD = "word-of-the-demo"
PERSON = {"name": "alice", "email": "alice@example.com", "password": WORD, "role": "author", "tenant": "Acme"}


@pytest.fixture
def demo_file(tmp_path: Path, settings: Settings) -> Path:
    settings.LOCAL_DIR = tmp_path
    path = tmp_path / "demo.json"
    path.write_text(json.dumps({"url": "http://127.0.0.1:8000", "users": [PERSON]}))
    return path


def test_a_stranger_reads_what_is_protected_and_not_how_well(client: Client) -> None:
    text = client.get("/").content.decode()  # without a query: this test may not use the database
    assert "Signing keys" in text
    assert 'class="state' not in text
    assert "EdDSA" not in text


@pytest.mark.django_db
def test_staff_see_the_state_of_this_server(client: Client) -> None:
    client.force_login(User.objects.create_user("erin@example.com", is_staff=True))
    text = client.get("/").content.decode()
    assert text.count('class="state ') >= 18
    assert "EdDSA" in text


@pytest.mark.django_db
def test_other_users_do_not(client: Client) -> None:
    client.force_login(User.objects.create_user("alice@example.com"))
    assert 'class="state' not in client.get("/").content.decode()


@pytest.mark.django_db
def test_it_is_open_where_the_setting_says_so(client: Client, settings: Settings) -> None:
    settings.PAGES_OPEN = True
    assert 'class="state ' in client.get("/").content.decode()


def test_the_demos_passwords_are_for_a_browser_on_this_machine(
    demo_file: Path, rf: RequestFactory, settings: Settings
) -> None:
    settings.DEBUG = True
    here, elsewhere = rf.get("/"), rf.get("/", REMOTE_ADDR="10.0.0.7")
    assert pages.demo_people(here) == [PERSON]
    assert pages.demo_people(elsewhere) == []
    demo_file.unlink()
    assert pages.demo_people(here) == []


def test_the_demos_passwords_are_not_on_a_production_page(demo_file: Path, client: Client) -> None:
    assert WORD not in client.get("/").content.decode()


def test_a_forwarded_address_does_not_make_a_caller_local(
    demo_file: Path, rf: RequestFactory, settings: Settings
) -> None:
    settings.DEBUG = True
    request = rf.get("/", REMOTE_ADDR="10.0.0.7", headers={"X-Forwarded-For": "127.0.0.1"})
    request.user = AnonymousUser()
    assert pages.demo_people(request) == []


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_read_only(client: Client, method: str) -> None:
    assert getattr(client, method)("/").status_code == 405


def test_no_page_of_ours_holds_inline_code() -> None:
    for path in (Path(pages.__file__).parent / "templates").rglob("*.html"):
        text = path.read_text()
        assert "<style" not in text, path
        assert " style=" not in text, path
        assert " on" not in {part[:3] for part in text.split('"')[::2]}, path
        assert "<script>" not in text, path


def test_a_browser_that_asks_for_the_icon_finds_it(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer["Location"]) == (302, "/static/config/icon.svg")


def test_its_links_lead_somewhere(client: Client) -> None:
    for name in ("docs", "schema", "admin:index", "admin:bulwark_auditlog_event_changelist"):
        assert client.get(reverse(name)).status_code in {200, 302, 401, 403}
    for path in ("/healthz", "/.well-known/jwks.json"):
        assert client.get(path).status_code == 200


def test_the_demo_is_marked_for_this_machine_and_with_debug_alone(
    demo_file: Path, client: Client, settings: Settings
) -> None:
    known = demo.read()
    assert known
    settings.DEBUG = True
    assert client.head("/").headers[demo.MARK_HEADER] == demo.mark(known["users"])
    assert demo.MARK_HEADER not in client.head("/", REMOTE_ADDR="10.0.0.7").headers
    settings.DEBUG = False
    assert demo.MARK_HEADER not in client.head("/").headers
