"""What a refused login costs, by why it is refused: counted and measured for the suite, at full size in bench."""

import statistics
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.hashers import BasePasswordHasher, PBKDF2PasswordHasher, ScryptPasswordHasher
from django.test import Client
from django.utils import timezone

from accounts import locks
from accounts.hashers import Argon2idHasher
from accounts.models import User
from tests.accounts.browser import PASSWORD

CASES = ("wrong password", "unknown", "inactive", "unusable password", "old hash", "locked")


#: What was hashed: KiB filled by Argon2, rounds of PBKDF2.
work: Counter[str] = Counter()


class SmallArgon2id(Argon2idHasher):
    """As the real one, of a size that costs nothing."""

    memory_cost = 64

    def encode(self, password: str, salt: str) -> str:
        work[str(self.algorithm)] += self.memory_cost * self.time_cost
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        kept = self.decode(encoded)
        work[str(self.algorithm)] += kept["memory_cost"] * kept["time_cost"]
        return super().verify(password, encoded)


class WeakerArgon2id(SmallArgon2id):
    """As a project made them before it asked for more memory."""

    memory_cost = 16


class SmallPBKDF2(PBKDF2PasswordHasher):
    iterations = 100

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        work[str(self.algorithm)] += iterations or self.iterations
        return super().encode(password, salt, iterations)


class OlderPBKDF2(SmallPBKDF2):
    """As an earlier Django made them: of fewer rounds."""

    iterations = 20


class SmallScrypt(ScryptPasswordHasher):
    """As a project names it that has such hashes still: with the parameters that they have."""

    work_factor, block_size, parallelism = 64, 8, 1

    def encode(self, password: str, salt: str, n: int | None = None, r: int | None = None, p: int | None = None) -> str:
        work[str(self.algorithm)] += (n or self.work_factor) * (r or self.block_size) * (p or self.parallelism)
        return super().encode(password, salt, n, r, p)


def make_accounts(old: BasePasswordHasher) -> None:
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


def hashed(client: Client) -> dict[str, Counter[str]]:
    """Log in over HTTP and return what was hashed for each case."""
    found = {}
    for case in CASES:
        work.clear()
        refuse(client, case)
        found[case] = work.copy()
    return found


def costs(rounds: int, of: Callable[[list[float]], float] = statistics.median) -> dict[str, float]:
    """Log in over HTTP, the cases taking turns, and return the median of the processor seconds of each.

    :param of: what is returned in place of the median.
    """
    client, times = Client(), {case: [0.0] * rounds for case in CASES}
    for number in range(-2, rounds):  # two rounds to warm up
        for case in CASES:
            started = time.process_time()
            refuse(client, case)
            took = time.process_time() - started
            if number >= 0:
                times[case][number] = took
    return {case: of(each) for case, each in times.items()}


def refuse(client: Client, case: str) -> None:
    """Log in with a wrong password."""
    body = {"email": _address(case), "password": "a wrong password", "transport": "body"}
    response = client.post("/api/v1/auth/login", body, "application/json", secure=True)
    assert response.status_code == 401, (case, response.content)


def hash_seconds(hasher: Argon2idHasher) -> float:
    """Return the processor seconds that one hash takes at least."""
    times = []
    for _ in range(3):
        started = time.process_time()
        hasher.encode("a password", "salt" * 6)
        times.append(time.process_time() - started)
    return min(times)


def _address(case: str) -> str:
    return f"{case.replace(' ', '.')}@example.com"
