"""What a refused login costs in processor time, by why it is refused: for the suite, and at full size in bench."""

import statistics
import time
from datetime import timedelta

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client
from django.utils import timezone

from accounts import locks
from accounts.hashers import Argon2idHasher
from accounts.models import User
from tests.accounts.browser import PASSWORD

CASES = ("wrong password", "unknown", "inactive", "unusable password", "old hash", "locked")


class SmallArgon2id(Argon2idHasher):
    """As the real one, of a size that a test can afford."""

    memory_cost = 8_192


class SmallPBKDF2(PBKDF2PasswordHasher):
    iterations = 100_000


class OlderPBKDF2(SmallPBKDF2):
    """As an earlier Django made them: of fewer rounds."""

    iterations = 20_000


def make_accounts(old: PBKDF2PasswordHasher) -> None:
    """Make an account for each case."""
    now = timezone.now()
    for case in CASES:
        if case != "unknown":
            User.objects.create_user(_address(case), PASSWORD, email_verified_at=now)
    User.objects.filter(email=_address("inactive")).update(is_active=False)
    User.objects.filter(email=_address("unusable password")).update(password="!x")
    User.objects.filter(email=_address("old hash")).update(password=old.encode(PASSWORD, old.salt()))
    locked = User.objects.get(email=_address("locked"))
    locks.lock(locked, until=now + timedelta(days=1), reason="measured", by="test", now=now)


def medians(rounds: int) -> dict[str, float]:
    """Log in over HTTP, the cases taking turns, and return the median of the processor seconds of each."""
    client, times = Client(), {case: [0.0] * rounds for case in CASES}
    for number in range(-2, rounds):  # two rounds to warm up
        for case in CASES:
            body = {"email": _address(case), "password": "a wrong password", "transport": "body"}
            started = time.process_time()
            response = client.post("/api/v1/auth/login", body, "application/json", secure=True)
            took = time.process_time() - started
            assert response.status_code == 401, (case, response.content)
            if number >= 0:
                times[case][number] = took
    return {case: statistics.median(each) for case, each in times.items()}


def spread(costs: dict[str, float]) -> float:
    """Return how many times as much as the cheapest case the dearest costs."""
    return max(costs.values()) / min(costs.values())


def _address(case: str) -> str:
    return f"{case.replace(' ', '.')}@example.com"
