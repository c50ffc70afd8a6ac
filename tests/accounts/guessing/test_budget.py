"""What a guess is counted against: the whole on both stores, in process or Redis, as the suite is run."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from accounts import guessing
from accounts.guessing import Exhausted, Reservation, Scope
from accounts.models import User
from edge.ratelimit import StoreUnavailable, limiter
from tests.accounts.conftest import Sent
from tests.accounts.guessing.conftest import Ask, fail, trusted
from tests.edge.ratelimit.clocks import Clock


def test_parallel_guesses_get_the_budget_and_no_more(budget: Any, ask: Ask) -> None:
    budget(GUESSES_PER_ACCOUNT=5)
    gate = threading.Barrier(60)

    def guess(number: int) -> bool:
        gate.wait(timeout=30)
        return isinstance(ask(ip=f"192.0.2.{number}"), Reservation)

    with ThreadPoolExecutor(60) as pool:
        assert sum(pool.map(guess, range(60))) == 5


def test_a_right_guess_is_given_back(budget: Any, ask: Ask) -> None:
    budget(GUESSES_PER_ACCOUNT=2, GUESSES_PER_IP=2)
    for _ in range(5):
        reserved = ask()
        assert isinstance(reserved, Reservation)
        reserved.succeed()
    assert [fail(ask()) for _ in range(3)] == [True, True, False]


def test_an_unknown_account_has_the_same_budget_and_answers(budget: Any, ask: Ask, db: None) -> None:
    User.objects.create_user("alice@example.com", None)
    budget(GUESSES_PER_ACCOUNT=3)
    answers = [[ask(f"{name}@example.com", ip=f"192.0.2.{n}") for n in range(5)] for name in ("alice", "nobody")]
    kinds = [[type(each) for each in row] for row in answers]
    assert kinds[0] == kinds[1] == [Reservation] * 3 + [Exhausted] * 2


@pytest.mark.parametrize("spelling", ["ALICE@example.com", " alice@example.com ", "\uff41lice@example.com"])
def test_another_spelling_is_no_other_budget(spelling: str, budget: Any, ask: Ask) -> None:
    budget(GUESSES_PER_ACCOUNT=1)
    assert fail(ask("alice@example.com"))
    assert not fail(ask(spelling))


def test_strangers_do_not_lock_the_owner_out_of_a_trusted_device(budget: Any, ask: Ask) -> None:
    budget(GUESSES_PER_ACCOUNT=3, GUESSES_PER_IP=3)
    home = trusted()
    while fail(ask()):
        pass
    owner = ask(device=home)
    assert isinstance(owner, Reservation), "not even from the address of the strangers"
    owner.succeed()


def test_a_trusted_device_has_a_budget_too(budget: Any, ask: Ask) -> None:
    budget(GUESSES_PER_DEVICE=3)
    home = trusted()
    assert [fail(ask(device=home, ip=f"192.0.2.{n}")) for n in range(5)] == [True] * 3 + [False] * 2
    refused = ask(device=home)
    assert isinstance(refused, Exhausted)
    assert refused.scope is Scope.DEVICE
    assert fail(ask()), "strangers have theirs still"


def test_one_address_cannot_try_many_accounts(budget: Any, ask: Ask) -> None:
    budget(GUESSES_PER_IP=4)
    tried = [ask(f"user{n}@example.com", ip="2001:db8::1" if n % 2 else "2001:db8::2") for n in range(6)]
    assert [fail(each) for each in tried] == [True] * 4 + [False] * 2
    assert isinstance(tried[5], Exhausted)
    assert tried[5].scope is Scope.IP
    assert fail(ask("user6@example.com", ip="2001:db8:0:1::1")), "another /64"


def test_kinds_of_secrets_are_counted_apart(budget: Any, ask: Ask) -> None:
    budget(GUESSES_PER_ACCOUNT=1)
    assert [fail(ask(kind=kind)) for kind in ("password", "mfa", "password")] == [True, True, False]


def test_the_lock_grows_and_what_is_tried_meanwhile_does_not_prolong_it(budget: Any, ask: Ask, clock: Clock) -> None:
    steps = (timedelta(hours=1), timedelta(hours=3))
    budget(GUESSES_PER_ACCOUNT=2, GUESS_LOCKS=steps)
    for step in (*steps, steps[-1]):
        assert [fail(ask(ip="192.0.2.1")), fail(ask(ip="192.0.2.2"))] == [True, True]
        first = ask(ip="192.0.2.3")
        assert isinstance(first, Exhausted)
        assert step.total_seconds() - 1 < first.retry_after <= step.total_seconds()
        clock.advance(step.total_seconds() / 2)
        for number in range(20):
            assert not fail(ask(ip=f"192.0.2.{number}"))
        later = ask()
        assert isinstance(later, Exhausted)
        assert later.retry_after <= step.total_seconds() / 2 + 1
        clock.advance(step.total_seconds() / 2 + 1)


def test_the_lock_is_told_once(budget: Any, ask: Ask, sent: list[Sent], alice: User) -> None:
    budget(GUESSES_PER_ACCOUNT=3)
    for _ in range(6):
        asked = ask()
        if isinstance(asked, Reservation):
            asked.fail(user=alice)
    assert [(each.name, each.target, each.data["scope"]) for each in sent] == [("account_locked", alice, "account")]
    assert sent[0].data["seconds"] >= 900


def test_right_guesses_in_flight_lock_nothing(budget: Any, ask: Ask) -> None:
    """Six clients of one person start at once: five reserve, the sixth waits; nobody was wrong."""
    budget(GUESSES_PER_ACCOUNT=5)
    flying = [ask(ip=f"192.0.2.{n}") for n in range(6)]
    for each in flying:
        if isinstance(each, Reservation):
            each.succeed()
    limiter().denials.clear()
    assert isinstance(ask(), Reservation)


def test_a_wrong_guess_that_comes_home_last_locks_nothing_when_the_others_were_right(
    budget: Any, ask: Ask, sent: list[Sent], alice: User
) -> None:
    """It was the last there was when it was reserved, and is the only one that counts by now."""
    budget(GUESSES_PER_ACCOUNT=3)
    flying = [ask(ip=f"192.0.2.{n}") for n in range(3)]
    for each in flying[:2]:
        assert isinstance(each, Reservation)
        each.succeed()
    assert isinstance(flying[2], Reservation)
    flying[2].fail(user=alice)
    assert "account_locked" not in [each.name for each in sent]
    limiter().denials.clear()
    assert [isinstance(ask(ip=f"192.0.2.{n}"), Reservation) for n in range(3)] == [True, True, False]


def test_forgetting_opens_everything(budget: Any, ask: Ask) -> None:
    budget(GUESSES_PER_ACCOUNT=1, GUESSES_PER_DEVICE=1)
    home = trusted()
    for _ in range(2):
        for asked in (ask(), ask(device=home), ask(kind="mfa")):
            fail(asked)
    assert guessing.forget_guesses("Alice@example.com") >= 6
    assert fail(ask(ip="192.0.2.9"))
    assert fail(ask(device=home))
    assert fail(ask(kind="mfa", ip="192.0.2.9"))
    assert guessing.forget_guesses("nobody@example.com") == 0


def test_a_lost_store_checks_no_secret(ask: Ask, settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": "redis://127.0.0.1:1/0"}
    with pytest.raises(Exception, match="safely") as caught:
        ask()
    assert caught.value.status_code == 503  # type: ignore[attr-defined]
    assert caught.value.headers["Retry-After"]  # type: ignore[attr-defined]
    with pytest.raises(StoreUnavailable):
        guessing.forget_guesses("alice@example.com")


def test_without_limits_nothing_is_counted(budget: Any, ask: Ask, settings: Settings) -> None:
    """The control switched off: what the tests above find is the budget's doing."""
    budget(GUESSES_PER_ACCOUNT=1)
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}
    assert [fail(ask()) for _ in range(9)] == [True] * 9
