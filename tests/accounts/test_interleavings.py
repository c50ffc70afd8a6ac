"""Races made certain: something else happens between the SELECT and the UPDATE of a refresh."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.http import HttpRequest
from pytest_django import Settings

from accounts import logout
from accounts.credentials import auth_hash, check_password
from accounts.login import start_session
from accounts.models import EndReason, TokenFamily, User
from accounts.rotation import Granted, Refused, rotate_tokens
from tests.accounts.browser import PASSWORD
from tests.accounts.test_rotation import NOW, SECOND


@pytest.fixture
def granted(alice: User, call: HttpRequest) -> Granted:
    return start_session(alice, transport="body", amr=["pwd"], request=call, now=NOW)


@contextmanager
def before_the_update(act: Callable[[], object]) -> Iterator[None]:
    """Call ``act`` once, after the row was read and before it is changed."""
    pending = [act]

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if pending and sql.startswith('UPDATE "bulwark_accounts_tokenfamily"'):
            pending.pop()()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield
    assert not pending, "the refresh changed nothing"


def rotate(token: str, seconds: int) -> Granted:
    outcome = rotate_tokens(token, request=None, now=NOW + seconds * SECOND)
    assert isinstance(outcome, Granted), outcome
    return outcome


def test_the_slower_of_two_gets_the_faster_ones_successor(granted: Granted) -> None:
    winners: list[Granted] = []
    with before_the_update(lambda: winners.append(rotate(granted.refresh, 1))):
        slower = rotate(granted.refresh, 3)
    assert slower.refresh == winners[0].refresh
    row = TokenFamily.objects.get()
    assert (row.generation, row.rotated_at) == (2, NOW + SECOND)


def test_a_slow_request_does_not_turn_the_session_back(granted: Granted) -> None:
    """Meanwhile another has refreshed twice: the slow one's token is old by then, and so a replay."""

    def twice() -> None:
        rotate(rotate(granted.refresh, 1).refresh, 2)

    with before_the_update(twice):
        outcome = rotate_tokens(granted.refresh, request=None, now=NOW + 3 * SECOND)
    assert isinstance(outcome, Refused)
    row = TokenFamily.objects.get()
    assert (row.generation, row.revoke_reason) == (3, EndReason.REUSE)


def test_a_logout_in_between_is_final(granted: Granted, call: HttpRequest) -> None:
    def leave() -> None:
        assert logout.log_out(granted.refresh, None, request=call, now=NOW + SECOND)

    with before_the_update(leave):
        outcome = rotate_tokens(granted.refresh, request=None, now=NOW + 2 * SECOND)
    assert isinstance(outcome, Refused)
    row = TokenFamily.objects.get()
    assert (row.generation, row.revoke_reason, row.revoked_at) == (1, EndReason.LOGOUT, NOW + timedelta(seconds=1))


def test_a_password_that_is_hashed_anew_in_between_ends_nothing(
    granted: Granted, alice: User, settings: Settings
) -> None:
    """Its owner logs in elsewhere: the sessions are told that it is the same password, this one as well."""
    older = "django.contrib.auth.hashers.PBKDF2PasswordHasher"
    settings.PASSWORD_HASHERS = [*settings.PASSWORD_HASHERS, older]
    alice.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 6, 1)
    alice.save()
    TokenFamily.objects.update(auth_hash=auth_hash(alice))
    with before_the_update(lambda: check_password(User.objects.get(), PASSWORD)):
        second = rotate(granted.refresh, 1)
    assert User.objects.get().password != alice.password
    rotate(second.refresh, 2)


def test_a_deletion_in_between_is_final(granted: Granted) -> None:
    def delete() -> None:
        TokenFamily.objects.all().delete()

    with before_the_update(delete):
        outcome = rotate_tokens(granted.refresh, request=None, now=NOW + SECOND)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "unknown_session"
