"""Who a request is made by, in both modes, and what it costs."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import denylist, sessions, signals
from accounts.authentication import JWTAuthentication, subject
from accounts.login import start_session
from accounts.models import EndReason, TokenFamily, User
from accounts.rotation import Granted
from tests.accounts.browser import PASSWORD, Browser
from tests.accounts.conftest import Sent
from tests.accounts.counting import queries


def grant_to(user: User) -> Granted:
    request = RequestFactory().get("/")
    return start_session(user, transport="body", amr=["pwd"], request=request, now=timezone.now())


def family_of(user: User) -> TokenFamily:
    return grant_to(user).family


def request_with(token: str) -> Request:
    return Request(RequestFactory().get("/", headers={"Authorization": f"Bearer {token}"}))


@pytest.fixture
def stateless(settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MODE": "stateless"}


def authenticate(token: str) -> Any:
    return JWTAuthentication().authenticate(request_with(token))


def test_a_request_costs_one_query(alice: User) -> None:
    granted = grant_to(alice)
    with queries() as sql:
        user, auth = authenticate(granted.access)
        assert user == alice
        assert user.email == "alice@example.com"
        assert auth.family == granted.family
        assert auth.family.authorization_version == 0
        assert (auth.tenant, auth["sub"], auth.get("nothing", 7)) == ("", str(alice.pk), 7)
    assert len(sql) == 1


def test_the_asynchronous_way_is_the_same(alice: User) -> None:
    token = grant_to(alice).access
    with queries() as sql:
        user, auth = async_to_sync(_alone)(token)
        assert (user, auth.claims["sub"], auth.family.authorization_version) == (alice, str(alice.pk), 0)
    assert len(sql) == 1


async def _alone(token: str) -> Any:
    return await JWTAuthentication().aauthenticate(request_with(token))


def test_the_asynchronous_way_refuses_the_same(alice: User) -> None:
    granted = grant_to(alice)
    sessions.end(granted.family, now=timezone.now(), reason="test")
    with pytest.raises(AuthenticationFailed):
        async_to_sync(_alone)(granted.access)


def test_the_asynchronous_way_tells_of_a_refusal_where_the_database_may_be_used(alice: User) -> None:
    """As the audit log does: in the event loop it would get an error, and the refusal would not be recorded."""
    granted, told = grant_to(alice), []

    def count(**_: Any) -> None:
        told.append(TokenFamily.objects.count())

    sessions.end(granted.family, now=timezone.now(), reason="test")
    signals.token_rejected.connect(count)
    try:
        with pytest.raises(AuthenticationFailed):
            async_to_sync(_alone)(granted.access)
    finally:
        signals.token_rejected.disconnect(count)
    assert told == [1]


def test_the_asynchronous_way_reads_the_denylist_outside_the_event_loop(
    stateless: None, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that hangs would hold every other request up."""
    token, is_blocking = grant_to(alice).access, []

    def denies(_: str) -> bool:
        is_blocking.append(asyncio._get_running_loop() is not None)
        return False

    monkeypatch.setattr(denylist, "denies", denies)
    assert async_to_sync(_alone)(token)[0].pk == alice.pk
    assert is_blocking == [False]


def test_nobody_is_nobody(db: None) -> None:
    assert JWTAuthentication().authenticate(Request(RequestFactory().get("/"))) is None


@pytest.mark.parametrize("mode", ["session", "stateless"])
@pytest.mark.parametrize("ending", ["logout", "logout-all", "password", "deactivation", "address", "reset", "deletion"])
@pytest.mark.django_db(transaction=True)
def test_what_ends_a_session_counts_on_the_next_request(mode: str, ending: str, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MODE": mode}
    alice = User.objects.create_user("alice@example.com", PASSWORD, email_verified_at=timezone.now())
    browser, other = Browser(), Browser()
    browser.log_in("alice@example.com")
    other.log_in("alice@example.com")
    assert browser.send("GET", "me").status_code == 200
    if ending == "logout":
        browser.send("POST", "logout", {"refresh": browser.refresh_token}, Authorization="")
    elif ending == "logout-all":
        other.send("POST", "logout-all")
    elif ending == "password":
        alice.set_password("another password, just as long")
        alice.save()
    elif ending == "deactivation":
        alice.is_active = False
        alice.save(update_fields=["is_active"])
    elif ending == "deletion":
        User.objects.filter(pk=alice.pk).delete()
    elif ending == "address":
        alice.email = "new@example.com"
        alice.save()
    else:
        sessions.end_all(TokenFamily.objects.of(alice), now=timezone.now(), reason=EndReason.PASSWORD_RESET)
    assert browser.send("GET", "me").status_code == 401
    assert browser.refresh().status_code == 401


@pytest.mark.parametrize("mode", ["session", "stateless"])
def test_who_is_active_again_has_none_of_the_old_sessions(
    mode: str, settings: Settings, alice: User, browser: Browser
) -> None:
    """Also those that nobody has shown in between, which no request has judged."""
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MODE": mode}
    browser.log_in("alice@example.com")
    alice.refresh_from_db()
    for is_active in (False, True):
        alice.is_active = is_active
        alice.save()
    assert browser.refresh().status_code == 401
    assert TokenFamily.objects.get().revoke_reason == EndReason.DEACTIVATED


def test_a_plain_save_ends_nothing(stateless: None, alice: User, browser: Browser) -> None:
    browser.log_in("alice@example.com")
    alice.refresh_from_db()
    alice.name = "Alice Liddell"
    alice.save()
    assert browser.send("GET", "me").status_code == 200


def test_a_better_hash_of_the_same_password_ends_nothing(alice: User, browser: Browser, settings: Settings) -> None:
    """Django rehashes an old hash at login; to other sessions that must not look like a new password."""
    browser.log_in("alice@example.com")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    before = User.objects.get().password
    other = Browser()
    assert other.log_in("alice@example.com").status_code == 200
    assert User.objects.get().password != before
    assert browser.send("GET", "me").status_code == 200
    assert browser.refresh().status_code == 200
    # Nor when Django's own door is used.
    assert User.objects.get().check_password(PASSWORD)


def test_stateless_needs_no_query(stateless: None, alice: User) -> None:
    granted = grant_to(alice)
    with queries() as sql:
        user, auth = authenticate(granted.access)
        assert (user.pk, user.is_authenticated, auth.family.pk) == (alice.pk, True, granted.family.pk)
        assert auth.tenant == ""
    assert sql == []
    with queries() as sql:
        assert user.email == "alice@example.com"  # loads when it is touched, and only what is touched
    assert len(sql) == 1


def test_when_the_denylist_is_down_the_database_decides(
    stateless: None, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted = grant_to(alice)
    TokenFamily.objects.update(revoked_at=timezone.now(), revoke_reason="elsewhere")
    assert authenticate(granted.access)[0].pk == alice.pk  # the denylist does not know of it

    def fail(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(caches["default"], "get", fail)
    with queries() as sql, pytest.raises(AuthenticationFailed):
        authenticate(granted.access)
    assert len([query for query in sql if query.startswith("SELECT")]) == 1


def test_a_denylist_that_cannot_be_written_is_reported(
    stateless: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, alice: User
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(caches["default"], "set_many", fail)
    denylist.add([family_of(alice).pk])
    assert "cannot be written" in caplog.text


def test_the_subject_is_read_without_a_query(alice: User) -> None:
    granted = grant_to(alice)
    with queries() as sql:
        assert subject(request_with(granted.access)) == str(alice.pk)
        assert subject(request_with("rubbish")) is None
        assert subject(RequestFactory().get("/")) is None
    assert sql == []


def test_a_user_who_was_deleted_is_refused(alice: User, browser: Browser, sent: list[Sent]) -> None:
    browser.log_in("alice@example.com")
    alice.delete()
    assert browser.send("GET", "me").status_code == 401
    assert sent[-1].data == {"reason": "unknown_session"}


def test_a_session_out_of_time_is_refused_whatever_its_token_says(alice: User, browser: Browser) -> None:
    browser.log_in("alice@example.com")
    now = timezone.now()
    TokenFamily.objects.update(idle_expires_at=now, expires_at=now)
    assert browser.send("GET", "me").status_code == 401


def test_claims_of_the_host_are_added(settings: Settings, alice: User, call: HttpRequest) -> None:
    settings.BULWARK_ACCOUNTS = {
        **settings.BULWARK_ACCOUNTS,
        "CLAIMS": ["tests.accounts.test_authentication.shoe_size"],
        "TENANT": "tests.accounts.test_authentication.home",
    }
    auth = authenticate(grant_to(alice).access)[1]
    assert (auth.claims["shoe"], auth.tenant, auth.family.tenant) == ("41 home", "home", "home")


@pytest.mark.parametrize("name", ["sub", "exp", "iss", "aud", "sid", "jti", "nbf", "tenant", "cnf", "gen", "mfa_due"])
def test_claims_of_the_host_say_nothing_of_who_it_is(
    name: str, settings: Settings, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "tests.accounts.test_authentication.shoe_size"
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "CLAIMS": [path]}
    monkeypatch.setattr(f"{__name__}.shoe_size", lambda *_: {"shoe": "41", name: "mallory"})
    with pytest.raises(ImproperlyConfigured, match=f"{path}.*'{name}'"):
        grant_to(alice)


def test_the_words_before_a_token_are_those_of_the_settings_at_the_time(settings: Settings, alice: User) -> None:
    access = grant_to(alice).access
    for words, is_ours in ((("Bearer",), True), (["JWT"], False), ("Jwt", False), (("jwt", "bearer"), True)):
        settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "AUTH_HEADER_TYPES": words}
        assert (authenticate(access) is not None, subject(request_with(access)) is not None) == (is_ours, is_ours)


def test_a_claim_of_the_host_is_given_once(settings: Settings, alice: User) -> None:
    path = "tests.accounts.test_authentication.shoe_size"
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "CLAIMS": [path, path]}
    with pytest.raises(ImproperlyConfigured, match="'shoe'"):
        grant_to(alice)


def test_an_annotation_overrides_no_claim_of_ours(settings: Settings, alice: User) -> None:
    claims = {"sub": "authorization_version"}
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "ANNOTATED_CLAIMS": claims}
    with pytest.raises(ImproperlyConfigured, match=r"ANNOTATED_CLAIMS.*'sub'"):
        grant_to(alice)


def shoe_size(user: User, tenant: str) -> dict[str, str]:
    return {"shoe": f"41 {tenant}"}


def home(user: User) -> str:
    return "home"
