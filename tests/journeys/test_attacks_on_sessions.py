"""Attacks on sessions through the whole stack, each with the event that it leaves."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import TokenFamily, User
from auditlog.models import Event
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import make_user
from tests.accounts.forging import signed

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return make_user("alice")


@pytest.fixture
def owner(alice: User) -> Browser:
    browser = Browser()
    assert browser.log_in("alice@example.com").status_code == 200
    return browser


def last_event(type_: str) -> Event:
    found = Event.objects.filter(type=type_).order_by("pk").last()
    assert found is not None, f"no event {type_}"
    return found


def later(seconds: int) -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=False)


@pytest.mark.parametrize("first", ["thief", "owner"])
def test_a_reused_refresh_token_ends_the_family(first: str, owner: Browser) -> None:
    """Whoever comes second, thief or owner, ends the session for both."""
    thief, stolen = Browser(), owner.refresh_token
    one, other = (thief, owner) if first == "thief" else (owner, thief)
    assert one.refresh(stolen).status_code == 200
    with later(60):
        refused = other.refresh(stolen)
        assert (refused.status_code, read(refused)["code"]) == (401, "token_reused")
        assert one.send("GET", "me").status_code == 401
        assert one.refresh().status_code == 401
    event = last_event("accounts.token_reuse_detected")
    assert event.outcome == "refused"
    assert event.session == str(TokenFamily.objects.get().pk)


def test_a_thief_within_the_grace_period_is_found_out_at_the_next_refresh(owner: Browser) -> None:
    """For ten seconds both hold the same successor; the second of them to use it later ends the session."""
    thief, stolen = Browser(), owner.refresh_token
    assert owner.refresh().status_code == 200
    assert thief.refresh(stolen).status_code == 200
    assert thief.refresh_token == owner.refresh_token
    with later(60):
        assert thief.refresh().status_code == 200
    with later(120):
        assert owner.refresh().status_code == 401
        assert thief.refresh().status_code == 401


def test_a_stolen_access_token_dies_with_the_session(owner: Browser) -> None:
    thief = Browser()
    thief.access = owner.access
    assert thief.send("GET", "me").status_code == 200
    owner.send("POST", "logout", {"refresh": owner.refresh_token})
    assert thief.send("GET", "me").status_code == 401
    assert last_event("accounts.token_rejected").outcome == "refused"


def test_a_token_with_more_rights_written_into_it_is_refused(owner: Browser) -> None:
    thief = Browser()
    header, _, signature = owner.access.split(".")
    claims = signed(owner.access, claims=lambda c: c.update(tenant="another")).split(".")[1]
    thief.access = f"{header}.{claims}.{signature}"
    assert thief.send("GET", "me").status_code == 401
    assert last_event("accounts.token_rejected").reason == "signature"


def test_a_deactivated_account_stops_at_once(owner: Browser, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert owner.send("GET", "me").status_code == 401
    assert owner.refresh().status_code == 401
    assert owner.log_in("alice@example.com").status_code == 401


def test_a_password_set_in_the_shell_ends_the_sessions(owner: Browser, alice: User) -> None:
    alice.set_password("another password, just as long")
    alice.save()
    assert owner.send("GET", "me").status_code == 401
    assert owner.refresh().status_code == 401


def test_guessing_passwords_is_stopped_and_the_owner_is_not(alice: User) -> None:
    owner, mallory = Browser(), Browser()
    owner.client.defaults["REMOTE_ADDR"] = "192.0.2.1"
    assert owner.log_in("alice@example.com").status_code == 200
    mallory.client.defaults["REMOTE_ADDR"] = "192.0.2.66"
    statuses = [mallory.log_in("alice@example.com", password=f"guess number {n}").status_code for n in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    assert last_event("edge.request_throttled").src_ip == "192.0.2.66"
    assert [owner.log_in("alice@example.com").status_code for _ in range(6)] == [200] * 6


def test_finding_out_who_has_an_account(alice: User) -> None:
    mallory = Browser()
    pairs = [
        ("POST", "login", {"password": "not the password"}),
        ("POST", "register", {"password": PASSWORD}),
        ("POST", "email/resend", {}),
        ("POST", "password/reset", {}),
    ]
    for method, path, body in pairs:
        answers = []
        for email in ("alice@example.com", "nobody@example.com"):
            response = mallory.send(method, path, {**body, "email": email})
            answer = read(response)
            answer.pop("request_id", None)
            answers.append((response.status_code, answer))
        assert answers[0] == answers[1], path


def test_a_refresh_token_in_the_wrong_place_opens_nothing(owner: Browser) -> None:
    thief = Browser()
    thief.access = owner.refresh_token
    assert thief.send("GET", "me").status_code == 401
    assert thief.refresh(owner.access).status_code == 401


def test_one_session_does_not_end_anothers(owner: Browser) -> None:
    make_user("bob")
    bob = Browser()
    bob.log_in("bob@example.com")
    theirs = read(owner.send("GET", "sessions"))["results"][0]["id"]
    assert bob.send("DELETE", f"sessions/{theirs}").status_code == 404
    assert owner.send("GET", "me").status_code == 200
