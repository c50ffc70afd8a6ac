"""People who share an address mistype; whoever tries stolen passwords from one fails with other accounts."""

from typing import Any

import pytest

from auditlog.models import Event
from tests.auditlog.detection.world import MINUTE, NOON, SECOND, failure, found, login, names

pytestmark = pytest.mark.django_db
BY_IP = {"login_failures_by_ip", "success_after_failures_by_ip"}
OFFICE = "203.0.113.1"


def morning(*, slips: int = 2, people: int = 8, logins_after: float = 20, logins_from: str = OFFICE) -> list[Event]:
    """Return the logins of an office: each mistypes ``slips`` times, then logs in; a visitor never mistypes."""
    events = [login(NOON + 14 * MINUTE, "visitor", src_ip=OFFICE)]
    for number in range(people):
        begins, who = NOON + number * MINUTE, f"user{number}"
        events += [failure(begins + slip * SECOND, who, src_ip=OFFICE) for slip in range(slips)]
        events.append(login(begins + logins_after * SECOND, who, src_ip=logins_from))
    return sorted(events, key=lambda made: made.ts)


def test_an_office_that_mistypes_is_no_attack() -> None:
    # Six: the accounts are fewer than those of a spraying, and the failures more than either limit.
    assert not BY_IP & names(found(morning(people=6)))


@pytest.mark.parametrize(
    "attack",
    [
        {"slips": 4, "people": 3},  # more than a person mistypes
        {"logins_from": "192.0.2.9"},  # the owners log in, elsewhere
        {"logins_after": -20},  # they did, before
    ],
)
def test_whoever_does_not_log_in_there_soon_is_not_forgiven(attack: dict[str, Any]) -> None:
    assert names(found(morning(**attack))) >= BY_IP


def test_failures_of_unknown_accounts_are_not_forgiven() -> None:
    """Those have no account to log in to; who logs in is somebody else."""
    assert (
        names(found([*(failure(NOON + n * SECOND, "", src_ip=OFFICE) for n in range(9)), *morning(people=1)])) >= BY_IP
    )


def test_what_a_stolen_password_opens_forgives_the_others_nothing() -> None:
    guesses = [failure(NOON + n * SECOND, f"other{n}", src_ip=OFFICE) for n in range(9)]
    assert names(found([*guesses, login(NOON + MINUTE, "alice", src_ip=OFFICE)])) >= BY_IP
