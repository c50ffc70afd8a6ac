"""A lost Redis: authentication closes, the rest counts in process, nothing answers 500, and it comes back by itself."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.dispatch import Signal
from django.test import Client
from pytest_django.fixtures import Settings

from edge import signals
from edge.metrics import LIMIT_ERRORS
from edge.ratelimit import Limit, Limiter, LocalStore, StoreUnavailable, limiter
from edge.ratelimit.redis import connected
from tests.edge.conftest import OwnRedis

pytestmark = pytest.mark.urls("tests.edge.urls")
Listen = Callable[[Signal], list[dict[str, Any]]]


@pytest.fixture
def _on_own_redis(settings: Settings, own_redis: OwnRedis) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": own_redis.url, "PROBE_INTERVAL": 0.3}


def guess(client: Client) -> Any:
    return client.post("/api/login", {"status": 401}, content_type="application/json")


@pytest.mark.usefixtures("_on_own_redis")
def test_authentication_closes_and_the_rest_goes_on(client: Client, own_redis: OwnRedis, heard: Listen) -> None:
    lost = heard(signals.limiter_unavailable)
    closed_before = LIMIT_ERRORS.labels("closed")._value.get()
    local_before = LIMIT_ERRORS.labels("local")._value.get()
    assert guess(client).status_code == 401
    own_redis.kill()
    answer = guess(client)
    assert answer.status_code == 503
    assert answer.json()["code"] == "limiter_unavailable"
    assert int(answer.headers["Retry-After"]) >= 1
    assert client.get("/api/notes").status_code == 200
    assert guess(client).status_code == 503
    assert len(lost) == 1, "signalled once an outage"
    assert LIMIT_ERRORS.labels("closed")._value.get() == closed_before + 2
    assert LIMIT_ERRORS.labels("local")._value.get() == local_before + 1


@pytest.mark.usefixtures("_on_own_redis")
def test_the_local_store_holds_the_limit_meanwhile(client: Client, own_redis: OwnRedis) -> None:
    own_redis.kill()
    assert [client.get("/limited").status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.usefixtures("_on_own_redis")
def test_it_is_back_within_a_probe_interval(client: Client, own_redis: OwnRedis) -> None:
    own_redis.kill()
    assert guess(client).status_code == 503
    own_redis.start()
    time.sleep(0.35)
    assert guess(client).status_code == 401
    assert "RateLimit" in client.get("/api/notes").headers


@pytest.mark.usefixtures("_on_own_redis")
def test_a_restarted_server_that_forgot_the_scripts_is_no_outage(client: Client, own_redis: OwnRedis) -> None:
    assert guess(client).status_code == 401
    own_redis.kill()
    own_redis.start()
    assert guess(client).status_code == 401


@pytest.fixture
def _nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads would write events on database connections of their own."""
    for signal in (signals.request_throttled, signals.limiter_unavailable):
        monkeypatch.setattr(signal, "receivers", [])


@pytest.mark.usefixtures("_on_own_redis", "_nobody_listens")
def test_killed_and_restarted_under_load_nothing_answers_500(own_redis: OwnRedis) -> None:
    codes: Counter[tuple[str, int]] = Counter()
    over = threading.Event()

    def load(network: str) -> None:
        client = Client(raise_request_exception=False)
        for host in itertools.cycle(range(256)):
            client.defaults["REMOTE_ADDR"] = f"{network}.{host}"
            codes["login", guess(client).status_code] += 1
            codes["limited", client.get("/limited").status_code] += 1
            if over.is_set():
                return

    threads = [threading.Thread(target=load, args=(f"198.51.{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        time.sleep(0.5)
        own_redis.kill()
        time.sleep(0.5)
        own_redis.start()
    time.sleep(0.5)
    over.set()
    for thread in threads:
        thread.join()
    assert {code for path, code in codes if path == "login"} <= {401, 429, 503}
    assert {code for path, code in codes if path == "limited"} <= {200, 429}
    assert codes["login", 503], "the outage was never seen"


def test_only_one_caller_in_a_probe_interval_waits_for_a_lost_store() -> None:
    now = [0.0]

    class Lost:
        tries = 0

        def spend(self, limits: Any, cost: int = 1) -> Any:
            self.tries += 1
            raise StoreUnavailable("gone")

        async def aspend(self, limits: Any, cost: int = 1) -> Any:
            self.spend(limits, cost)

        def refund(self, states: Any, cost: int = 1) -> None: ...

        async def arefund(self, states: Any, cost: int = 1) -> None: ...

        def reset(self, keys: Any) -> None: ...

        def keys_of(self, identity: str) -> list[str]:
            return []

    store = Lost()
    own = Limiter(store, LocalStore(), clock=lambda: now[0])
    for _ in range(10):
        own.spend([Limit("x", "x", 100, 60)])
    assert store.tries == 1
    now[0] = 1.1
    for _ in range(10):
        own.spend([Limit("x", "x", 100, 60)])
    assert store.tries == 2


def test_a_lost_refund_is_no_error(own_redis: OwnRedis) -> None:
    own = Limiter(connected(own_redis.url, 0.5), LocalStore())
    decision = own.spend([Limit("x", "x", 5, 60)])
    own_redis.kill()
    decision.refund()


def test_the_limiter_follows_the_settings(settings: Settings, own_redis: OwnRedis) -> None:
    before = limiter()
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": own_redis.url}
    assert limiter() is not before
    assert limiter() is limiter()
