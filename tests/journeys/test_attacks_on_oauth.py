"""Attacks on logging in for an app (RFC 9700), each with its control switched off as well where there is a switch."""

import hashlib
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import jose, locks
from accounts.models import AuthorizationCode, OAuthClient, TokenFamily, TotpDevice, User
from accounts.oauth import authorization, codes
from auditlog.models import Event
from tests.accounts.browser import Browser, read
from tests.accounts.conftest import make_user
from tests.accounts.oauth.app import REDIRECT, App, answer_of, opens, register

pytestmark = pytest.mark.django_db


@pytest.fixture
def client_row() -> OAuthClient:
    return register("app")


@pytest.fixture
def app(client_row: OAuthClient) -> App:
    make_user("alice")
    one = App(client_row)
    one.log_in("alice@example.com")
    return one


def reasons() -> list[str]:
    found = Event.objects.filter(type="accounts.authorization_refused").order_by("pk")
    return list(found.values_list("reason", flat=True))


def error_of(response: Any) -> str:
    return f"{response.status_code} {read(response).get('error')}"


# Code interception: another app on the phone took the redirect (RFC 7636, section 1)


def test_an_intercepted_code_is_worth_nothing_without_its_verifier(app: App, client_row: OAuthClient) -> None:
    thief = App(client_row)
    assert error_of(thief.exchange(app.code())) == "400 invalid_grant"
    assert reasons() == ["verifier"]
    assert TokenFamily.objects.filter(client="app").count() == 0


def test_an_intercepted_code_would_be_worth_a_session(
    app: App, client_row: OAuthClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "is_verified", lambda *_: True)
    assert App(client_row).exchange(app.code()).status_code == 200


@pytest.mark.parametrize("verifier", ["challenge", "short", "", "x" * 129, "é" * 43])
def test_nothing_else_passes_for_the_verifier(verifier: str, app: App) -> None:
    """Least of all the challenge itself, which the thief has seen: that would be `plain`."""
    response = app.exchange(app.code(), code_verifier=app.challenge if verifier == "challenge" else verifier)
    assert response.status_code == 400
    assert TokenFamily.objects.filter(client="app").count() == 0


# PKCE downgrade (RFC 9700, section 4.8)


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
    ],
)
def test_pkce_is_not_left_out_and_not_weakened(changes: dict[str, str | None], app: App) -> None:
    assert answer_of(app.authorize(**changes))[1]["error"] == "invalid_request"


# Code replay


def test_a_code_used_twice_ends_the_session_it_made(app: App) -> None:
    code = app.code()
    tokens = read(app.exchange(code))
    assert error_of(app.exchange(code)) == "400 invalid_grant"
    assert opens(tokens["access_token"]) == 401
    assert error_of(app.refresh(tokens["refresh_token"])) == "400 invalid_grant"
    assert TokenFamily.objects.get(client="app").revoke_reason == "code_reuse"
    event = Event.objects.get(type="accounts.code_reuse_detected")
    assert (event.outcome, event.severity >= 4) == ("refused", True)


def test_a_replayed_code_would_leave_the_thief_in(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "_end_session_of", lambda *_, **__: None)
    code = app.code()
    tokens = read(app.exchange(code))
    assert error_of(app.exchange(code)) == "400 invalid_grant"
    assert opens(tokens["access_token"]) == 200


def test_a_replay_is_noticed_whoever_replays(app: App, client_row: OAuthClient) -> None:
    """The thief has the code only: no verifier, another client, another address."""
    code = app.code()
    tokens = read(app.exchange(code))
    thief = App(register("other"))
    assert thief.exchange(code, redirect_uri="https://evil.example").status_code == 400
    assert opens(tokens["access_token"]) == 401


def test_a_wrong_exchange_uses_the_code_up(app: App, client_row: OAuthClient) -> None:
    """What was presented by a stranger has leaked; the owner asks for another one."""
    code = app.code()
    assert App(client_row).exchange(code).status_code == 400
    assert error_of(app.exchange(code)) == "400 invalid_grant"
    assert app.exchange(app.code()).status_code == 200


def test_a_made_up_code_is_refused_and_told_of(app: App) -> None:
    assert error_of(app.exchange("x" * 43)) == "400 invalid_grant"
    assert reasons() == ["unknown_code"]


def test_no_code_is_exchanged_after_the_logout(app: App) -> None:
    code = app.code()
    app.browser.post("/account/logout", secure=True)
    assert error_of(app.exchange(code)) == "400 invalid_grant"
    assert reasons() == ["session_ended"]


def test_an_app_is_no_way_around_the_second_factor(app: App) -> None:
    """A browser that was logged in before the factor was added has to show it first."""
    alice, code = User.objects.get(), app.code()
    TotpDevice.objects.create(user=alice, kid="k", seed=b"-", confirmed_at=timezone.now())
    assert error_of(app.exchange(code)) == "400 invalid_grant"
    assert reasons() == ["second_factor"]
    assert answer_of(app.authorize())[0] == "/account/login"
    assert answer_of(app.authorize(prompt="none"))[1]["error"] == "login_required"
    TokenFamily.objects.update(amr=["pwd", "otp", "mfa"])  # shown
    assert app.exchange(app.code()).status_code == 200
    assert TokenFamily.objects.get(client="app").amr == ["pwd", "otp", "mfa"]


def test_a_locked_account_exchanges_no_code(app: App) -> None:
    code = app.code()
    locks.lock(User.objects.get(), until=None, reason="stolen laptop", by="admin", now=timezone.now())
    assert error_of(app.exchange(code)) == "400 invalid_grant"


# Codes and tokens of another client


def test_a_code_of_another_client_is_refused(app: App) -> None:
    other = App(register("other"))
    other.verifier = app.verifier
    assert error_of(other.exchange(app.code())) == "400 invalid_grant"
    assert reasons() == ["other_client"]


def test_the_refresh_token_of_another_client_is_refused(app: App) -> None:
    tokens = app.tokens()
    other = App(register("other"))
    assert error_of(other.refresh(tokens["refresh_token"])) == "400 invalid_grant"
    assert Browser().refresh(tokens["refresh_token"]).status_code == 401  # nor at the route without clients
    assert app.refresh(tokens["refresh_token"]).status_code == 200


def test_the_refresh_token_of_another_client_would_be_exchanged(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.rotation._holder_fault", lambda *_, **__: None)
    assert App(register("other")).refresh(app.tokens()["refresh_token"]).status_code == 200


def test_the_refresh_token_of_a_login_without_a_client_is_no_clients(app: App) -> None:
    browser = Browser()
    browser.log_in("alice@example.com")
    assert error_of(app.refresh(browser.refresh_token)) == "400 invalid_grant"
    assert browser.refresh().status_code == 200


# Altered redirect, open redirect (RFC 9700, sections 4.1 and 4.11)


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/callback",
        "https://app.example.org/callback/../open?to=//evil.example",
        "https://app.example.org/callback#x",
        "https://app.example.org/callback?x=y",
        "https://app.example.org:443/callback",
        "https://app.example.org.evil.example/callback",
        "https://app.example.org@evil.example/callback",
        "https://APP.example.org/callback",
        "http://app.example.org/callback",
        "//app.example.org/callback",
        "javascript:alert(1)",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:1@evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1:1/other",
        "http://localhost/callback",
        "http://[::1]/callback",
        "http://127.1/callback",
    ],
)
def test_an_altered_redirect_leads_nowhere(uri: str, app: App) -> None:
    response = app.authorize(redirect_uri=uri)
    assert (response.status_code, "Location" in response.headers) == (400, False)
    assert reasons() == ["invalid_redirect_uri"]
    assert not AuthorizationCode.objects.exists()


def test_an_altered_redirect_would_lead_to_the_attacker(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.models.oauth.is_registered", lambda *_: True)
    target, answer = answer_of(app.authorize(redirect_uri="https://evil.example/"))
    assert (target, "code" in answer) == ("https://evil.example/", True)


def test_a_code_is_not_exchanged_for_another_redirect(app: App) -> None:
    assert error_of(app.exchange(app.code(), redirect_uri=f"{REDIRECT}2")) == "400 invalid_grant"
    assert reasons() == ["redirect_uri"]


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
def test_the_login_page_leads_to_paths_of_this_site_only(next_: str, client_row: OAuthClient) -> None:
    make_user("alice")
    response = App(client_row).log_in("alice@example.com", url=f"/account/login?next={next_}")
    assert "evil" not in response.headers["Location"]
    assert "javascript" not in response.headers["Location"]


# Mix-up (RFC 9207)


def test_every_answer_says_who_gives_it(app: App, settings: Settings) -> None:
    """A client that talks to several servers tells a code of one from a code of another by it."""
    for changes in ({}, {"response_type": "token"}, {"prompt": "none"}):
        assert answer_of(app.authorize(**changes))[1]["iss"] == app.metadata()["issuer"]


# CSRF login: the victim's app is fed the attacker's code (RFC 9700, section 4.7)


def test_a_code_that_the_attacker_asked_for_does_not_log_the_victims_app_in(app: App, client_row: OAuthClient) -> None:
    """The verifier is the victim app's own, so the code of another login does not fit, whatever `state` says."""
    make_user("mallory")
    attacker = App(client_row)
    attacker.log_in("mallory@example.com")
    assert error_of(app.exchange(attacker.code(state="st/at e+1"))) == "400 invalid_grant"


def test_the_login_page_takes_no_form_from_elsewhere(client_row: OAuthClient) -> None:
    from django.test import Client

    make_user("mallory")
    strict = Client(enforce_csrf_checks=True)
    form = {"identifier": "mallory@example.com", "password": "correct horse battery staple"}
    assert (
        strict.post("/account/login", form, secure=True, headers={"Origin": "https://evil.example"}).status_code == 403
    )


# A database that leaks


def test_a_copy_of_the_database_exchanges_no_code(app: App) -> None:
    code = app.code()
    row = AuthorizationCode.objects.get()
    assert row.digest == hashlib.sha256(code.encode()).hexdigest()
    assert row.code_challenge == jose.encode_segment(hashlib.sha256(app.verifier.encode()).digest())
    assert error_of(app.exchange(row.digest)) == "400 invalid_grant"


def test_scopes_are_refused_not_ignored(app: App) -> None:
    """A client that asks for less than everything must not believe that it got less."""
    assert answer_of(app.authorize(scope="read"))[1]["error"] == "invalid_scope"
    assert frozenset({"none", "login"}) == authorization.PROMPTS


# An app of somebody else's, in the browser of who is logged in (ASVS 5.0, V10.7.1)


def test_a_link_to_an_app_of_somebody_elses_gives_nothing_away(app: App) -> None:
    OAuthClient.objects.update(is_first_party=False)
    page = app.authorize()
    assert b"Allow App?" in page.content
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy, "nor in a frame, where a click could be stolen"
    assert "form-action 'self'" in policy
    assert page.headers["Referrer-Policy"] == "same-origin"  # without an origin the form would be refused
    address = app.asks().replace("/oauth/authorize", "/account/consent")
    forged = App(OAuthClient.objects.get())
    forged.browser = Client(enforce_csrf_checks=True)
    forged.browser.cookies = app.browser.cookies
    assert forged.browser.post(address, {"answer": "allow"}, secure=True).status_code == 403
    assert app.browser.post(address, {"answer": "deny"}, secure=True).status_code == 200
    assert not AuthorizationCode.objects.exists()
    assert reasons() == ["access_denied"]


def test_it_would_give_a_session_away(app: App) -> None:
    """The control switched off: the operator calls the app its own."""
    assert app.tokens()["access_token"]
