"""Device cookies: bound to one account, signed, and good for a budget only."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings

from accounts.guessing import device_of, trust_device
from accounts.guessing.trust import cookie_name
from accounts.models import User
from tests.accounts.browser import PASSWORD, Browser
from tests.accounts.conftest import Sent, make_user
from tests.accounts.guessing.conftest import request_from, trusted

ALICE, BOB = "alice@example.com", "bob@example.com"


def value_of(response: HttpResponse) -> str:
    (morsel,) = response.cookies.values()
    return str(morsel.value)


def presented(rf: RequestFactory, value: str, account: str = ALICE) -> str:
    request = rf.post("/")
    request.COOKIES = {cookie_name(account): value}
    return device_of(request, account)


def test_the_cookie_names_a_device_for_its_account_only(rf: RequestFactory) -> None:
    home = trusted(ALICE)
    assert device_of(request_from(rf, "192.0.2.1", home), " Alice@EXAMPLE.com")
    assert not device_of(request_from(rf, "192.0.2.1", home), BOB)
    assert not presented(rf, value_of(home), BOB), "nor under the name that bob's would have"
    assert not device_of(None, ALICE)


def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_http() -> None:
    ((name, morsel),) = trusted().cookies.items()
    assert name.startswith("__Host-device_")
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, True, "Strict", "/")
    assert ALICE not in morsel.OutputString()
    assert morsel["domain"] == ""


@pytest.mark.parametrize(
    "forge",
    [
        lambda value: "",
        lambda value: "..",
        lambda value: value[:-1] + ("0" if value[-1] != "0" else "1"),
        lambda value: "x" + value,
        lambda value: value.replace(".", ".1", 1),
        lambda value: value + "\udc80",
        lambda value: value.replace(value.split(".")[1], "\u0661\u0662"),
        lambda value: ".".join([*value.split(".")[:2], ""]),
        lambda value: "x" * 10_000,
    ],
)
def test_a_forged_cookie_is_a_strangers(forge: Any, rf: RequestFactory) -> None:
    assert presented(rf, value_of(trusted()))
    assert presented(rf, forge(value_of(trusted()))) == ""


def test_a_cookie_ages(rf: RequestFactory) -> None:
    value = value_of(trusted())
    with time_machine.travel(timezone.now() + timedelta(days=179), tick=False):
        assert presented(rf, value)
    with time_machine.travel(timezone.now() + timedelta(days=181), tick=False):
        assert not presented(rf, value)


def test_a_rotated_secret_key_forgets_no_device(rf: RequestFactory, settings: Settings) -> None:
    home, old = HttpResponse(), settings.SECRET_KEY
    trust_device(home, ALICE)
    settings.SECRET_KEY_FALLBACKS = [old]
    settings.SECRET_KEY = "another key, which is long enough for a test"
    request = request_from(rf, "192.0.2.1", home)
    assert device_of(request, ALICE)
    settings.SECRET_KEY_FALLBACKS = []
    assert not device_of(request, ALICE)


def test_a_login_trusts_the_device_and_a_wrong_password_does_not(alice: User, browser: Browser) -> None:
    browser.log_in(ALICE, password="wrong")
    assert not any(name.startswith("__Host-device") for name in browser.client.cookies)
    browser.log_in(ALICE)
    assert cookie_name(ALICE) in browser.client.cookies


def test_a_new_device_is_told_and_a_known_one_is_not(alice: User, sent: list[Sent]) -> None:
    def names() -> list[str]:
        return [each.name for each in sent if each.name == "new_device_seen"]

    home = Browser()
    home.log_in(ALICE)
    assert names() == [], "the first of all"
    home.client.defaults["REMOTE_ADDR"] = "198.51.100.7"
    home.log_in(ALICE)
    assert names() == [], "the cookie counts, not the address"
    Browser().log_in(ALICE)
    assert names() == [], "a program without cookies, from an address and with a user agent known from before"
    thief = Browser()
    thief.client.defaults["REMOTE_ADDR"] = "203.0.113.9"
    thief.log_in(ALICE)
    assert names() == ["new_device_seen"]


def test_strangers_behind_one_address_leave_the_owners_device_its_own_count(alice: User) -> None:
    """An office, a dormitory: the limit by address is used up by others."""
    home = Browser()
    assert home.log_in(ALICE).status_code == 200
    assert [Browser().log_in(BOB, password="wrong").status_code for _ in range(6)] == [401] * 5 + [429]
    assert Browser().log_in(ALICE).status_code == 429
    assert home.log_in(ALICE).status_code == 200
    assert home.log_in(BOB).status_code == 429, "for another account it is one of the strangers"
    page = {"identifier": ALICE, "password": PASSWORD}
    assert home.client.post("/account/login", page, secure=True).status_code == 302


def test_guesses_at_one_account_are_not_charged_to_anothers_device(alice: User) -> None:
    """Who has an account has a device, and could spend its count, and the next one's, on guesses at others."""
    home, carol = Browser(), make_user("carol").email
    assert [home.log_in(email).status_code for email in (ALICE, carol)] == [200, 200]
    guess = {"email": ALICE, "identifier": carol, "password": "wrong"}  # it has a device for either
    assert [home.client.post("/account/login", guess, secure=True).status_code for _ in range(5)] == [422] * 5
    assert Browser().log_in(BOB, password="wrong").status_code == 429, "the address has paid"
