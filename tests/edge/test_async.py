"""In an async stack the edge does what it does in a blocking one, and leaves the event loop's thread for nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import redis
from asgiref.sync import SyncToAsync, sync_to_async
from django.core.handlers.base import BaseHandler
from django.db import connections
from django.http.response import HttpResponseBase
from django.test import AsyncRequestFactory, Client
from pytest_django import Settings

from edge import signals
from edge.blocks import block, blocklist, disable, enable, unblock
from edge.ratelimit import limiter
from tests.accounts.conftest import make_user
from tests.edge.types import Listen

from .conftest import OwnRedis

pytestmark = [pytest.mark.urls("tests.edge.urls"), pytest.mark.django_db(transaction=True)]
Serve = Callable[..., HttpResponseBase]
MALLORY = "203.0.113.9"


class Stack(BaseHandler):
    """Django's async handler, in which every change of thread is noted."""

    def __init__(self) -> None:
        self.hops: list[str] = []
        super().load_middleware(is_async=True)

    async def serve(self, path: str, method: str = "GET", ip: str = "127.0.0.1", **extra: Any) -> HttpResponseBase:
        request = AsyncRequestFactory().generic(method, path, **extra)
        request.META["REMOTE_ADDR"] = ip
        answered: HttpResponseBase = await self.get_response_async(request)
        return answered


@pytest.fixture(params=["local", "redis"])
def stack(request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """Return a stack of the edge's middleware alone, with counts in this process or in Redis."""
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if path.startswith("edge.")]
    url = request.getfixturevalue("own_redis").url if request.param == "redis" else ""
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": url, "REDIS_TIMEOUT": 5.0}
    limiter().local.clear()
    limiter().denials.clear()
    stack = Stack()
    whole = SyncToAsync.__call__

    async def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
        stack.hops.append(getattr(self.func, "__qualname__", repr(self.func)))
        return await whole(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", noted)
    yield stack
    for blocked in blocklist().current():
        unblock(blocked.network)


def all_of(*calls: Awaitable[Any]) -> list[Any]:
    """Await calls one after another, in one loop."""

    async def run() -> list[Any]:
        try:
            return [await call for call in calls]
        finally:
            await sync_to_async(connections.close_all)()  # those of the thread that queries are made in

    return asyncio.run(run())


def test_a_request_stays_in_its_thread(stack: Stack) -> None:
    first, second = all_of(stack.serve("/api/async"), stack.serve("/api/async-login", "POST"))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.headers["RateLimit-Policy"].startswith('"general"')
    # The first request of a process reads what is blocked. Nothing else may leave.
    assert [hop for hop in stack.hops if "_load_once" not in hop and "ask" not in hop and "close_all" not in hop] == []
    stack.hops.clear()
    all_of(stack.serve("/api/async"), stack.serve("/async"), stack.serve("/api/async-login?status=401", "POST"))
    assert [hop for hop in stack.hops if "log_response" not in hop and "close_all" not in hop] == []


def test_limits_hold(stack: Stack) -> None:
    answers = all_of(*(stack.serve("/api/async-login?status=401", "POST", ip=MALLORY) for _ in range(7)))
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_limits_hold_for_requests_at_the_same_time(stack: Stack) -> None:
    async def burst() -> list[int]:
        calls = (stack.serve("/api/async-login?status=401", "POST", ip=MALLORY) for _ in range(40))
        return [answer.status_code for answer in await asyncio.gather(*calls)]

    assert asyncio.run(burst()).count(401) == 5


def test_a_success_is_given_back(stack: Stack) -> None:
    answers = all_of(*(stack.serve("/api/async-login", "POST", ip=MALLORY) for _ in range(9)))
    assert {answer.status_code for answer in answers} == {200}


def test_blocks_and_switches_hold(stack: Stack) -> None:
    assert all_of(stack.serve("/api/async", ip=MALLORY))[0].status_code == 200
    block(MALLORY, reason="x")
    first, again, other = all_of(
        stack.serve("/api/async", ip=MALLORY),
        stack.serve("/async", ip=MALLORY),
        stack.serve("/async", ip="203.0.113.10"),
    )
    assert (first.status_code, again.status_code, other.status_code) == (403, 403, 200)
    disable("async", reason="x")
    assert all_of(stack.serve("/api/async"))[0].status_code == 503
    enable("async")
    assert all_of(stack.serve("/api/async"))[0].status_code == 200


@pytest.mark.parametrize(
    ("path", "extra", "code"),
    [
        ("/api/async?a=%00", {}, "nul_character"),
        ("/api/async", {"data": b"x" * 20_000, "method": "POST"}, "too_large"),
    ],
)
def test_refusals_are_told(stack: Stack, heard: Listen, path: str, extra: dict[str, Any], code: str) -> None:
    told = heard(signals.request_refused)
    (answer,) = all_of(stack.serve(path, **extra))
    assert answer.status_code >= 400
    assert [sending["data"]["code"] for sending in told] == [code]


def test_a_limit_that_is_reached_is_told(stack: Stack, heard: Listen) -> None:
    told = heard(signals.request_throttled)
    all_of(*(stack.serve("/api/async-login?status=401", "POST", ip=MALLORY) for _ in range(6)))
    assert len(told) == 1


def test_a_lost_redis_closes_what_must_close(settings: Settings, own_redis: OwnRedis, heard: Listen) -> None:
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if path.startswith("edge.")]
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": own_redis.url, "PROBE_INTERVAL": 0.05}
    told = heard(signals.limiter_unavailable)
    stack = Stack()

    async def outage() -> list[int]:
        statuses = [(await stack.serve("/api/async-login", "POST")).status_code]
        own_redis.kill()
        statuses += [(await stack.serve("/api/async-login", "POST")).status_code for _ in range(2)]
        statuses.append((await stack.serve("/api/async")).status_code)
        own_redis.start()
        await asyncio.sleep(0.1)
        statuses.append((await stack.serve("/api/async-login", "POST")).status_code)
        return statuses

    assert asyncio.run(outage()) == [200, 503, 503, 200, 200]
    assert len(told) == 1


def test_a_loop_that_ends_closes_its_connections(settings: Settings, own_redis: OwnRedis) -> None:
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if path.startswith("edge.")]
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": own_redis.url}
    stack = Stack()
    watching = redis.Redis.from_url(own_redis.url)
    all_of(stack.serve("/api/async"))
    before = len(watching.client_list())
    for _ in range(5):
        all_of(*(stack.serve("/api/async") for _ in range(3)))
    assert len(watching.client_list()) <= before
    watching.close()


def test_a_session_s_user_is_found_in_a_thread() -> None:
    """Whose session it is takes a query, which the event loop must not wait for."""
    user = make_user("alice")
    blocking = Client()
    blocking.force_login(user)

    cookies = {"cookie": blocking.cookies.output(header="", sep=";")}
    stack = Stack()
    first, second = all_of(*(stack.serve("/api/async", ip=ip, headers=cookies) for ip in ("192.0.2.1", "192.0.2.2")))
    assert (first.status_code, second.status_code) == (200, 200)
    assert "r=99" in first.headers["RateLimit"]
    assert "r=98" in second.headers["RateLimit"], "counted by the user, not by the address"
