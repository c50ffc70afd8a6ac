"""What a code is exchanged for, and what a client can do with it."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts import dpop
from accounts.models import AuthorizationCode, OAuthClient, TokenFamily, User
from tests.accounts.browser import Browser, read
from tests.accounts.conftest import Sent
from tests.accounts.oauth.app import FORM, REDIRECT, REVOKE, TOKEN, App, opens, register
from tests.accounts.proving import ClientKey


def error_of(response: Any) -> tuple[int, str]:
    return response.status_code, read(response)["error"]


def test_a_code_is_exchanged_for_a_session_of_the_client(app: App, alice: User, sent: list[Sent]) -> None:
    response = app.exchange(app.code(nonce="n-1"))
    assert response.status_code == 200
    assert (response.headers["Cache-Control"], response.headers["Pragma"]) == ("no-store", "no-cache")
    body = read(response)
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token", "nonce"}
    assert (body["token_type"], body["expires_in"], body["nonce"]) == ("Bearer", 600, "n-1")
    family = TokenFamily.objects.get(client="app")
    browser = TokenFamily.objects.get(transport="session")
    assert (family.user_id, family.transport) == (alice.pk, "body")
    assert (family.auth_time, family.amr) == (browser.auth_time, browser.amr)
    assert opens(body["access_token"]) == 200
    assert [each.name for each in sent if each.target == family] == ["login_succeeded"]


def test_a_login_by_code_is_no_new_device(app: App, sent: list[Sent]) -> None:
    app.back.defaults["REMOTE_ADDR"] = "192.0.2.7"
    assert app.exchange(app.code()).status_code == 200
    assert "new_device_seen" not in [each.name for each in sent]


def test_the_refresh_token_is_exchanged_once(app: App) -> None:
    first = app.tokens()
    second = read(app.refresh(first["refresh_token"]))
    assert opens(second["access_token"]) == 200
    with time_machine.travel(timezone.now() + timedelta(seconds=60), tick=False):
        third = read(app.refresh(second["refresh_token"]))
        assert error_of(app.refresh(first["refresh_token"])) == (400, "invalid_grant")
        assert error_of(app.refresh(third["refresh_token"])) == (400, "invalid_grant")


def test_the_session_is_one_of_the_users(app: App) -> None:
    tokens = app.tokens()
    browser = Browser()
    browser.access = tokens["access_token"]
    found = read(browser.send("GET", "sessions"))["results"]
    assert sorted(each["transport"] for each in found) == ["body", "session"]
    assert browser.send("POST", "logout").status_code == 204
    assert error_of(app.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


@pytest.mark.parametrize("name", ["code", "redirect_uri", "code_verifier"])
def test_what_is_missing_is_named(name: str, app: App) -> None:
    form: dict[str, str | None] = {"code": app.code(), "redirect_uri": REDIRECT, "code_verifier": app.verifier}
    response = app.post(TOKEN, **{**form, "grant_type": "authorization_code", "client_id": "app", name: None})
    assert error_of(response) == (400, "invalid_request")
    assert name in read(response)["error_description"]


def test_a_code_lives_for_a_minute(app: App) -> None:
    codes = app.code(), app.code()
    with time_machine.travel(timezone.now() + timedelta(seconds=58), tick=False):
        assert app.exchange(codes[0]).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        assert error_of(app.exchange(codes[1])) == (400, "invalid_grant")


@pytest.mark.parametrize("grant", ["password", "client_credentials", "implicit", None])
def test_other_grants_are_not_served(grant: str | None, app: App) -> None:
    assert error_of(app.post(TOKEN, grant_type=grant, client_id="app")) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("url", [TOKEN, REVOKE])
def test_a_client_that_is_not_known_or_shows_a_secret_is_refused(url: str, app: App) -> None:
    assert error_of(app.post(url, client_id="unknown", token="x")) == (401, "invalid_client")
    assert error_of(app.post(url, token="x")) == (401, "invalid_client")
    assert error_of(app.post(url, client_id="app", client_secret="s", token="x")) == (401, "invalid_client")
    response = app.post(url, {"Authorization": "Basic YXBwOg=="}, client_id="app", token="x")
    assert error_of(response) == (401, "invalid_client")
    assert response.headers["WWW-Authenticate"].startswith("Basic")


def test_an_inactive_client_refreshes_nothing(app: App) -> None:
    tokens = app.tokens()
    OAuthClient.objects.update(is_active=False)
    assert error_of(app.refresh(tokens["refresh_token"])) == (401, "invalid_client")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_the_token_route_takes_forms_only(content_type: str, app: App) -> None:
    response = app.back.post(TOKEN, "{}", content_type=content_type, secure=True)
    assert error_of(response) == (400, "invalid_request")


@pytest.mark.parametrize("body", ["client_id=app&client_id=app", "client_id=%00", "client_id=%ff", "%", "=&="])
def test_a_form_that_makes_no_sense_is_a_4xx(body: str, app: App) -> None:
    for url in (TOKEN, REVOKE):
        assert 400 <= app.back.post(url, body, content_type=FORM, secure=True).status_code < 500


def test_get_is_not_served(app: App) -> None:
    assert [app.back.get(url, secure=True).status_code for url in (TOKEN, REVOKE)] == [405, 405]


def test_plain_http_is_refused_and_not_redirected(app: App, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert app.back.post(TOKEN, "client_id=app", content_type=FORM).status_code == 403


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
def test_revoking_either_token_ends_the_session(which: str, app: App, sent: list[Sent]) -> None:
    tokens = app.tokens()
    response = app.post(REVOKE, client_id="app", token=tokens[which], token_type_hint="nonsense")
    assert (response.status_code, response.content) == (200, b"")
    assert opens(tokens["access_token"]) == 401
    assert error_of(app.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert "logged_out" in [each.name for each in sent]


def test_revoking_what_is_no_token_is_done_already(app: App) -> None:
    assert app.post(REVOKE, client_id="app", token="nonsense").status_code == 200


def test_the_token_of_another_client_is_not_revoked(app: App) -> None:
    tokens = app.tokens()
    register("other")
    response = app.post(REVOKE, client_id="other", token=tokens["refresh_token"])
    assert error_of(response) == (400, "unauthorized_client")
    assert opens(tokens["access_token"]) == 200


def test_a_page_of_the_client_may_call_and_no_other(app: App) -> None:
    for origin, is_allowed in (("https://app.example.org", True), ("https://evil.example", False), ("null", False)):
        preflight = app.back.options(TOKEN, secure=True, headers={"Origin": origin})
        response = app.post(TOKEN, {"Origin": origin}, client_id="app")
        for each in (preflight, response):
            assert each.headers.get("Access-Control-Allow-Origin") == (origin if is_allowed else None)
            assert "Access-Control-Allow-Credentials" not in each.headers
            assert "Origin" in each.headers["Vary"]
    assert (
        "dpop"
        in app.back.options(TOKEN, secure=True, headers={"Origin": "https://app.example.org"}).headers[
            "Access-Control-Allow-Headers"
        ]
    )


def test_an_origin_that_only_begins_like_a_clients_may_not_call(app: App) -> None:
    for origin in ("https://app.example", "https://app.example.org/", "https://app.example.or", "https:"):
        response = app.post(TOKEN, {"Origin": origin}, client_id="app")
        assert "Access-Control-Allow-Origin" not in response.headers


def test_a_bound_login_by_code(app: App, client_row: OAuthClient) -> None:
    client_row.requires_dpop = True
    client_row.save()
    key, url = ClientKey(), f"https://testserver{TOKEN}"
    assert error_of(app.exchange(app.code())) == (400, "invalid_dpop_proof")
    code = app.code(dpop_jkt=key.jkt)
    response = app.exchange(code, {"DPoP": key.proof("POST", url, nonce="")})
    assert error_of(response) == (400, "use_dpop_nonce")
    assert response.headers["DPoP-Nonce"] == dpop.current_nonce()
    tokens = read(app.exchange(code, {"DPoP": key.proof("POST", url)}))
    assert tokens["token_type"] == "DPoP"
    assert opens(tokens["access_token"]) == 401
    assert error_of(app.refresh(tokens["refresh_token"])) == (400, "invalid_dpop_proof")
    thief = ClientKey()
    assert error_of(app.refresh(tokens["refresh_token"], {"DPoP": thief.proof("POST", url)})) == (400, "invalid_grant")
    assert app.refresh(tokens["refresh_token"], {"DPoP": key.proof("POST", url)}).status_code == 200


def test_a_code_for_one_key_is_not_exchanged_with_another(app: App) -> None:
    code = app.code(dpop_jkt=ClientKey().jkt)
    proof = ClientKey().proof("POST", f"https://testserver{TOKEN}")
    assert error_of(app.exchange(code, {"DPoP": proof})) == (400, "invalid_grant")


def test_codes_are_pruned(app: App) -> None:
    from django.core.management import call_command

    app.tokens()
    app.code()
    call_command("prune_tokens")
    assert AuthorizationCode.objects.count() == 2
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        call_command("prune_tokens", days=7)
    assert not AuthorizationCode.objects.exists()


def test_the_metadata_says_what_is_served(app: App) -> None:
    document = app.metadata()
    assert document["issuer"] == "https://testserver"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    for name, value in document.items():
        if name.endswith(("_endpoint", "_uri")):
            path = value.removeprefix("https://testserver")
            assert app.back.get(path, secure=True).status_code in {200, 400, 405}
