"""Somebody copies everything, a little more slowly than the limit: nothing is refused, and the volume is found."""

import random
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from auditlog.detection.engine import detect_new
from auditlog.models import Alert, Event, Severity
from edge.ratelimit import Limiter, LocalStore, enforce, named_policy
from tests.auditlog.conftest import settled
from tests.edge.ratelimit.clocks import Clock, stores

__all__ = ["settled"]

SCRAPER, INTEGRATION = "203.0.113.66", "203.0.113.7"
PEOPLE = [f"198.51.100.{number}" for number in range(1, 21)]
#: Seconds of the general limit's window, which lets 100 requests through; so many of them are a working day's morning.
QUARTER, QUARTERS = 900, 20
GENERAL = partial(named_policy, "general")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["local", pytest.param("redis", marks=pytest.mark.redis)])
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    for store, moved in stores(request.param):
        used = Limiter(None, store) if isinstance(store, LocalStore) else Limiter(store, LocalStore())
        monkeypatch.setattr("edge.ratelimit.spending.limiter", lambda used=used: used)
        yield moved


def a_morning(clock: Clock) -> None:
    """Let twenty people read now and then, an integration ask once a minute, and a machine read below the limit.

    Whoever is refused raises, and fails the test.
    """
    chance, made = random.Random(8), RequestFactory()
    for _ in range(QUARTERS):
        counts = {SCRAPER: 90, INTEGRATION: 15, **{who: chance.randrange(25) for who in PEOPLE}}
        for who, count in counts.items():
            for _ in range(count):
                enforce(made.get("/api/v1/articles/", REMOTE_ADDR=who), [GENERAL])
        clock.advance(QUARTER + QUARTER / 60)


def found(settled: Callable[[], None]) -> list[tuple[str, str, int]]:
    settled()
    detect_new("default")
    return list(Alert.objects.order_by("pk").values_list("rule", "key", "severity"))


def test_the_machine_is_found_and_nobody_else(clock: Clock, settled: Callable[[], None]) -> None:
    a_morning(clock)
    assert found(settled) == [("scraping_volume", SCRAPER, Severity.MEDIUM)]
    assert Event.objects.filter(type="edge.volume_reached").count() <= 5  # of 1 800 requests of one and 6 000 of all


def test_without_the_volume_it_is_not(clock: Clock, settled: Callable[[], None], settings: Settings) -> None:
    limits = settings.BULWARK_EDGE["RATELIMITS"]
    general = {name: value for name, value in limits["general"].items() if name != "volume"}
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMITS": {**limits, "general": general}}
    a_morning(clock)
    assert found(settled) == []
