"""Checks passwords at a price that tells nothing.

Note [equal work]. Whoever is named, a check costs one hash by the preferred hasher, and one of each older kind that
some user's password is still kept as. A password of an older kind costs its own hash, which is that very part of the
price, and the preferred one: to upgrade it when it was right, for nothing when it was not. Where no old hashes are
left, nobody pays for them. A kind is an algorithm; of Argon2 it is a set of parameters, for nothing makes up for the
difference of two. Nor does anything for that of scrypt, whose hashes do not begin with their parameters: they cost the
same only where the hasher that reads them has theirs, as the guide says. A hash that no hasher can make again, for it
is cut short or has parameters that do not exist, is that of nobody's password, and nobody pays for its kind.
"""

import copy
import logging
import time
from collections.abc import Iterator
from threading import Lock

from argon2.exceptions import Argon2Error
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import (
    Argon2PasswordHasher,
    BasePasswordHasher,
    get_hasher,
    get_hashers,
    identify_hasher,
    make_password,
)

from . import credentials
from .conf import conf

logger = logging.getLogger(__name__)

#: What makes Argon2 dear.
_COSTS = ("memory_cost", "time_cost", "parallelism")
#: Bytes of a salt that Argon2's library takes at least; it reads no hash with a shorter one.
_LEAST_SALT = 8
#: What a hasher raises that is given a salt or parameters it cannot work with.
_IMPOSSIBLE = (Argon2Error, MemoryError, OverflowError, ValueError)


def check_password(user: AbstractBaseUser | None, password: str) -> bool:
    """Say whether ``password`` is that of ``user``; None takes as long, and is never right.

    What is longer than `MAX_PASSWORD_LENGTH` is refused before anything is hashed, whoever it is said to belong to.

    :raises HashersBusy: too many passwords are being hashed.
    """
    if len(password) > conf.max_password_length:
        return False
    own, is_right = _hasher_of(user), False
    is_older = own is not None and kind_of(own) != kind_of(get_hasher())
    if user is not None and own is not None:
        try:
            is_right = _is_right(user, password, harden=own if is_older else None)
        except _IMPOSSIBLE:
            logger.warning("The password of the user %s is kept as a hash nothing can check.", user.pk, exc_info=True)
            own = None
    if own is None or (is_older and not is_right):
        make_password(password)
    for older in _older(own):
        _pay(older, password)
    return is_right


def _is_right(user: AbstractBaseUser, password: str, *, harden: BasePasswordHasher | None) -> bool:
    stored = user.password
    is_right = credentials.check_password(user, password)
    if harden is not None:
        harden.harden_runtime(password, stored)  # its hash may be of fewer rounds than those that others pay for
    return is_right


def _pay(hasher: BasePasswordHasher, password: str) -> None:
    """Make a hash for nothing. Where it cannot be made, a check of one ends at once, and nobody has to pay for it."""
    try:
        hasher.encode(password, hasher.salt())
    except _IMPOSSIBLE:
        logger.warning("A password is kept as a hash that cannot be made here: %s", kind_of(hasher), exc_info=True)
        census.drop(hasher)


def _hasher_of(user: AbstractBaseUser | None) -> BasePasswordHasher | None:
    if user is None or not user.has_usable_password():
        return None
    return _hasher_like(user.password)


def _hasher_like(encoded: str) -> BasePasswordHasher | None:
    """Return what makes hashes at the price of this one; None where no configured hasher reads it."""
    try:
        hasher = identify_hasher(encoded)
        if not isinstance(hasher, Argon2PasswordHasher):
            return hasher
        kept, like = hasher.decode(encoded), copy.copy(hasher)
    except ValueError:
        return None
    if len(kept["salt"]) < _LEAST_SALT or not kept["hash"]:
        return None
    like.memory_cost, like.time_cost, like.parallelism = (kept[name] for name in _COSTS)
    return like


def kind_of(hasher: BasePasswordHasher) -> str:
    """Return what the hashes that cost as much as those of ``hasher`` begin with, up to a `$`."""
    if not isinstance(hasher, Argon2PasswordHasher):
        return str(hasher.algorithm)
    memory, passes, lanes = (getattr(hasher, name) for name in _COSTS)
    return f"{hasher.algorithm}$argon2id$v=19$m={memory},t={passes},p={lanes}"


def _older(own: BasePasswordHasher | None) -> Iterator[BasePasswordHasher]:
    """Yield the older hashers that have to be paid for, besides the user's own."""
    if own is not None:
        census.note(own)
    for hasher in census.older():
        if own is None or kind_of(hasher) != kind_of(own):
            yield hasher


class Census:
    """Which older kinds of hashes there are. Asked of the database once in a while, and learnt from logins."""

    #: Seconds between questions, at least.
    INTERVAL = 60.0
    #: And this many times as long as the last one took, so that it costs a thousandth of the time.
    SHARE = 1_000
    #: How many sets of Argon2's parameters are looked for.
    SETS = 4

    def __init__(self) -> None:
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        """Ask again at the next login."""
        self._found: dict[str, BasePasswordHasher] = {}
        self._valid_until = 0.0

    def note(self, hasher: BasePasswordHasher) -> None:
        """Remember that there is a hash of this kind."""
        if (kind := kind_of(hasher)) not in self._found:
            self._found = {**self._found, kind: hasher}

    def drop(self, hasher: BasePasswordHasher) -> None:
        """Forget a kind."""
        self._found = {kind: each for kind, each in self._found.items() if kind != kind_of(hasher)}

    def older(self) -> list[BasePasswordHasher]:
        """Return hashers for the kinds that some user's hash is of, but for the preferred kind."""
        if time.monotonic() > self._valid_until and self._lock.acquire(blocking=False):
            try:
                self._ask()
            finally:
                self._lock.release()
        preferred = kind_of(get_hasher())
        return [hasher for kind, hasher in self._found.items() if kind != preferred]

    def _ask(self) -> None:
        started = time.monotonic()
        found = [hasher for each in get_hashers() for hasher in self._kept(each)]
        self._found = {kind_of(hasher): hasher for hasher in found}
        took = time.monotonic() - started
        self._valid_until = time.monotonic() + max(self.INTERVAL, took * self.SHARE)

    def _kept(self, hasher: BasePasswordHasher) -> Iterator[BasePasswordHasher]:
        """Yield a hasher for each kind that some user's hash is of, among those that ``hasher`` reads."""
        users = get_user_model()._default_manager.filter(password__startswith=f"{hasher.algorithm}$")  # noqa: SLF001 - documented
        if not isinstance(hasher, Argon2PasswordHasher):
            if hasher.algorithm != get_hasher().algorithm and users.exists():
                yield hasher
            return
        known = kind_of(hasher)
        for _ in range(self.SETS):
            users = users.exclude(password__startswith=f"{known}$")
            encoded = next(iter(users.order_by().values_list("password", flat=True)[:1]), None)
            if encoded is None:
                return
            known = encoded.rsplit("$", 2)[0]
            if (like := _hasher_like(encoded)) is not None:
                yield like


census = Census()
