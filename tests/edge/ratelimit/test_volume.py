"""Who stays below every limit for hours is told of: once for each volume, in the trip that counts anyway."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import connections
from django.dispatch import Signal
from django.test import AsyncClient, Client, RequestFactory
from pytest_django import Settings

from edge import signals
from edge.ratelimit import Limit, RedisStore, Store
from edge.ratelimit.contract import UNREACHED
from edge.ratelimit.policies import make_policy
from tests.edge.ratelimit.clocks import KINDS, Clock, stores
from tests.edge.ratelimit.test_middleware import counted_trips

pytestmark = pytest.mark.urls("tests.edge.urls")
Heard = Callable[[Signal], list[dict[str, Any]]]
VOLUME = Limit("general-volume", "volume:{who}", UNREACHED, 6 * 3600, told_every=400)


@pytest.fixture
def _volume(settings: Settings) -> None:
    general = {"key": "user_or_ip", "rate": "8/15m", "volume": "3/6h"}
    limits = {**settings.BULWARK_EDGE["RATELIMITS"], "general": general}
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMITS": limits}


@pytest.fixture(params=KINDS)
def clocked(request: pytest.FixtureRequest) -> Any:
    yield from stores(request.param)


def told(store: Store, clock: Clock, *, every: float, hours: int) -> list[int]:
    """Return the volumes that somebody comes to who asks every so many seconds, for hours."""
    found = []
    for _ in range(round(hours * 3600 / every)):
        found.append(store.spend([VOLUME])[0].came_to(1))
        clock.advance(every)
    return [volume for volume in found if volume]


def test_who_asks_steadily_comes_to_one_volume_after_another(clocked: tuple[Store, Clock]) -> None:
    assert told(*clocked, every=10, hours=6) == [400, 800, 1200, 1600, 2000]


def test_who_stays_at_a_volume_is_told_of_once(clocked: tuple[Store, Clock]) -> None:
    assert told(*clocked, every=36, hours=13) == [400]  # 600 in six hours


def test_nor_for_each_request_where_it_comes_and_goes(clocked: tuple[Store, Clock]) -> None:
    """At the border the count falls below with each part of the window that leaves it, and comes back."""
    found = told(*clocked, every=54, hours=12)
    assert set(found) == {400}
    assert len(found) <= 61 + 1  # of 800 requests


def test_what_costs_more_passes_no_volume_unnoticed(clocked: tuple[Store, Clock]) -> None:
    store, _ = clocked
    found = [store.spend([VOLUME], 150)[0].came_to(150) for _ in range(6)]
    assert found == [0, 0, 400, 0, 0, 800]


@pytest.mark.redis
def test_six_hours_of_a_caller_take_less_than_a_kilobyte() -> None:
    """Each caller has one such key for as long: none may grow with what is asked."""
    policy = make_policy("general", key="user_or_ip", rate="100/15m", volume="400/6h", method="GET")
    volume = policy.limits(RequestFactory().get("/", REMOTE_ADDR="2001:db8::5"))[-1]
    for store, clock in stores("redis"):
        assert isinstance(store, RedisStore)
        for part in range(200):
            clock.advance(volume.width / 1_000_000)
            store.spend([volume], cost=40_000 + part)  # more than anybody asks in six minutes
        assert int(store.client.hlen(volume.key)) > 60
        assert 0 < int(store.client.memory_usage(volume.key, samples=0)) < 1_000
        assert 0 < int(store.client.pttl(volume.key)) <= (6 * 3600 + 6 * 60 + 1) * 1_000


@pytest.mark.usefixtures("_volume")
def test_a_signal_tells_who_and_how_much(client: Client, heard: Heard) -> None:
    reached = heard(signals.volume_reached)
    user = get_user_model().objects.create(email="alice@example.com")
    for _ in range(7):
        assert client.get("/api/notes", REMOTE_ADDR="2001:db8::5").status_code == 200
    client.force_login(user)
    for _ in range(3):
        client.get("/api/notes")
    assert [(each["data"]["who"], each["data"]["count"]) for each in reached] == [
        ("2001:db8::/64", 3),
        ("2001:db8::/64", 6),
        (str(user.pk), 3),
    ]
    assert reached[0]["data"]["seconds"] == 6 * 3600


@pytest.mark.usefixtures("_volume")
def test_what_is_refused_is_no_volume(client: Client, heard: Heard) -> None:
    reached = heard(signals.volume_reached)
    assert [client.get("/api/notes").status_code for _ in range(12)] == [200] * 8 + [429] * 4
    assert [each["data"]["count"] for each in reached] == [3, 6]


@pytest.mark.usefixtures("_volume")
def test_it_costs_no_trip_and_shows_in_no_header(client: Client) -> None:
    with counted_trips() as trips:
        answer = client.get("/api/notes")
    assert trips == [2]
    assert answer["RateLimit-Policy"] == '"general";q=8;w=900'
    assert "volume" not in answer["RateLimit"]


@pytest.mark.usefixtures("_volume")
@pytest.mark.django_db(transaction=True)  # the event is written in another thread, whose connection knows no test
def test_in_async_stacks_too(heard: Heard) -> None:
    reached = heard(signals.volume_reached)

    async def ask() -> None:
        client = AsyncClient()
        try:
            for _ in range(3):
                await client.get("/api/notes")
        finally:
            await sync_to_async(connections.close_all)()

    asyncio.run(ask())
    assert [each["data"]["count"] for each in reached] == [3]
