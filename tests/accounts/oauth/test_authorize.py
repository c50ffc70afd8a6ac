"""The request for a code."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.utils import timezone

from accounts.models import AuthorizationCode, OAuthClient, TokenFamily, User
from tests.accounts.browser import read
from tests.accounts.oauth.app import NATIVE, REDIRECT, App, answer_of

ISSUER = "https://testserver"


def test_a_code_comes_back_with_state_and_issuer(app: App) -> None:
    target, answer = answer_of(app.authorize())
    assert target == REDIRECT
    assert (answer.pop("code") != "", answer) == (True, {"state": "st/at e+1", "iss": ISSUER})


@pytest.mark.parametrize("state", ["a b+c%20&=#é€", "0", '{"x": "y"}', "x" * 2_000])
def test_state_comes_back_as_it_was(state: str, app: App) -> None:
    assert answer_of(app.authorize(state=state))[1]["state"] == state
    assert answer_of(app.authorize(state=state, response_type="token"))[1]["state"] == state


def test_without_a_state_none_comes_back(app: App) -> None:
    assert "state" not in answer_of(app.authorize(state=None))[1]


def test_the_code_is_not_kept(app: App) -> None:
    code = app.code()
    row = AuthorizationCode.objects.values().get()
    assert all(code not in str(value) for value in row.values())


def test_the_answer_is_not_kept_and_not_told_on(app: App) -> None:
    headers = app.authorize().headers
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": "x" * 44}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
        ({"nonce": "x" * 256}, "invalid_request"),
        ({"dpop_jkt": "short"}, "invalid_request"),
        ({"prompt": "consent"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "\uff11"}, "invalid_request"),
    ],
)
def test_a_mistake_of_the_app_goes_back_to_it(changes: dict[str, str | None], error: str, app: App) -> None:
    target, answer = answer_of(app.authorize(**changes))
    assert target == REDIRECT
    assert (answer["error"], answer["state"], answer["iss"]) == (error, "st/at e+1", ISSUER)
    assert "code" not in answer
    assert not AuthorizationCode.objects.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "unknown"}, "invalid_client"),
        ({"client_id": None}, "invalid_client"),
        ({"client_id": "APP"}, "invalid_client"),
        ({"redirect_uri": None}, "invalid_redirect_uri"),
        ({"redirect_uri": f"{REDIRECT}/"}, "invalid_redirect_uri"),
        ({"redirect_uri": f"{REDIRECT}?a=b"}, "invalid_redirect_uri"),
        ({"redirect_uri": "https://evil.example/callback"}, "invalid_redirect_uri"),
        ({"client_id": "app\x01"}, "invalid_request"),
    ],
)
def test_nobody_is_sent_to_where_is_not_known(changes: dict[str, str | None], code: str, app: App) -> None:
    response = app.authorize(**changes)
    assert (response.status_code, read(response)["code"]) == (400, code)
    assert "Location" not in response.headers


def test_a_person_is_told_on_a_page(app: App) -> None:
    response = app.visit(app.asks(client_id="unknown"), Accept="text/html")
    assert (response.status_code, response.headers["Content-Type"]) == (400, "text/html; charset=utf-8")


def test_a_parameter_that_stands_twice_is_refused(app: App) -> None:
    response = app.visit(f"{app.asks()}&redirect_uri=https://evil.example")
    assert (response.status_code, read(response)["code"]) == (400, "invalid_request")


def test_an_inactive_client_is_not_known(app: App) -> None:
    OAuthClient.objects.update(is_active=False)
    assert app.authorize().status_code == 400


@pytest.mark.parametrize("method", ["POST", "HEAD", "PUT"])
def test_only_get_makes_codes(method: str, app: App) -> None:
    assert app.browser.generic(method, app.asks(), secure=True).status_code == 405
    assert not AuthorizationCode.objects.exists()


def test_an_app_on_the_same_machine_takes_any_port(app: App) -> None:
    target, answer = answer_of(app.authorize(redirect_uri=NATIVE.replace("127.0.0.1", "127.0.0.1:49152")))
    assert target == "http://127.0.0.1:49152/callback"
    assert answer["code"]


def test_an_apps_own_scheme_is_answered(alice: User, client_row: OAuthClient, app: App) -> None:
    client_row.redirect_uris = "com.example.app:/callback?from=bulwark"
    client_row.save()
    response = app.authorize(redirect_uri=client_row.redirect_uris)
    assert response.headers["Location"].startswith("com.example.app:/callback?from=bulwark&code=")


def test_who_is_not_logged_in_logs_in_and_comes_back(alice: User, client_row: OAuthClient) -> None:
    app = App(client_row)
    response = app.authorize()
    target, query = answer_of(response)
    assert target == "/account/login"
    assert app.visit(response.headers["Location"]).status_code == 200
    back = app.log_in("alice@example.com", url=response.headers["Location"]).headers["Location"]
    assert back == query["next"]
    assert answer_of(app.visit(back))[1]["code"]


def test_a_request_is_checked_before_anybody_logs_in_for_it(client_row: OAuthClient) -> None:
    app = App(client_row)
    assert answer_of(app.authorize(response_type="token"))[1]["error"] == "unsupported_response_type"
    assert app.authorize(client_id="unknown").status_code == 400


def test_prompt_none_shows_nothing(client_row: OAuthClient) -> None:
    assert answer_of(App(client_row).authorize(prompt="none"))[1]["error"] == "login_required"


def test_prompt_none_answers_who_is_logged_in(app: App) -> None:
    assert answer_of(app.authorize(prompt="none"))[1]["code"]


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}], ids=str)
def test_a_new_login_is_asked_for_once(app: App, asked: dict[str, str]) -> None:
    response = app.authorize(**asked)
    assert answer_of(response)[0] == "/account/login"
    with time_machine.travel(timezone.now() + timedelta(seconds=2), tick=False):
        back = app.log_in("alice@example.com", url=response.headers["Location"]).headers["Location"]
    with time_machine.travel(timezone.now() + timedelta(seconds=4), tick=False):
        assert answer_of(app.visit(back))[1]["code"]


@pytest.mark.parametrize("asked", [{"prompt": "login"}, {"max_age": "0"}], ids=str)
def test_a_new_login_is_not_skipped_by_going_back_unasked(app: App, asked: dict[str, str]) -> None:
    with time_machine.travel(timezone.now() + timedelta(seconds=60), tick=False):
        back = parse_qs(urlsplit(app.authorize(**asked).headers["Location"]).query)["next"][0]
        assert answer_of(app.visit(back))[0] == "/account/login"


def test_an_old_login_is_renewed_where_the_app_asks_for_a_fresh_one(app: App) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        assert answer_of(app.authorize(max_age="600"))[0] == REDIRECT
        assert answer_of(app.authorize(max_age="60"))[0] == "/account/login"
        for seconds in ("60", "0"):
            assert answer_of(app.authorize(max_age=seconds, prompt="none"))[1]["error"] == "login_required"


def test_a_session_that_has_ended_makes_no_codes(app: App) -> None:
    TokenFamily.objects.update(revoked_at=timezone.now(), revoke_reason="revoked")
    assert answer_of(app.authorize())[0] == "/account/login"
