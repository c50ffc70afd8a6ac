"""An app that is not the operator's own: its user is asked first."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuthorizationCode, OAuthClient, TokenFamily, User
from tests.accounts.browser import read
from tests.accounts.conftest import Sent, make_user
from tests.accounts.oauth.app import NATIVE, REDIRECT, App, answer_of, opens, register


@pytest.fixture
def app(alice: User) -> App:
    """alice's browser, and an app of somebody else's."""
    one = App(register("shop", is_first_party=False))
    one.log_in("alice@example.com")
    return one


def asked(response: Any) -> str:
    """Return where the page that asks for consent sends the answer."""
    assert response.status_code == 200, response.content
    found = re.search(r'<form method="post" action="(/account/consent\?[^"]+)"', response.content.decode())
    assert found, response.content
    return html.unescape(found[1])


def say(app: App, response: Any, answer: str = "allow") -> Any:
    return app.browser.post(asked(response), {"answer": answer}, secure=True)


def test_the_user_is_asked_and_told_who_gets_what_until_when(app: App) -> None:
    page = app.authorize()
    text = page.content.decode()
    ends = timezone.now() + timedelta(days=30)
    for words in ("<strong>Shop</strong>", "alice@example.com", "all that you can", f"{ends:%B %Y}", REDIRECT):
        assert words in text
    assert "no-store" in page.headers["Cache-Control"]
    assert "style=" not in text.partition("<main")[2]
    assert not AuthorizationCode.objects.exists()


def test_with_consent_the_app_gets_a_code_by_a_page(app: App) -> None:
    """Not by a redirect: `form-action 'self'` would stop it."""
    answered = say(app, app.authorize())
    assert answered.status_code == 200
    target, answer = answer_of(answered)
    assert (target, answer["state"]) == (REDIRECT, "st/at e+1")
    assert app.exchange(answer["code"]).status_code == 200


@pytest.mark.parametrize("answer", ["deny", "", "ALLOW"])
def test_without_it_the_app_is_told_so(answer: str, app: App, alice: User, sent: list[Sent]) -> None:
    target, told = answer_of(say(app, app.authorize(), answer))
    assert (target, told["error"], told["state"]) == (REDIRECT, "access_denied", "st/at e+1")
    assert "code" not in told
    assert not AuthorizationCode.objects.exists()
    refused = sent[-1]
    assert (refused.name, refused.user, refused.data) == ("authorization_refused", alice, {"reason": "access_denied"})


def test_it_is_remembered_for_user_and_app_until_the_app_is_logged_out(app: App, alice: User) -> None:
    answer = answer_of(say(app, app.authorize()))[1]
    assert asked(app.authorize()), "a code that was not exchanged is nothing that lasts"
    access = read(app.exchange(answer["code"]))["access_token"]
    assert answer_of(app.authorize())[1]["code"]
    assert answer_of(app.authorize(prompt="none"))[1]["code"]
    other = App(register("other", is_first_party=False))
    other.browser = app.browser
    assert asked(other.authorize())
    make_user("bob")
    bob = App(OAuthClient.objects.get(client_id="shop"))
    bob.log_in("bob@example.com")
    assert asked(bob.authorize())
    session = TokenFamily.objects.get(client="shop")
    app.browser.post("/account/sessions", {"end": str(session.pk)}, secure=True)
    assert opens(access) == 401
    assert asked(app.authorize())


def test_a_no_counts_although_there_was_a_yes(app: App) -> None:
    page = app.authorize()
    assert app.exchange(answer_of(say(app, app.authorize()))[1]["code"]).status_code == 200
    assert answer_of(say(app, page, "deny"))[1]["error"] == "access_denied"


def test_an_address_that_any_app_can_claim_is_asked_for_each_time(app: App) -> None:
    code = answer_of(say(app, app.authorize(redirect_uri=NATIVE)))[1]["code"]
    assert app.exchange(code, redirect_uri=NATIVE).status_code == 200
    assert asked(app.authorize(redirect_uri=NATIVE))
    assert answer_of(app.authorize(redirect_uri=NATIVE, prompt="none"))[1]["error"] == "consent_required"


def test_prompt_none_asks_nobody(app: App) -> None:
    assert answer_of(app.authorize(prompt="none"))[1]["error"] == "consent_required"
    assert not AuthorizationCode.objects.exists()


def test_another_page_cannot_say_yes(app: App) -> None:
    """Nor does a link: the answer is a form of ours, with its token."""
    address = asked(app.authorize())
    forger = Client(enforce_csrf_checks=True)
    forger.cookies = app.browser.cookies
    evil = {"Origin": "https://evil.example"}
    assert forger.post(address, {"answer": "allow"}, secure=True, headers=evil).status_code == 403
    assert app.browser.get(f"{address}&answer=allow", secure=True).status_code == 405
    assert not AuthorizationCode.objects.exists()


def test_what_is_agreed_to_is_checked_again(app: App) -> None:
    address = asked(app.authorize())
    elsewhere = address.replace("app.example.org", "evil.example")
    assert app.browser.post(elsewhere, {"answer": "allow"}, secure=True).status_code == 400
    TokenFamily.objects.update(revoked_at=timezone.now(), revoke_reason="revoked")
    back = app.browser.post(address, {"answer": "allow"}, secure=True).headers["Location"]
    assert back.startswith("/account/login?next=/oauth/authorize")
    assert not AuthorizationCode.objects.exists()


def test_who_logs_in_for_it_is_asked_too(app: App) -> None:
    app.browser = Client()
    login = app.authorize().headers["Location"]
    back = app.log_in("alice@example.com", url=login).headers["Location"]
    assert answer_of(say(app, app.visit(back)))[1]["code"]
