"""The list of devices, and every way to end one."""

from datetime import timedelta

import pytest
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from pytest_django import Settings

from accounts import logout, sessions
from accounts.devices import device_label
from accounts.login import start_session
from accounts.models import EndReason, TokenFamily, User
from accounts.rotation import Granted, rotate_tokens
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import Sent

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def test_the_list_shows_ones_own_devices_and_marks_this_one(alice: User, bob: User, browser: Browser) -> None:
    other = Browser()
    other.log_in("bob@example.com")
    first = Browser()
    first.send("POST", "login", {"email": alice.email, "password": "wrong password here"}, **{"User-Agent": FIREFOX})
    first.client.defaults["HTTP_USER_AGENT"] = FIREFOX
    first.log_in("alice@example.com")
    browser.log_in("alice@example.com")
    results = read(browser.send("GET", "sessions"))["results"]
    assert [each["is_current"] for each in results] == [True, False]
    assert results[1]["label"] == "Firefox on Linux"
    assert results[1]["ip"] == "127.0.0.1"
    assert set(results[0]) == {
        *("id", "label", "ip", "created_at", "rotated_at", "expires_at", "transport", "is_current"),
    }


def test_ending_another_device(alice: User, browser: Browser, sent: list[Sent]) -> None:
    lost = Browser()
    lost.log_in("alice@example.com")
    browser.log_in("alice@example.com")
    family = TokenFamily.objects.order_by("created_at").first()
    assert family is not None
    sent.clear()
    assert browser.send("DELETE", f"sessions/{family.pk}").status_code == 204
    assert [(each.name, each.target) for each in sent] == [("session_revoked", family)]
    assert lost.send("GET", "me").status_code == 401
    assert lost.refresh().status_code == 401
    assert browser.send("GET", "me").status_code == 200
    assert browser.send("DELETE", f"sessions/{family.pk}").status_code == 404


@pytest.mark.parametrize("path", ["sessions", "sessions/{}"])
def test_other_devices_are_ended_after_a_recent_login_only(path: str, alice: User, browser: Browser) -> None:
    """Who finds a session open must not log its owner out everywhere else (ASVS 5.0, V7.5.2)."""
    owner = Browser()
    owner.log_in("alice@example.com")
    theirs = TokenFamily.objects.get()
    browser.log_in("alice@example.com")
    TokenFamily.objects.update(auth_time=timezone.now() - timedelta(minutes=11))
    refused = browser.send("DELETE", path.format(theirs.pk))
    assert (refused.status_code, read(refused)["code"]) == (401, "insufficient_user_authentication")
    assert owner.send("GET", "me").status_code == 200
    assert browser.reauthenticate(password=PASSWORD).status_code == 200
    assert browser.send("DELETE", path.format(theirs.pk)).status_code == 204
    assert owner.send("GET", "me").status_code == 401


def test_ending_this_device_takes_its_cookie_along(alice: User, browser: Browser) -> None:
    browser.log_in("alice@example.com", transport="cookie")
    TokenFamily.objects.update(auth_time=timezone.now() - timedelta(minutes=11))  # to log out needs no password
    response = browser.send("DELETE", f"sessions/{TokenFamily.objects.get().pk}")
    assert response.status_code == 204
    assert response.cookies["__Host-refresh"].value == ""
    assert browser.send("GET", "me").status_code == 401


def test_nobody_ends_a_session_of_somebody_else(alice: User, bob: User, browser: Browser) -> None:
    other = Browser()
    other.log_in("bob@example.com")
    theirs = TokenFamily.objects.get()
    browser.log_in("alice@example.com")
    assert browser.send("DELETE", f"sessions/{theirs.pk}").status_code == 404
    assert other.send("GET", "me").status_code == 200


def test_ending_the_others(alice: User, browser: Browser, sent: list[Sent]) -> None:
    others = [Browser(), Browser()]
    for each in others:
        each.log_in("alice@example.com")
    browser.log_in("alice@example.com")
    sent.clear()
    assert browser.send("DELETE", "sessions").status_code == 204
    assert sent[-1].data == {"reason": "revoked", "by": "user", "sessions": 2}
    assert [each.send("GET", "me").status_code for each in (browser, *others)] == [200, 401, 401]


def test_logging_out_everywhere(alice: User, bob: User, browser: Browser, sent: list[Sent]) -> None:
    other, bobs = Browser(), Browser()
    other.log_in("alice@example.com")
    bobs.log_in("bob@example.com")
    browser.log_in("alice@example.com")
    sent.clear()
    response = browser.send("POST", "logout-all")
    assert response.status_code == 204
    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert [(each.name, each.data) for each in sent] == [("logged_out_everywhere", {"sessions": 2})]
    assert [each.send("GET", "me").status_code for each in (browser, other, bobs)] == [401, 401, 200]


@pytest.mark.parametrize("by", ["body", "cookie", "access token"])
def test_logging_out_works_with_any_token_and_twice(by: str, alice: User, browser: Browser, sent: list[Sent]) -> None:
    browser.log_in("alice@example.com", transport="cookie" if by == "cookie" else "body")
    sent.clear()
    body = {"refresh": browser.refresh_token} if by == "body" else {}
    header = f"Bearer {browser.access}" if by == "access token" else ""
    for _ in range(2):
        response = browser.send("POST", "logout", body, Authorization=header)
        assert response.status_code == 204
    assert [each.name for each in sent] == ["logged_out"]
    assert TokenFamily.objects.get().revoke_reason == EndReason.LOGOUT
    assert browser.send("GET", "me").status_code == 401
    assert browser.refresh().status_code in {401, 403}


def test_logging_out_ends_the_session_of_the_cookie_that_it_takes_away(alice: User, browser: Browser) -> None:
    browser.log_in("alice@example.com", transport="cookie")
    browser.log_in("alice@example.com")
    response = browser.send("POST", "logout", {"refresh": browser.refresh_token}, Origin="https://testserver")
    assert response.cookies["__Host-refresh"].value == ""
    assert [each.revoke_reason for each in TokenFamily.objects.all()] == [EndReason.LOGOUT] * 2


def test_a_refresh_with_two_tokens_is_one_of_the_body(alice: User, browser: Browser) -> None:
    browser.log_in("alice@example.com", transport="cookie")
    browser.log_in("alice@example.com")
    response = browser.refresh()
    assert read(response)["refresh"]
    assert response.cookies == {}
    assert [each.generation for each in TokenFamily.objects.order_by("created_at")] == [1, 2]
    # What is wrong with one does not take the other along.
    assert browser.refresh("rubbish").status_code == 401
    assert browser.refresh("").status_code == 200
    assert [each.generation for each in TokenFamily.objects.order_by("created_at")] == [2, 2]


def test_logging_out_works_after_the_tokens_have_expired(alice: User, browser: Browser, call: HttpRequest) -> None:
    past = timezone.now() - timedelta(days=8)
    for token in ("access", "refresh"):
        granted = start_session(alice, transport="body", amr=["pwd"], request=call, now=past)
        if token == "access":
            browser.send("POST", "logout", {}, Authorization=f"Bearer {granted.access}")
        else:
            browser.send("POST", "logout", {"refresh": granted.refresh})
        granted.family.refresh_from_db()
        assert granted.family.revoke_reason == EndReason.LOGOUT


@pytest.mark.parametrize("body", [{}, {"refresh": "rubbish"}, {"refresh": "a.b.c"}])
def test_logging_out_of_nothing_is_fine(body: dict[str, str], browser: Browser, db: None, sent: list[Sent]) -> None:
    assert browser.send("POST", "logout", body, Authorization="Bearer rubbish").status_code == 204
    assert sent == []


def test_the_oldest_session_makes_room(settings: Settings, alice: User, sent: list[Sent]) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MAX_SESSIONS": 2}
    devices = [Browser() for _ in range(3)]
    for each in devices:
        each.log_in("alice@example.com")
    assert [each.send("GET", "me").status_code for each in devices] == [401, 200, 200]
    oldest = TokenFamily.objects.get(revoked_at__isnull=False)
    assert oldest.revoke_reason == EndReason.TOO_MANY
    told = {"reason": "too_many", "by": "limit", "sessions": 1}
    assert [(each.user, each.target, each.data) for each in sent if each.name == "session_revoked"] == [
        (alice, oldest, told)
    ]


def test_a_lower_limit_ends_several_at_once(settings: Settings, alice: User, sent: list[Sent]) -> None:
    for _ in range(3):
        Browser().log_in("alice@example.com")
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MAX_SESSIONS": 1}
    Browser().log_in("alice@example.com")
    (told,) = [each for each in sent if each.name == "session_revoked"]
    assert (told.target, told.data) == (None, {"reason": "too_many", "by": "limit", "sessions": 3})


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("curl/8.5.0", "curl"),
        ("python-httpx/0.28.1", "Python"),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)
def test_devices_have_names(user_agent: str, label: str) -> None:
    assert device_label(user_agent) == label


def test_a_long_user_agent_is_cut(alice: User, browser: Browser) -> None:
    browser.client.defaults["HTTP_USER_AGENT"] = "x" * 5000
    assert browser.log_in("alice@example.com").status_code == 200
    assert TokenFamily.objects.get().user_agent == "x" * 256


class Replicated:
    """Sends reads to a database that is not there."""

    def db_for_read(self, model: type[Model], **hints: object) -> str:
        return "replica"

    def db_for_write(self, model: type[Model], **hints: object) -> str:
        return "default"


def test_sessions_are_read_where_they_are_written(alice: User, call: HttpRequest, settings: Settings) -> None:
    """On a replica that lags, a session that has ended would be alive, and the token just given out a replay."""
    granted = start_session(alice, transport="body", amr=["pwd"], request=call, now=timezone.now())
    settings.DATABASE_ROUTERS = [Replicated()]
    assert sessions.find(granted.family.pk) == granted.family
    rotated = rotate_tokens(granted.refresh, request=None, now=timezone.now())
    assert isinstance(rotated, Granted)
    assert logout.log_out(rotated.refresh, None, request=call, now=timezone.now())
