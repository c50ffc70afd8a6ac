"""A blocked client gets 403 and nothing else, in every process at once, and costs no query."""

import sys
from collections.abc import Iterator

import pytest
import redis
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from edge.blocks import Block, Blocklist, Known, Routes, blocklist
from edge.metrics import BLOCKED
from edge.ratelimit import Limit, Limiter, LocalStore, StoreUnavailable
from edge.ratelimit.redis import connected, counter_key

from .conftest import OwnRedis

pytestmark = pytest.mark.urls("tests.edge.urls")
MALLORY = "203.0.113.9"


@pytest.fixture(autouse=True)
def _nobody_is_blocked() -> Iterator[None]:
    yield
    for block in blocklist().current():
        blocklist().remove(block.network)


@pytest.mark.parametrize("path", ["/api/notes", "/page", "/api/nothing", "/nothing"])
def test_a_blocked_client_is_refused_everywhere_without_a_query(client: Client, path: str) -> None:
    blocklist().add("203.0.113.0/24", reason="scraping")
    before = BLOCKED._value.get()
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path, REMOTE_ADDR=MALLORY)
    assert answer.status_code == 403
    assert answer.json()["code"] == "blocked"
    assert answer.json()["detail"] == ""
    assert "scraping" not in answer.content.decode()
    assert len(queries) == 0
    assert BLOCKED._value.get() == before + 1
    assert client.get(path, REMOTE_ADDR="203.0.114.9").status_code != 403


def test_without_the_middleware_the_client_gets_through(client: Client, settings: Settings) -> None:
    blocklist().add(MALLORY)
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if path != "edge.blocks.BlockMiddleware"]
    assert client.get("/api/notes", REMOTE_ADDR=MALLORY).status_code == 200


def test_lifted_the_client_is_served_again(client: Client) -> None:
    blocklist().add(MALLORY)
    assert client.get("/page", REMOTE_ADDR=MALLORY).status_code == 403
    assert blocklist().remove(MALLORY) is True
    assert client.get("/page", REMOTE_ADDR=MALLORY).status_code == 200
    assert blocklist().remove(MALLORY) is False


def test_a_spelling_is_no_way_around(client: Client) -> None:
    blocklist().add(MALLORY)
    assert client.get("/page", REMOTE_ADDR=f"::ffff:{MALLORY}").status_code == 403


@pytest.mark.parametrize("network", ["::ffff:203.0.113.0/120", "::ffff:cb00:7109/128", "::ffff:203.0.113.9"])
def test_ipv4_inside_ipv6_is_blocked_as_what_it_is(client: Client, network: str) -> None:
    blocklist().add(network)
    assert client.get("/page", REMOTE_ADDR=MALLORY).status_code == 403
    assert client.get("/page", REMOTE_ADDR="192.0.2.1").status_code == 200


def test_an_ipv6_address_stands_for_its_network(client: Client) -> None:
    assert blocklist().add("2001:db8:1:2::9").network == "2001:db8:1:2::/64"
    assert client.get("/page", REMOTE_ADDR="2001:db8:1:2:ffff::1").status_code == 403
    assert client.get("/page", REMOTE_ADDR="2001:db8:1:3::9").status_code == 200


def test_a_block_ends_by_itself() -> None:
    now = [1_000_000.0]
    own = Blocklist(Known(Limiter(None, LocalStore()), clock=lambda: now[0]))
    own.add(MALLORY, seconds=60)
    assert own.find(MALLORY)
    now[0] += 61
    assert own.find(MALLORY) is None
    assert own.current() == []


@pytest.mark.parametrize(
    "network",
    [
        "0.0.0.0/0",
        "::/0",
        "96.0.0.0/4",
        "2000::/8",
        "nonsense",
        "203.0.113.9/24",
        "",
        "10.1.2.3",
        "10.0.0.0/9",
        "::ffff:0:0/96",
        "::ffff:10.1.2.0/120",
    ],
)
def test_what_would_block_everybody_or_nobody_is_refused(settings: Settings, network: str) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "TRUSTED_PROXIES": ["10.0.0.0/8"]}
    with pytest.raises(ValueError, match=r".+"):
        blocklist().add(network)


class Process:
    """What one process of several has of its own."""

    def __init__(self, url: str) -> None:
        connected.cache_clear()
        self.limiter = Limiter(connected(url, 0.5, (counter_key(),)), LocalStore())
        self.known = Known(self.limiter)
        self.blocks, self.routes = Blocklist(self.known), Routes(self.known)

    def serve(self, ip: str) -> bool:
        """Count a request, and say whether it is served."""
        decision = self.limiter.spend([Limit("general", "edge:{x}:general", 10_000, 60)])
        assert decision.counter is not None
        self.known.learn(decision.counter)
        return self.blocks.find(ip) is None


def test_every_process_knows_with_its_next_request(own_redis: OwnRedis) -> None:
    first, second = Process(own_redis.url), Process(own_redis.url)
    assert second.serve(MALLORY)
    first.blocks.add(MALLORY)
    assert not second.serve(MALLORY)
    assert second.serve("203.0.113.10")
    first.blocks.remove(MALLORY)
    assert second.serve(MALLORY)


def test_the_news_takes_no_trip_of_its_own(own_redis: OwnRedis) -> None:
    process = Process(own_redis.url)
    process.serve(MALLORY)
    asked: list[str] = []
    with redis.Redis.from_url(own_redis.url) as other, other.monitor() as monitor:
        for _ in range(3):
            process.serve(MALLORY)
        process.limiter.shared.client.echo("end")  # type: ignore[union-attr]  # it has a store
        for command in monitor.listen():
            if command["client_type"] != "lua":
                asked.append(command["command"].split()[0])
            if asked[-1:] == ["ECHO"]:
                break
    assert asked == ["EVALSHA", "EVALSHA", "EVALSHA", "ECHO"]


def test_a_process_that_counts_nothing_asks_for_itself(own_redis: OwnRedis) -> None:
    first, second = Process(own_redis.url), Process(own_redis.url)
    second.known.learn()
    first.blocks.add(MALLORY)
    second.known.learn()
    assert second.blocks.find(MALLORY)


def test_a_flood_of_refused_requests_asks_once_a_second(own_redis: OwnRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Process(own_redis.url), Process(own_redis.url)
    first.blocks.add(MALLORY)
    second.known.learn_now_and_then()
    first.blocks.remove(MALLORY)
    second.known.learn_now_and_then()
    assert second.blocks.find(MALLORY)
    monkeypatch.setattr(sys.modules[Known.__module__], "FRESH", 0.0)
    second.known.learn_now_and_then()
    assert second.blocks.find(MALLORY) is None


def test_a_lost_redis_lifts_no_block(own_redis: OwnRedis) -> None:
    process = Process(own_redis.url)
    process.blocks.add(MALLORY)
    own_redis.kill()
    process.limiter.spend([Limit("general", "edge:{x}:general", 10_000, 60)])
    process.known.learn()
    assert process.blocks.find(MALLORY)
    with pytest.raises(StoreUnavailable):
        process.blocks.add("203.0.113.10")


def test_a_redis_that_was_emptied_is_noticed(own_redis: OwnRedis) -> None:
    """As many changes after the loss as before it do not look like none."""
    first, second = Process(own_redis.url), Process(own_redis.url)
    first.blocks.add("203.0.113.10")
    assert second.serve(MALLORY)
    own_redis.kill()
    own_redis.start()
    Process(own_redis.url).blocks.add(MALLORY)
    assert not second.serve(MALLORY)


def durable() -> list[Block]:
    return [Block("198.51.100.0/24", 0, "kept elsewhere")]


def test_an_emptied_redis_is_filled_from_the_durable_source(own_redis: OwnRedis, settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "BLOCK_SOURCE": f"{__name__}.durable"}
    first = Process(own_redis.url)
    assert not first.serve("198.51.100.7")
    own_redis.kill()
    own_redis.start()
    assert not Process(own_redis.url).serve("198.51.100.7")


def test_in_process_the_durable_source_is_read_at_the_start(settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "BLOCK_SOURCE": f"{__name__}.durable"}
    known = Known(Limiter(None, LocalStore()))
    known.learn()
    assert Blocklist(known).find("198.51.100.7")


@pytest.mark.parametrize("wrong", [Block("nonsense"), "203.0.113.0/24", None])
def test_a_durable_source_that_is_wrong_breaks_nothing(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, wrong: object
) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "BLOCK_SOURCE": f"{__name__}.durable"}
    monkeypatch.setattr(sys.modules[__name__], "durable", lambda: [Block("198.51.100.0/24"), wrong])
    known = Known(Limiter(None, LocalStore()))
    known.learn()
    assert Blocklist(known).find("198.51.100.7")


def test_what_is_over_is_cleared_away(own_redis: OwnRedis) -> None:
    process = Process(own_redis.url)
    now = [1_000_000.0]
    own = Blocklist(Known(process.limiter, clock=lambda: now[0]))
    own.add(MALLORY, seconds=1)
    now[0] += 2
    own.add("203.0.113.10")
    client = redis.Redis.from_url(own_redis.url)
    assert client.hkeys("edge:{blocks}:entries") == [b"203.0.113.10/32"]
    client.close()
