"""How passwords are kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import BoundedSemaphore

from django.contrib.auth.hashers import Argon2PasswordHasher

from edge.problems.errors import Problem

from .conf import conf


class HashersBusy(Problem):
    """As many passwords are being hashed as memory was set aside for."""

    status_code = 503
    default_detail = "Too many people are logging in at this moment. Try again in a few seconds."
    default_code = "busy"


class Argon2idHasher(Argon2PasswordHasher):
    """Argon2id with 64 MiB of memory, 3 passes and 1 lane (RFC 9106, section 4, scaled to a server's memory).

    It shares Django's name for the algorithm, so hashes by either are read by either, and are made anew at the next
    login where their cost is another. A process hashes `HASH_CONCURRENCY` passwords at a time: without a bound, a flood
    of logins takes 64 MiB for each thread.

    `encode` and `verify` raise `HashersBusy` (503) when no place gets free in time.
    """

    memory_cost = 65_536  # KiB
    time_cost = 3
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with _place():
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _place():
            return super().verify(password, encoded)


@contextmanager
def _place() -> Iterator[None]:
    """Hold one of the places where a password may be hashed."""
    places = _places(conf.hash_concurrency)
    if not places.acquire(timeout=conf.hash_wait):
        raise HashersBusy(headers={"Retry-After": str(max(1, round(conf.hash_wait)))})
    try:
        yield
    finally:
        places.release()


@lru_cache(maxsize=8)
def _places(number: int) -> BoundedSemaphore:
    return BoundedSemaphore(number)
