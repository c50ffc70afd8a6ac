"""Attacks on accounts by way of their mail."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from accounts.models import TokenFamily, User
from auditlog.models import Event
from tests.accounts.browser import PASSWORD, Browser
from tests.accounts.conftest import make_user

pytestmark = pytest.mark.django_db
NEW = "another password, just as long"


@pytest.fixture(autouse=True)
def unlimited(settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}


@pytest.fixture
def alice() -> User:
    return make_user("alice")


def mailed_token(index: int = -1) -> str:
    found = re.search(r"#token=(\S+)", str(mail.outbox[index].body))
    assert found
    return found[1]


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Forwarded-Server", "Forwarded"])
@pytest.mark.parametrize("path", ["password/reset", "email/resend", "register", "email/change"])
def test_a_reset_poisoned_by_the_host_header(header: str, path: str, alice: User, settings: Settings) -> None:
    """Mallory asks for alice's link under a host of her own, and waits for alice's click."""
    settings.ALLOWED_HOSTS = ["*"]
    make_user("bob", email_verified_at=None)
    value = "host=evil.example" if header == "Forwarded" else "evil.example"
    asking = Browser()
    asking.log_in(alice.email)
    for name in ("alice", "bob", "new"):
        body = {"email": f"{name}@example.com"} | ({"password": PASSWORD} if path == "register" else {})
        assert asking.send("POST", path, body, **{header: value}).status_code == 202
    assert mail.outbox
    for message in mail.outbox:
        assert "evil.example" not in str(message.message())
        for link in re.findall(r"https?://\S+", str(message.body)):
            assert link.startswith("https://testserver")


def test_a_link_used_twice(alice: User) -> None:
    browser = Browser()
    browser.send("POST", "password/reset", {"email": alice.email})
    body = {"token": mailed_token(), "new_password": NEW}
    assert browser.send("POST", "password/reset/confirm", body).status_code == 204
    body["new_password"] = "mallory's password, long enough"
    assert browser.send("POST", "password/reset/confirm", body).status_code == 400
    assert browser.log_in(alice.email, password=NEW).status_code == 200


def test_a_link_kept_until_after_a_change_of_the_password(alice: User) -> None:
    """Mallory has read alice's mail once; alice notices, and changes the password."""
    browser = Browser()
    browser.log_in(alice.email)
    browser.send("POST", "password/reset", {"email": alice.email})
    stolen = mailed_token()
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert browser.send("POST", "password/change", body).status_code == 204
    body = {"token": stolen, "new_password": "mallory's password, long enough"}
    assert Browser().send("POST", "password/reset/confirm", body).status_code == 400


def test_enumeration_over_every_route_that_mails(alice: User) -> None:
    """By status, body and headers; by time and statements: tests/accounts/test_mail.py."""
    owner = Browser()
    owner.log_in(alice.email)
    make_user("bob", email_verified_at=None)
    make_user("carol", is_active=False)
    for path in ("register", "email/resend", "password/reset", "email/change"):
        told = set()
        for name in ("bob", "carol", "nobody"):
            body = {"email": f"{name}@example.com"} | ({"password": PASSWORD} if path == "register" else {})
            answer = (owner if path == "email/change" else Browser()).send("POST", path, body)
            told.add((answer.status_code, answer.content, answer.get("Set-Cookie", "")))
        assert len(told) == 1, path


def test_an_address_changed_from_a_session_left_open(alice: User) -> None:
    """Mallory sits down at alice's unlocked machine, an hour after the login."""
    browser = Browser()
    browser.log_in(alice.email)
    TokenFamily.objects.update(auth_time=timezone.now() - timedelta(hours=1))
    answers = [
        browser.send("POST", "email/change", {"email": "mallory@example.com"}),
        browser.send("DELETE", "me"),
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert User.objects.get().email == alice.email
    assert all(message.to == [alice.email] for message in mail.outbox)


def test_a_thief_who_changes_address_and_password_twice_is_undone(alice: User) -> None:
    thief = Browser()
    thief.log_in(alice.email)
    thief.send("POST", "email/change", {"email": "mallory@example.com"})
    Browser().send("POST", "email/change/confirm", {"token": mailed_token()})
    back = mailed_token()
    thief.log_in("mallory@example.com")
    thief.send("POST", "password/change", {"current_password": PASSWORD, "new_password": NEW})
    thief.log_in("mallory@example.com", password=NEW)
    thief.send("POST", "email/change", {"email": "mallory@example.org"})
    Browser().send("POST", "email/change/confirm", {"token": mailed_token()})
    again = mailed_token()
    assert User.objects.get().email == "mallory@example.org"
    assert Browser().send("POST", "email/change/undo", {"token": back}).status_code == 200
    assert User.objects.get().email == alice.email
    assert Browser().send("POST", "email/change/undo", {"token": again}).status_code == 400
    assert thief.send("GET", "me").status_code == 401
    assert Browser().log_in(alice.email, password=NEW).status_code == 401


@pytest.mark.parametrize("is_verified", [False, True])
def test_the_way_back_blocked_by_a_new_account(is_verified: bool, alice: User) -> None:
    """The thief registers the old address again, so that it is taken; who can verify it reads alice's mail, though."""
    thief = Browser()
    thief.log_in(alice.email)
    thief.send("POST", "email/change", {"email": "mallory@example.com"})
    Browser().send("POST", "email/change/confirm", {"token": mailed_token()})
    back = mailed_token()
    Browser().send("POST", "register", {"email": alice.email, "password": PASSWORD, "name": "Mallory"})
    if is_verified:
        Browser().send("POST", "email/verify", {"token": mailed_token()})
    squatter = User.objects.get(email=alice.email)
    status = Browser().send("POST", "email/change/undo", {"token": back}).status_code
    squatter.refresh_from_db()
    if is_verified:
        assert (status, squatter.email, squatter.is_active) == (400, alice.email, True)
        return
    assert status == 200
    assert User.objects.get(email=alice.email).pk == alice.pk
    assert (squatter.name, squatter.is_active, squatter.has_usable_password()) == ("", False, False)
    told = Event.objects.get(type="accounts.email_change_undone")
    assert told.data == {"sessions": 0, "displaced": str(squatter.pk)}
