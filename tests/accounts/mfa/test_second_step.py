"""Logging in with a second factor, over HTTP."""

from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pyotp
import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.login import start_session
from accounts.mfa import totp
from accounts.mfa.proofs import FactorRefused
from accounts.mfa.second_step import SecondStepSkipped, begin
from accounts.models import RecoveryCode, TokenFamily, User
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import Sent, make_user
from tests.accounts.mfa.devices import Phone, enrol_passkey, enrol_phone, first_step, second_step
from tests.accounts.racing import before

#: What a login does after it has asked for second factors and before it writes.
LOOKS_FOR_THE_DEVICE = 'SELECT %s AS "a" FROM "bulwark_accounts_tokenfamily"'


def test_a_password_alone_opens_nothing(phone: Phone) -> None:
    browser = Browser()
    response = browser.log_in("alice@example.com")
    assert response.status_code == 401
    problem = read(response)
    assert (problem["code"], problem["methods"]) == ("mfa_required", ["totp", "recovery_code"])
    assert problem["expires_in"] == 300
    assert "access" not in problem
    assert "no-store" in response["Cache-Control"]


def test_a_code_opens_a_session_that_says_so(phone: Phone, alice: User, sent: list[Sent]) -> None:
    browser = Browser()
    response = second_step(browser, first_step(browser), totp=phone.code())
    assert response.status_code == 200, response.content
    family = TokenFamily.objects.of(alice).latest("created_at")
    assert (family.amr, family.transport) == (["pwd", "otp", "mfa"], "body")
    assert browser.send("GET", "me").status_code == 200
    assert [each.name for each in sent if each.name.startswith("log")] == ["login_succeeded"]


def test_a_code_may_be_typed_as_the_app_shows_it(phone: Phone) -> None:
    browser, code = Browser(), phone.code()
    assert second_step(browser, first_step(browser), totp=f"{code[:3]} {code[3:]}").status_code == 200


@pytest.mark.parametrize(("steps", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phones_clock_may_be_one_step_off(steps: int, is_taken: bool, phone: Phone, alice: User) -> None:
    now = timezone.now() + timedelta(minutes=5)
    code = pyotp.TOTP(phone.secret).at(now, counter_offset=steps)
    with nullcontext() if is_taken else pytest.raises(FactorRefused):
        totp.verify(alice, code, now=now)


def test_by_cookie_the_second_step_sets_the_cookie(phone: Phone) -> None:
    browser = Browser()
    token = first_step(browser, transport="cookie")
    assert "__Host-refresh" not in browser.client.cookies
    foreign = browser.send(
        "POST", "login/mfa", {"mfa_token": token, "totp": phone.code()}, Origin="https://evil.example"
    )
    assert (foreign.status_code, read(foreign)["code"]) == (403, "csrf_failed")
    assert second_step(browser, token, totp=phone.code()).status_code == 200
    assert browser.client.cookies["__Host-refresh"].value
    assert browser.refresh("").status_code == 200


def test_a_recovery_code_stands_in_for_the_app_once(phone: Phone, sent: list[Sent]) -> None:
    browser = Browser()
    assert len(phone.codes) == 10
    typed = phone.codes[0].upper().replace("-", " ")
    assert second_step(browser, first_step(browser), recovery_code=typed).status_code == 200
    used = next(each for each in sent if each.name == "recovery_code_used")
    assert used.data == {"step": "login", "left": 9}
    again = second_step(browser, first_step(browser), recovery_code=phone.codes[0])
    assert (again.status_code, read(again)["code"]) == (401, "mfa_failed")
    assert sent[-1].data == {"method": "recovery_code", "reason": "replayed", "step": "login"}


def test_a_new_set_makes_the_old_one_void(owner: Browser, phone: Phone) -> None:
    new = read(owner.send("POST", "mfa/recovery-codes"))["recovery_codes"]
    assert not set(new) & set(phone.codes)
    browser = Browser()
    assert second_step(browser, first_step(browser), recovery_code=phone.codes[0]).status_code == 401
    assert second_step(browser, first_step(browser), recovery_code=new[0]).status_code == 200
    assert RecoveryCode.objects.count() == 10


@pytest.mark.parametrize("attack", ["bob's phone", "bob's recovery code", "wrong", "none enrolled"])
def test_a_factor_of_somebody_else_proves_nothing(attack: str, phone: Phone, sent: list[Sent]) -> None:
    make_user("bob")
    bob = Browser()
    bob.log_in("bob@example.com")
    other = enrol_phone(bob)
    attacks: dict[str, dict[str, Any]] = {
        "bob's phone": {"totp": other.code(steps=1)},
        "bob's recovery code": {"recovery_code": other.codes[0]},
        "wrong": {"totp": "000000" if phone.code() != "000000" else "111111"},
        "none enrolled": {"passkey": {"state": "x", "credential": {}}},
    }
    browser = Browser()
    response = second_step(browser, first_step(browser), **attacks[attack])
    assert (response.status_code, read(response)["code"]) == (401, "mfa_failed")
    assert (sent[-1].name, sent[-1].outcome) == ("mfa_failed", "refused")


def test_the_token_runs_out(phone: Phone) -> None:
    browser = Browser()
    token = first_step(browser)
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        response = second_step(browser, token, totp=phone.code())
    assert (response.status_code, read(response)["code"]) == (401, "mfa_token_invalid")


@pytest.mark.parametrize("event", ["password set", "deactivated", "address changed"])
def test_the_token_dies_with_the_credentials(event: str, phone: Phone, alice: User) -> None:
    browser = Browser()
    token = first_step(browser)
    if event == "password set":
        alice.set_password("another password, just as long")
    elif event == "deactivated":
        alice.is_active = False
    else:
        alice.email = "alice@example.org"
    alice.save()
    assert second_step(browser, token, totp=phone.code()).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"totp": "123456"},
        {"mfa_token": "x"},
        {"mfa_token": "x", "totp": "12345"},
        {"mfa_token": "x", "totp": "\uff11\uff12\uff13\uff14\uff15\uff16"},
        {"mfa_token": "x", "totp": 123456},
        {"mfa_token": "x", "totp": "123456", "recovery_code": "y"},
        {"mfa_token": "x", "passkey": {"state": "y"}},
        {"mfa_token": "x", "passkey": {"state": "y", "credential": []}},
        {"mfa_token": "x", "passkey": "y"},
        {"mfa_token": "x" * 2000, "totp": "123456"},
        {"mfa_token": "x", "totp": "123456", "transport": "body"},
    ],
)
def test_bad_input_is_422(body: dict[str, Any], db: None) -> None:
    response = Browser().send("POST", "login/mfa", body)
    assert response.status_code == 422, response.content


@pytest.mark.parametrize("token", ["x", "é:a:b", "a:b:c", "eyJ9.e30:1:2"])
def test_a_token_that_was_never_issued_is_401(token: str, db: None) -> None:
    response = Browser().send("POST", "login/mfa", {"mfa_token": token, "totp": "123456"})
    assert (response.status_code, read(response)["code"]) == (401, "mfa_token_invalid")
    response = Browser().send("POST", "login/passkey/options", {"mfa_token": token})
    assert response.status_code == 401


def test_a_caller_that_forgets_the_second_step_gets_no_session(phone: Phone, alice: User) -> None:
    with pytest.raises(SecondStepSkipped):
        start_session(alice, transport="body", amr=["pwd"], request=None, now=timezone.now())
    assert TokenFamily.objects.of(alice).count() == 1


def test_a_factor_that_is_added_during_a_login_is_asked_for(alice: User) -> None:
    """A thief with the password logs in while the owner adds the first factor, which ends all other sessions."""
    owner, thief = Browser(), Browser()
    owner.log_in("alice@example.com")
    with before(LOOKS_FOR_THE_DEVICE, lambda: enrol_phone(owner)):
        response = thief.log_in("alice@example.com")
    assert (response.status_code, read(response)["code"]) == (401, "mfa_required")
    assert TokenFamily.objects.live(timezone.now()).count() == 1


def test_a_factor_that_is_added_during_a_login_is_asked_for_on_pages(alice: User) -> None:
    owner, thief = Browser(), Client()
    owner.log_in("alice@example.com")
    with before(LOOKS_FOR_THE_DEVICE, lambda: enrol_phone(owner)):
        form = {"identifier": "alice@example.com", "password": PASSWORD}
        response = thief.post("/account/login", form, secure=True)
    assert response["Location"].startswith("/account/login/mfa")
    assert TokenFamily.objects.live(timezone.now()).count() == 1


@pytest.mark.urls("tests.accounts.simplejwt_urls")
def test_a_factor_that_is_added_during_a_login_is_asked_for_by_simplejwts_names(alice: User) -> None:
    owner = Browser()
    owner.log_in("alice@example.com")
    with before(LOOKS_FOR_THE_DEVICE, lambda: enrol_phone(owner)):
        response = Browser().send("POST", "/api/token/", {"email": "alice@example.com", "password": PASSWORD})
    assert (response.status_code, read(response)["code"]) == (401, "mfa_required")
    assert TokenFamily.objects.live(timezone.now()).count() == 1


def test_logins_that_only_lack_the_second_step_are_no_failed_guesses(phone: Phone) -> None:
    """Ten an hour from one address would be an office of eleven."""
    assert [Browser().log_in("alice@example.com").status_code for _ in range(12)] == [401] * 12
    assert "mfa_token" in read(Browser().log_in("alice@example.com"))


def test_a_passkey_alone_is_a_second_factor_too(owner: Browser) -> None:
    enrol_passkey(owner)
    response = Browser().log_in("alice@example.com")
    assert read(response)["methods"] == ["passkey", "recovery_code"]


def test_the_token_of_a_page_opens_no_api_session(phone: Phone, alice: User) -> None:
    needed = begin(alice, transport="session", amr=["pwd"])
    assert needed is not None
    response = second_step(Browser(), needed.token, totp=phone.code())
    assert (response.status_code, read(response)["code"]) == (401, "mfa_token_invalid")
