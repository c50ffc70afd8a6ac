"""Solved challenges: right, single-use, and asked for when they are due."""

import base64
import json
from datetime import timedelta
from typing import Any

import altcha
import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.guessing import Challenge, NoChallenge, Reservation, Scope
from accounts.guessing.proof_of_work import AltchaChallenge
from accounts.models import User
from edge.ratelimit import limiter
from tests.accounts.browser import Browser, read
from tests.accounts.guessing.conftest import Ask, fail, trusted
from tests.accounts.guessing.solving import solve
from tests.accounts.racing import at_once

ALICE = "alice@example.com"
CONTRACTS: list[Challenge] = [AltchaChallenge(), NoChallenge()]


def asked(**options: Any) -> str:
    return solve(AltchaChallenge().issue(), **options)


@pytest.fixture(autouse=True)
def sizes(settings: Settings) -> None:
    changes = {"GUESSES_BEFORE_CHALLENGE": 2, "GUESSES_PER_ACCOUNT": 6, "GUESSES_PER_IP_BEFORE_CHALLENGE": 4}
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, **changes}


def test_a_challenge_is_due_after_the_free_guesses_and_buys_one_guess(ask: Ask) -> None:
    assert [fail(ask()), fail(ask())] == [True, True]
    refused = ask()
    assert not isinstance(refused, Reservation)
    assert refused.scope is Scope.CHALLENGE
    solution = asked()
    assert fail(ask(solution=solution))
    assert not fail(ask(solution=solution)), "a solution works once"
    assert fail(ask(solution=asked()))


def test_solutions_do_not_outrun_the_budget(ask: Ask) -> None:
    assert [fail(ask(solution=asked())) for _ in range(9)] == [True] * 6 + [False] * 3


def test_a_solution_that_is_not_needed_is_kept(ask: Ask) -> None:
    solution = asked()
    assert [fail(ask(solution=solution)) for _ in range(4)] == [True, True, True, False]


def test_a_right_guess_gives_the_guess_back_and_not_the_solution(ask: Ask) -> None:
    assert [fail(ask()), fail(ask())] == [True, True]
    solution = asked()
    reserved = ask(solution=solution)
    assert isinstance(reserved, Reservation)
    reserved.succeed()
    limiter().denials.clear()
    assert not fail(ask(solution=solution))


def test_one_solution_in_many_hands_at_once(ask: Ask) -> None:
    assert [fail(ask()), fail(ask())] == [True, True]
    solution = asked()
    answers = at_once([lambda: (int(isinstance(ask(solution=solution), Reservation)), {})] * 20)
    assert sum(count for count, _ in answers) == 1


def test_an_address_that_tries_many_accounts_solves_one_too(ask: Ask) -> None:
    assert [fail(ask(f"user{n}@example.com")) for n in range(5)] == [True] * 4 + [False]
    assert fail(ask("user9@example.com", solution=asked()))


def test_when_everybody_is_guessing_strangers_solve_one(ask: Ask, budget: Any) -> None:
    budget(GUESSES_IN_ALL=3)
    assert [fail(ask(f"user{n}@example.com", ip=f"192.0.2.{n}")) for n in range(4)] == [True] * 3 + [False]
    assert fail(ask(ip="192.0.2.9", solution=asked()))
    assert fail(ask(ip="192.0.2.9", device=trusted())), "whoever has logged in from here before does not"


def test_a_door_without_a_challenge_refuses_there(ask: Ask) -> None:
    assert [fail(ask(can_challenge=False)), fail(ask(can_challenge=False))] == [True, True]
    refused = ask(can_challenge=False, solution=asked())
    assert not isinstance(refused, Reservation)
    assert (refused.scope, refused.retry_after > 0) == (Scope.ACCOUNT, True)


def test_a_challenge_that_asks_nothing_leaves_the_budget(ask: Ask, budget: Any) -> None:
    """The control switched off."""
    budget(CHALLENGE="accounts.guessing.NoChallenge")
    assert [fail(ask(ip=f"192.0.2.{n}")) for n in range(8)] == [True] * 6 + [False] * 2


def tampered(solution: str, **changes: Any) -> str:
    body = json.loads(base64.b64decode(solution))
    for path, value in changes.items():
        part, _, name = path.partition("__")
        (body[part] if part == "solution" else body["challenge"]["parameters"])[name] = value
    return base64.b64encode(json.dumps(body).encode()).decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"solution__derivedKey": "00" * 32},
        {"solution__derivedKey": None},
        {"solution__derivedKey": 7},
        {"parameters__cost": 1},
        {"parameters__keyPrefix": ""},
        {"parameters__expiresAt": 9_999_999_999},
        {"parameters__expiresAt": None},
        {"parameters__algorithm": "SHA-256"},
        {"parameters__keySignature": "00" * 32},
        {"parameters__nonce": "ff" * 16},
        {"parameters__data": {"__proto__": 1}},
    ],
)
def test_a_forged_solution_proves_nothing(changes: dict[str, Any]) -> None:
    solution = asked()
    assert AltchaChallenge().proof(solution)
    assert AltchaChallenge().proof(tampered(solution, **changes)) is None


def encoded(body: Any) -> str:
    return base64.b64encode(json.dumps(body).encode()).decode()


NONSENSE: list[Any] = [
    *({}, [], None, 1, {"challenge": 1}, {"challenge": []}),
    {"challenge": {"parameters": []}, "solution": {}},
    {"challenge": {"parameters": {}, "signature": 1}, "solution": []},
    {"challenge": "x", "solution": "y"},
    {"challenge": {"parameters": "x"}, "solution": None},
]


@pytest.mark.parametrize("text", ["", "x", "\u20ac", "\udc80", *map(encoded, NONSENSE)])
def test_no_text_breaks_it(text: str, browser: Browser, db: None) -> None:
    assert AltchaChallenge().proof(text) is None
    for _ in range(3):
        body = {"email": ALICE, "password": "x", "transport": "body", "challenge": text}
        assert browser.send("POST", "login", body).status_code in {401, 403, 400}


def test_somebody_elses_challenge_proves_nothing(settings: Settings) -> None:
    solution = asked()
    settings.SECRET_KEY = "the key of another service, long enough for a test"
    assert AltchaChallenge().proof(solution) is None


def test_a_challenge_ends() -> None:
    solution = asked()
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        assert AltchaChallenge().proof(solution) is None


def test_finding_the_number_takes_tries(settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "CHALLENGE_TRIES": 40}
    tries = [json.loads(base64.b64decode(asked()))["solution"]["counter"] for _ in range(20)]
    assert all(20 <= each <= 60 for each in tries)
    assert len(set(tries)) > 5


@pytest.mark.parametrize("chosen", CONTRACTS, ids=lambda each: type(each).__name__)
def test_both_keep_the_contract(chosen: Challenge) -> None:
    assert isinstance(chosen.is_asked, bool)
    assert bool(chosen.issue()) is chosen.is_asked
    assert chosen.proof("no solution") is None


def from_anywhere(browser: Browser) -> Browser:
    """Let each request of ``browser`` come from an address of its own, so that only the account's budget is met."""
    addresses = iter(range(1, 200))
    send = browser.client.generic

    def generic(*arguments: Any, **options: Any) -> Any:
        return send(*arguments, REMOTE_ADDR=f"192.0.2.{next(addresses)}", **options)

    browser.client.generic = generic  # type: ignore[method-assign]
    return browser


def test_over_http(alice: User, browser: Browser) -> None:
    from_anywhere(browser)
    for _ in range(2):
        assert browser.log_in(ALICE, password="wrong").status_code == 401
    refused = browser.log_in(ALICE)
    problem = read(refused)
    assert (refused.status_code, problem["code"]) == (403, "challenge_required")
    issued = browser.send("GET", problem["challenge"])
    assert "no-store" in issued.headers["Cache-Control"]
    body = {"email": ALICE, "password": "wrong", "transport": "body", "challenge": solve(read(issued))}
    assert browser.send("POST", "login", body).status_code == 401
    assert browser.send("POST", "login", body).status_code == 403, "replayed"
    right = {**body, "password": "correct horse battery staple", "challenge": asked()}
    assert browser.send("POST", "login", right).status_code == 200
    assert browser.log_in(ALICE).status_code == 200, "a device of the owner is asked for none"


def test_the_reset_form_asks_too(alice: User, browser: Browser, mailoutbox: list[Any]) -> None:
    from_anywhere(browser)

    def ask_for(address: str, **more: str) -> int:
        return browser.send("POST", "password/reset", {"email": address, **more}).status_code

    assert [ask_for(ALICE) for _ in range(3)] == [202, 202, 403]
    assert [ask_for("nobody@example.com") for _ in range(3)] == [202, 202, 403]
    assert len(mailoutbox) == 2, "nobody's mailbox is flooded"
    assert ask_for(ALICE, challenge=asked()) == 202


def test_without_a_challenge_there_is_none_to_get(browser: Browser, budget: Any) -> None:
    budget(CHALLENGE="accounts.guessing.NoChallenge")
    assert browser.send("GET", "challenge").status_code == 404


def test_altchas_own_client_solves_it() -> None:
    challenge = altcha.Challenge.from_dict(dict(AltchaChallenge().issue()))
    solution = altcha.solve_challenge(challenge)
    assert solution is not None
    assert AltchaChallenge().proof(altcha.Payload(challenge, solution).to_base64())
