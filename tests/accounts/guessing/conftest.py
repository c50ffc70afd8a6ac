"""Requests from anywhere, and budgets of any size."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from accounts import guessing
from accounts.guessing import budget as budget_module
from edge.ratelimit import Limiter, LocalStore
from tests.edge.ratelimit.clocks import KINDS, Clock, stores

Ask = Callable[..., guessing.Reservation | guessing.Exhausted]


@pytest.fixture
def budget(settings: Settings) -> Callable[..., None]:
    """Set the sizes of the budget."""

    def size(**sizes: Any) -> None:
        settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, **sizes}

    return size


@pytest.fixture
def ask(rf: RequestFactory) -> Ask:
    """Reserve a guess from an address, with the cookies of a device."""

    def reserve(
        account: str = "alice@example.com", *, ip: str = "192.0.2.1", kind: str = "password", **options: Any
    ) -> guessing.Reservation | guessing.Exhausted:
        request = request_from(rf, ip, options.pop("device", None))
        return guessing.reserve(kind, account=account, request=request, **options)

    return reserve


@pytest.fixture(params=KINDS)
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The time by which guesses are counted; tests move it."""
    for store, clock in stores(request.param):
        moved = Limiter(store, LocalStore(), _seconds(clock))
        monkeypatch.setattr(budget_module, "limiter", lambda: moved)  # noqa: B023 - one store a test
        yield clock


def _seconds(clock: Clock) -> Callable[[], float]:
    return lambda: clock.now / 1_000_000


def request_from(rf: RequestFactory, ip: str, device: HttpResponse | None = None) -> HttpRequest:
    request = rf.post("/", REMOTE_ADDR=ip)
    if device is not None:
        request.COOKIES = {name: morsel.value for name, morsel in device.cookies.items()}
    return request


def trusted(account: str = "alice@example.com") -> HttpResponse:
    """Return an answer that carries a device cookie for ``account``."""
    response = HttpResponse()
    guessing.trust_device(response, account)
    return response


def fail(asked: guessing.Reservation | guessing.Exhausted) -> bool:
    """Fail a guess, and say whether there was one."""
    if isinstance(asked, guessing.Reservation):
        asked.fail()
        return True
    return False
