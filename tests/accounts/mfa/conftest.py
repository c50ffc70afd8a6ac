"""Somebody with a second factor."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from accounts.models import User
from tests.accounts.browser import Browser
from tests.accounts.conftest import make_user
from tests.accounts.mfa.devices import Phone, enrol_phone


@pytest.fixture(autouse=True)
def early_in_a_time_step() -> Iterator[None]:
    """A code that is made in a test is checked in the same time step: the clock stands a few seconds back."""
    start = time.time() // 30 * 30 + 2
    with time_machine.travel(datetime.fromtimestamp(start, UTC)):
        yield


@pytest.fixture
def alice(db: None) -> User:
    return make_user("alice")


@pytest.fixture
def owner(alice: User) -> Browser:
    """alice, logged in with her password."""
    browser = Browser()
    assert browser.log_in("alice@example.com").status_code == 200
    return browser


@pytest.fixture
def phone(owner: Browser) -> Phone:
    """alice's authenticator app."""
    return enrol_phone(owner)
