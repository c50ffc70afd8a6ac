"""Attacks on the door: guessing, stuffing, and keeping the owner out."""

import re
from typing import Any

import pytest
from pytest_django import Settings

from auditlog.models import Event
from tests.accounts.browser import Browser, read
from tests.accounts.conftest import make_user
from tests.accounts.counting_hasher import calls
from tests.accounts.guessing.solving import solve
from tests.accounts.racing import Answer, at_once

ALICE = "alice@example.com"


def attacker(number: int) -> Browser:
    """Return a client of a botnet: each has an address of its own."""
    browser = Browser()
    browser.client.defaults["REMOTE_ADDR"] = f"198.51.{number // 200}.{number % 200 + 1}"
    return browser


def guess(number: int, account: str = ALICE) -> Answer:
    response = attacker(number).log_in(account, password=f"guess number {number}")
    return response.status_code, read(response)


@pytest.fixture
def budget(settings: Settings) -> Any:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_PER_ACCOUNT": 5}


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_sixty_parallel_guesses_run_five_password_checks(settings: Settings, budget: None) -> None:
    settings.PASSWORD_HASHERS = ["tests.accounts.counting_hasher.CountingHasher"]
    make_user("alice")
    calls.clear()
    answers = at_once([lambda n=n: guess(n) for n in range(60)])  # type: ignore[misc]  # a lambda's default
    assert sorted(status for status, _ in answers) == [401] * 5 + [429] * 55
    assert calls["encode"] == 5
    failures = Event.objects.filter(type="accounts.login_failed")
    assert failures.count() == 60, "each is told once"
    assert failures.filter(reason="wrong_password").count() == 5
    assert Event.objects.filter(type="accounts.account_locked").count() == 1


@pytest.mark.django_db
def test_locking_the_owner_out(budget: None) -> None:
    """Strangers use up the budget; on her own device the owner notices nothing."""
    make_user("alice")
    owner = Browser()
    assert owner.log_in(ALICE).status_code == 200
    assert [guess(n)[0] for n in range(8)] == [401] * 5 + [429] * 3
    assert owner.log_in(ALICE).status_code == 200
    assert attacker(99).log_in(ALICE).status_code == 429, "not even with the right password, from a strange device"
    locked = Event.objects.get(type="accounts.account_locked")
    assert locked.data["scope"] == "account"


@pytest.mark.django_db
def test_a_lock_does_not_tell_who_has_an_account(budget: None) -> None:
    make_user("alice")
    answers: dict[str, list[Answer]] = {}
    for account in (ALICE, "nobody@example.com"):
        answers[account] = [guess(n, account) for n in range(8)]
        for _, body in answers[account]:
            body.pop("request_id")
    assert answers[ALICE] == answers["nobody@example.com"]


@pytest.mark.django_db
def test_a_stolen_device_cookie_opens_no_other_account(budget: None) -> None:
    """Mallory has an account, and with it a cookie; at alice's it makes her a stranger like any other."""
    make_user("alice")
    make_user("mallory")
    mallory = attacker(1)
    assert mallory.log_in("mallory@example.com").status_code == 200
    for number in range(2, 8):
        guess(number)
    own = next(name for name in mallory.client.cookies if "device" in name)
    alices = Browser()
    alices.log_in(ALICE)
    renamed = next((name for name in alices.client.cookies if "device" in name), "__Host-device_00000000")
    mallory.client.cookies[renamed] = mallory.client.cookies[own].value
    assert mallory.log_in(ALICE, password="guess").status_code == 429


@pytest.mark.django_db
def test_stuffing_from_one_address_ends(settings: Settings) -> None:
    """One list of stolen passwords, one address, one try an account: the address is what is counted."""
    settings.BULWARK_EDGE = {
        **settings.BULWARK_EDGE,
        "RATELIMITS": {**settings.BULWARK_EDGE["RATELIMITS"], "login": {"key": "ip", "rate": "1000/m"}},
    }
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_PER_IP": 6}
    mallory = attacker(1)
    tried = [mallory.log_in(f"user{n}@example.com", password="stolen").status_code for n in range(9)]
    assert tried == [401] * 6 + [429] * 3
    assert attacker(2).log_in("user9@example.com", password="stolen").status_code == 401


@pytest.mark.django_db
def test_a_stolen_device_cookie_buys_a_handful_of_guesses(budget: None, settings: Settings) -> None:
    """The thief has the owner's cookie: it opens nothing, has a budget of its own, and leaves other devices alone."""
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_PER_DEVICE": 3}
    make_user("alice")
    home, phone = Browser(), Browser()
    for device in (home, phone):
        assert device.log_in(ALICE).status_code == 200
    thief = attacker(1)
    for name, morsel in home.client.cookies.items():
        if "device" in name:
            thief.client.cookies[name] = morsel.value
    assert [thief.log_in(ALICE, password="guess").status_code for _ in range(5)] == [401] * 3 + [429] * 2
    assert phone.log_in(ALICE).status_code == 200
    assert Event.objects.get(type="accounts.account_locked").data["scope"] == "device"


@pytest.mark.django_db
def test_a_solved_challenge_is_replayed(settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_BEFORE_CHALLENGE": 2}
    make_user("alice")
    for number in range(2):
        assert guess(number)[0] == 401
    status, problem = guess(3)
    assert (status, problem["code"]) == (403, "challenge_required")
    solution = solve(read(attacker(4).send("GET", problem["challenge"])))
    body = {"email": ALICE, "password": "guess", "transport": "body", "challenge": solution}
    assert [attacker(n).send("POST", "login", body).status_code for n in range(5, 9)] == [401] + [403] * 3


@pytest.mark.django_db
def test_the_way_back_in_for_an_owner_on_a_new_device(budget: None, mailoutbox: list[Any]) -> None:
    """Strangers have used up the budget, and her only device is lost: the mailed link makes the new one hers."""
    make_user("alice")
    for number in range(6):
        guess(number)
    new = attacker(99)
    assert new.log_in(ALICE).status_code == 429
    assert new.send("POST", "password/reset", {"email": ALICE}).status_code == 202
    token = re.search(r"#token=(\S+)", mailoutbox[0].body)
    assert token is not None
    body = {"token": token[1], "new_password": "another password, just as long"}
    assert new.send("POST", "password/reset/confirm", body).status_code == 204
    assert new.log_in(ALICE, password="another password, just as long").status_code == 200
    assert guess(100)[0] == 429, "strangers wait on"


@pytest.mark.urls("tests.accounts.stock_admin")
@pytest.mark.django_db
def test_the_guesses_of_all_doors_are_one_budget(budget: None) -> None:
    make_user("alice", is_staff=True)
    tried = [guess(n)[0] for n in range(2)]
    for number, (path, name) in enumerate([("/account/login", "identifier"), ("/admin/login/", "username")] * 2):
        form = {name: ALICE, "password": "guess", "next": "/"}
        tried.append(attacker(10 + number).client.post(path, form, secure=True).status_code)
    assert tried == [401, 401, 422, 200, 422, 429]
