"""After the free guesses at a second factor, the next one takes a solved challenge."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import TokenFamily, User
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import Sent
from tests.accounts.guessing.solving import solve
from tests.accounts.mfa.devices import Phone, first_step, second_step

WRONG, CHALLENGE = "000000", "/api/v1/auth/challenge"


@pytest.fixture(autouse=True)
def sizes(settings: Settings) -> None:
    limits = settings.BULWARK_EDGE["RATELIMITS"]
    wide = {
        name: {**limits[name], "rate": "1000/m"} for name in ("login", "mfa", "password_change")
    }  # the budget is met, not these
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMITS": {**limits, **wide}}
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_BEFORE_CHALLENGE": 2, "GUESSES_PER_ACCOUNT": 6}


def solution() -> str:
    return solve(read(Browser().send("GET", "challenge")))


def outcome(answer: Any) -> tuple[int, str]:
    return answer.status_code, read(answer).get("code", "")


@pytest.fixture
def mallory(phone: Phone) -> tuple[Browser, str]:
    """Knows alice's password, has the token of the second step, and has used up the free guesses."""
    browser = Browser()
    token = first_step(browser)
    for _ in range(2):
        assert outcome(second_step(browser, token, totp=WRONG)) == (401, "mfa_failed")
    return browser, token


def test_the_api_asks_for_one_and_takes_the_right_code_with_it(
    mallory: tuple[Browser, str], phone: Phone, alice: User, sent: list[Sent]
) -> None:
    browser, token = mallory
    sent.clear()
    asked = second_step(browser, token, totp=phone.code())
    assert outcome(asked) == (403, "challenge_required")
    assert read(asked)["challenge"] == CHALLENGE
    assert [(each.name, each.data["reason"]) for each in sent] == [("mfa_failed", "too_many_guesses")]
    assert outcome(second_step(browser, token, totp=phone.code(), challenge="made up")) == (403, "challenge_required")
    assert second_step(browser, token, totp=phone.code(), challenge=solution()).status_code == 200


def test_each_guess_at_the_api_takes_another_one(mallory: tuple[Browser, str]) -> None:
    browser, token = mallory
    one = solution()
    assert outcome(second_step(browser, token, totp=WRONG, challenge=one)) == (401, "mfa_failed")
    assert outcome(second_step(browser, token, totp=WRONG, challenge=one)) == (403, "challenge_required")
    for _ in range(3):
        assert outcome(second_step(browser, token, totp=WRONG, challenge=solution()))[0] == 401
    assert second_step(browser, token, totp=WRONG, challenge=solution()).status_code == 429, "none outruns the budget"


def test_a_recovery_code_is_a_guess_too(mallory: tuple[Browser, str], phone: Phone) -> None:
    browser, token = mallory
    code = phone.codes[0]
    assert outcome(second_step(browser, token, recovery_code=code)) == (403, "challenge_required")
    assert second_step(browser, token, recovery_code=code, challenge=solution()).status_code == 200


def test_without_the_control_no_challenge_is_asked_for(phone: Phone, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "CHALLENGE": "accounts.guessing.NoChallenge"}
    browser = Browser()
    token = first_step(browser)
    assert [outcome(second_step(browser, token, totp=WRONG))[0] for _ in range(4)] == [401] * 4


@pytest.fixture
def page(phone: Phone) -> Client:
    """A browser at the second step that has used up the free guesses."""
    client = Client()
    form = {"identifier": "alice@example.com", "password": PASSWORD}
    assert client.post("/account/login", form, secure=True).status_code == 302
    for _ in range(2):
        answer = show(client, WRONG)
        assert answer.status_code == 422
        assert not asks(answer)
    return client


def show(client: Client, code: str, **fields: str) -> Any:
    return client.post("/account/login/mfa", {"code": code, "next": "/admin/", **fields}, secure=True)


def asks(answer: Any) -> bool:
    """Say whether the page's script is told where to get a challenge."""
    return CHALLENGE.encode() in answer.content


def page_sessions(user: User) -> int:
    return TokenFamily.objects.of(user).filter(transport="session").live(timezone.now()).count()


def test_the_page_asks_for_one_and_takes_the_right_code_with_it(page: Client, phone: Phone, alice: User) -> None:
    answer = show(page, phone.code())
    assert answer.status_code == 422
    assert asks(answer)
    assert b"check of your browser" in answer.content
    assert page_sessions(alice) == 0
    done = show(page, phone.code(), challenge=solution())
    assert (done.status_code, done.headers["Location"]) == (302, "/admin/")
    assert page_sessions(alice) == 1


def test_each_guess_at_the_page_takes_another_one(page: Client, phone: Phone, alice: User) -> None:
    one = solution()
    wrong = show(page, WRONG, challenge=one)
    assert wrong.status_code == 422
    assert b"This code is not right" in wrong.content
    assert asks(wrong), "the page gets the next one at once"
    again = show(page, phone.code(), challenge=one)
    assert (again.status_code, page_sessions(alice)) == (422, 0)
    assert show(page, phone.code(), challenge=solution()).status_code == 302


def test_a_right_code_costs_no_guess(page: Client, phone: Phone, alice: User) -> None:
    assert show(page, phone.code(), challenge=solution()).status_code == 302
    browser = Browser()
    token = first_step(browser)
    assert outcome(second_step(browser, token, totp=WRONG))[1] == "challenge_required", "the failed ones still count"


@pytest.fixture
def own_page(alice: User) -> Client:
    """A browser whose session lives on, and whose device is not trusted any more."""
    client = Client()
    form = {"identifier": "alice@example.com", "password": PASSWORD}
    assert client.post("/account/login", form, secure=True).status_code == 302
    untrust(client)
    return client


def untrust(client: Client) -> None:
    """Take the device cookies away."""
    for name in [each for each in client.cookies if "device" in each]:
        del client.cookies[name]


def confirm(client: Client, **fields: str) -> Any:
    return client.post("/account/reauthenticate", {"next": "/account/mfa", **fields}, secure=True)


def test_the_page_that_asks_again_asks_for_one_too(own_page: Client) -> None:
    for _ in range(2):
        wrong = confirm(own_page, password="wrong")  # pragma: allowlist secret
        assert (wrong.status_code, asks(wrong)) == (422, False)
    asked = confirm(own_page, password=PASSWORD)
    assert (asked.status_code, asks(asked)) == (422, True)
    assert b"check of your browser" in asked.content
    one = solution()
    wrong = confirm(own_page, password="wrong", challenge=one)  # pragma: allowlist secret
    assert (wrong.status_code, asks(wrong)) == (422, True), "the page gets the next one at once"
    assert confirm(own_page, password=PASSWORD, challenge=one).status_code == 422
    done = confirm(own_page, password=PASSWORD, challenge=solution())
    assert (done.status_code, done.headers["Location"]) == (302, "/account/mfa")


def test_it_pays_for_the_code_where_the_password_was_free(page: Client, phone: Phone, alice: User) -> None:
    """On the page, and at the API; the free guesses at a code are used up, those at the password are not."""
    assert show(page, phone.code(), challenge=solution()).status_code == 302
    untrust(page)
    assert asks(confirm(page, password=PASSWORD, code=phone.codes[0]))
    done = confirm(page, password=PASSWORD, code=phone.codes[0], challenge=solution())
    assert (done.status_code, done.headers["Location"]) == (302, "/account/mfa")
    browser = Browser()
    token = first_step(browser)
    browser.access = read(second_step(browser, token, recovery_code=phone.codes[1], challenge=solution()))["access"]
    untrust(browser.client)
    body = {"password": PASSWORD, "recovery_code": phone.codes[2]}
    assert outcome(browser.send("POST", "reauthenticate", body))[1] == "challenge_required"
    assert browser.send("POST", "reauthenticate", {**body, "challenge": solution()}).status_code == 200


@pytest.fixture
def own(phone: Phone, alice: User) -> Browser:
    """alice's session on a device that is not trusted, while strangers have used up all that is free."""
    stranger = Browser()
    token = first_step(stranger)
    for _ in range(2):
        assert outcome(second_step(stranger, token, totp=WRONG)) == (401, "mfa_failed")
    mine = Browser()
    token = first_step(mine)
    mine.access = read(second_step(mine, token, recovery_code=phone.codes[0], challenge=solution()))["access"]
    for _ in range(2):
        assert stranger.log_in("alice@example.com", password="wrong").status_code == 401
    untrust(mine.client)
    return mine


def again(browser: Browser, **shown: str) -> tuple[int, str]:
    return outcome(browser.send("POST", "reauthenticate", shown))


def test_one_pays_for_the_password_and_the_code_where_nothing_is_free(own: Browser, phone: Phone) -> None:
    both = {"password": PASSWORD, "recovery_code": phone.codes[1]}
    assert again(own, **both) == (403, "challenge_required")
    assert again(own, **both, challenge=solution()) == (200, "")


def test_one_pays_for_one_wrong_guess_at_either(own: Browser, phone: Phone) -> None:
    """Whoever has a session and knows the password pays for each code, and who does not, for each password."""
    right = {"password": PASSWORD, "recovery_code": phone.codes[1]}
    for wrong in ({"password": "wrong"}, {"recovery_code": "wrong"}):
        one = solution()
        assert again(own, **{**right, **wrong, "challenge": one}) == (401, "invalid_credentials")
        for shown in ({**right, **wrong}, right):
            assert again(own, **{**shown, "challenge": one}) == (403, "challenge_required")
    assert again(own, **right, challenge=solution()) == (200, "")


def test_one_that_has_paid_pays_for_no_other_request(own: Browser, phone: Phone) -> None:
    one = solution()
    assert again(own, password=PASSWORD, recovery_code=phone.codes[1], challenge=one) == (200, "")
    assert again(own, password=PASSWORD, recovery_code=phone.codes[2], challenge=one) == (403, "challenge_required")


def test_the_page_takes_both_with_one(phone: Phone, own: Browser) -> None:
    client = Client()
    form = {"identifier": "alice@example.com", "password": PASSWORD, "challenge": solution()}
    assert client.post("/account/login", form, secure=True).status_code == 302
    assert show(client, phone.codes[1], challenge=solution()).status_code == 302
    untrust(client)
    assert asks(confirm(client, password=PASSWORD, code=phone.codes[2]))
    done = confirm(client, password=PASSWORD, code=phone.codes[2], challenge=solution())
    assert (done.status_code, done.headers["Location"]) == (302, "/account/mfa")
