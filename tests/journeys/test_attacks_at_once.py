"""Whatever is sent six times at the same moment happens once, and is never answered by an error of the server.

Tokens, codes and second factors race in tests/accounts. SQLite lets one writer in at a time: this is PostgreSQL's.
"""

import re
from typing import Any

import pytest
from django.core import mail
from pytest_django import Settings

from accounts.models import TokenFamily, User
from articles.models import Article
from auditlog.models import Event
from authz.models import Membership
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import make_user
from tests.accounts.racing import at_once
from tests.accounts.test_races import on_a_server

from .main_job import ARTICLES, fields, recorded

pytestmark = [on_a_server, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
RACERS = 6
NEW = "another password, just as long"


@pytest.fixture(autouse=True)
def unlimited(settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}


@pytest.fixture
def browser() -> Browser:
    make_user("alice")
    browser = Browser()
    browser.log_in("alice@example.com")
    return browser


def token() -> str:
    found = re.search(r"#token=(\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def race(method: str, path: str, body: Any = None, browser: Browser | None = None, **headers: str) -> list[int]:
    """Send the same request from as many threads as there are racers; return the statuses, sorted."""

    def send() -> tuple[int, dict[str, Any]]:
        own = Browser()
        own.access = browser.access if browser else ""
        return own.send(method, path, body, **headers).status_code, {}

    statuses = sorted(status for status, _ in at_once([send] * RACERS))
    assert max(statuses) < 500, statuses
    return statuses


def test_registering_makes_one_account() -> None:
    body = {"email": "dora@example.com", "password": PASSWORD, "name": "Dora"}
    assert race("POST", "register", body) == [202] * RACERS
    assert User.objects.filter(email="dora@example.com").count() == 1


def test_a_verified_address_makes_one_workspace() -> None:
    Browser().send("POST", "register", {"email": "dora@example.com", "password": PASSWORD, "name": "Dora"})
    assert race("POST", "email/verify", {"token": token()}) == [200, *[400] * (RACERS - 1)]
    assert Membership.objects.filter(user__email="dora@example.com").count() == 1
    assert Event.objects.filter(type="accounts.email_verified", outcome="success").count() == 1


def test_a_reset_link_sets_one_password(browser: Browser) -> None:
    browser.send("POST", "password/reset", {"email": "alice@example.com"})
    body = {"token": token(), "new_password": NEW}
    assert race("POST", "password/reset/confirm", body) == [204, *[400] * (RACERS - 1)]
    assert not TokenFamily.objects.filter(revoked_at=None).exists()
    assert Browser().log_in("alice@example.com", password=NEW).status_code == 200


def test_a_password_is_changed_once(browser: Browser) -> None:
    body = {"current_password": PASSWORD, "new_password": NEW}
    statuses = race("POST", "password/change", body, browser)
    assert statuses.count(204) == 1
    assert len(recorded("accounts.password_changed")) >= 1
    assert Browser().log_in("alice@example.com", password=NEW).status_code == 200


def test_an_address_is_changed_once(browser: Browser) -> None:
    browser.send("POST", "email/change", {"email": "alice@new.example.com"})
    assert race("POST", "email/change/confirm", {"token": token()}) == [200, *[400] * (RACERS - 1)]
    assert User.objects.get().email == "alice@new.example.com"


@pytest.mark.parametrize("path", ["logout-all", "logout"])
def test_a_session_ends_once(path: str, browser: Browser) -> None:
    assert set(race("POST", path, {"refresh": browser.refresh_token}, browser)) <= {200, 204, 401}
    assert not TokenFamily.objects.filter(revoked_at=None).exists()


def test_a_session_is_ended_from_the_list_once(browser: Browser) -> None:
    (found,) = read(browser.send("GET", "sessions"))["results"]
    assert set(race("DELETE", f"sessions/{found['id']}", None, browser)) <= {204, 401, 404}
    assert not TokenFamily.objects.filter(revoked_at=None).exists()


def test_an_account_is_deleted_once(browser: Browser) -> None:
    statuses = race("DELETE", "me", {"password": PASSWORD}, browser)
    assert set(statuses) <= {204, 401, 422}
    assert recorded("accounts.account_deleted") == ["accounts.account_deleted"]
    assert not User.objects.filter(email="alice@example.com").exists()


@pytest.fixture
def writer() -> Browser:
    """Somebody with a workspace."""
    browser = Browser()
    browser.send("POST", "register", {"email": "dora@example.com", "password": PASSWORD, "name": "Dora"})
    browser.send("POST", "email/verify", {"token": token()})
    assert browser.log_in("dora@example.com").status_code == 200
    return browser


def test_an_article_is_changed_published_and_deleted_once(writer: Browser) -> None:
    assert race("POST", ARTICLES, fields(), writer) == [201] * RACERS
    assert Article.objects.count() == RACERS
    article = read(writer.send("GET", ARTICLES))["results"][0]
    path = f"{ARTICLES}{article['id']}/"
    once, others = [200], [412] * (RACERS - 1)
    for method, to, body in (("PATCH", path, {"title": "Another title"}), ("POST", f"{path}publish", None)):
        seen = writer.send("GET", path)["ETag"]
        assert race(method, to, body, writer, **{"If-Match": seen}) == once + others
    statuses = race("DELETE", path, None, writer, **{"If-Match": writer.send("GET", path)["ETag"]})
    assert statuses.count(204) == 1
    assert set(statuses) <= {204, 404, 412}
    for kind in ("updated", "published", "deleted"):
        assert len(recorded(f"articles.article_{kind}")) == 1


def test_links_and_mails_are_asked_for_at_once(browser: Browser) -> None:
    for path, body in {
        "password/reset": {"email": "alice@example.com"},
        "email/resend": {"email": "alice@example.com"},
        "email/change": {"email": "alice@new.example.com"},
    }.items():
        assert race("POST", path, body, browser) == [202] * RACERS
