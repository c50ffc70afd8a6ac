"""Checks passwords at a price that tells nothing.

Note [equal work]. Whoever is named, a check costs one hash by the preferred hasher, and one by each older algorithm
that some user's password is still kept with. A password kept by an older one costs its own hash, which is that very
part of the price, and the preferred one: to upgrade it when it was right, for nothing when it was not. Where no old
hashes are left, nobody pays for them.
"""

import time
from collections.abc import Iterator
from threading import Lock

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import BasePasswordHasher, get_hasher, get_hashers, identify_hasher, make_password

from . import credentials
from .conf import conf


def check_password(user: AbstractBaseUser | None, password: str) -> bool:
    """Say whether ``password`` is that of ``user``; None takes as long, and is never right.

    What is longer than `MAX_PASSWORD_LENGTH` is refused before anything is hashed, whoever it is said to belong to.

    :raises HashersBusy: too many passwords are being hashed.
    """
    if len(password) > conf.max_password_length:
        return False
    own, is_right = _hasher_of(user), False
    is_older = own is not None and own.algorithm != get_hasher().algorithm
    if user is not None and own is not None:
        stored = user.password
        is_right = credentials.check_password(user, password)
        if is_older:
            own.harden_runtime(password, stored)  # its hash may be of fewer rounds than those that others pay for
    if own is None or (is_older and not is_right):
        make_password(password)
    for older in _older(own):
        older.encode(password, older.salt())
    return is_right


def _hasher_of(user: AbstractBaseUser | None) -> BasePasswordHasher | None:
    if user is None or not user.has_usable_password():
        return None
    try:
        return identify_hasher(user.password)
    except ValueError:  # a hash that no configured hasher reads: no password is right
        return None


def _older(own: BasePasswordHasher | None) -> Iterator[BasePasswordHasher]:
    """Yield the older hashers that have to be paid for, besides the user's own."""
    if own is not None:
        census.note(own)
    for hasher in census.older():
        if own is None or hasher.algorithm != own.algorithm:
            yield hasher


class Census:
    """Which older algorithms there are hashes of. Asked of the database once in a while, and learnt from logins."""

    #: Seconds between questions, at least.
    INTERVAL = 60.0
    #: And this many times as long as the last one took, so that it costs a thousandth of the time.
    SHARE = 1_000

    def __init__(self) -> None:
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        """Ask again at the next login."""
        self._found: frozenset[str] = frozenset()
        self._valid_until = 0.0

    def note(self, hasher: BasePasswordHasher) -> None:
        """Remember that there is a hash of this algorithm."""
        name = str(hasher.algorithm)
        if name not in self._found and name != get_hasher().algorithm:
            self._found |= {name}

    def older(self) -> list[BasePasswordHasher]:
        """Return the configured hashers, but for the preferred one, that some user's hash is of."""
        configured = get_hashers()[1:]
        if configured and time.monotonic() > self._valid_until and self._lock.acquire(blocking=False):
            try:
                self._ask(configured)
            finally:
                self._lock.release()
        return [hasher for hasher in configured if hasher.algorithm in self._found]

    def _ask(self, configured: list[BasePasswordHasher]) -> None:
        users, started = get_user_model()._default_manager, time.monotonic()  # noqa: SLF001 - documented
        names = [str(hasher.algorithm) for hasher in configured]
        self._found = frozenset(name for name in names if users.filter(password__startswith=f"{name}$").exists())
        took = time.monotonic() - started
        self._valid_until = time.monotonic() + max(self.INTERVAL, took * self.SHARE)


census = Census()
