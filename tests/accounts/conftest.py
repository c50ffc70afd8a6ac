"""Accounts, clients and what was signalled."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.dispatch import Signal
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from accounts import signals
from accounts.models import User
from tests.accounts.browser import PASSWORD, Browser


def make_user(name: str, **fields: Any) -> User:
    return User.objects.create_user(
        f"{name}@example.com", PASSWORD, **{"name": name.title(), "email_verified_at": timezone.now(), **fields}
    )


@pytest.fixture
def alice(db: None) -> User:
    return make_user("alice")


@pytest.fixture
def bob(db: None) -> User:
    return make_user("bob")


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def call(rf: RequestFactory) -> HttpRequest:
    """A request, for the domain functions that want to know who asks."""
    return rf.post("/api/v1/auth/login", headers={"User-Agent": "curl/8.5.0"})


@dataclass(frozen=True)
class Sent:
    """One signal that was sent."""

    name: str
    sender: type
    request: Any
    user: Any
    target: Any
    outcome: str
    data: dict[str, Any]


@pytest.fixture
def sent() -> Iterator[list[Sent]]:
    """What accounts signalled during the test, in order."""
    found: list[Sent] = []
    receivers: list[tuple[Signal, Callable[..., None]]] = []
    for name, signal in vars(signals).items():
        if isinstance(signal, Signal):
            receiver = _recorder(found, name)
            signal.connect(receiver, weak=False)
            receivers.append((signal, receiver))
    yield found
    for signal, receiver in receivers:
        signal.disconnect(receiver)


def _recorder(found: list[Sent], name: str) -> Callable[..., None]:
    def record(*, signal: Signal, **arguments: Any) -> None:
        found.append(Sent(name, **arguments))

    return record
