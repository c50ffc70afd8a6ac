"""One round trip a request, in which everything that applies is counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from edge.ratelimit import limiter
from edge.ratelimit.local import LocalStore

pytestmark = pytest.mark.urls("tests.edge.urls")


@pytest.fixture
def _tight(settings: Settings) -> None:
    limits = {**settings.BULWARK_EDGE["RATELIMITS"], "general": {"key": "user_or_ip", "rate": "3/15m"}}
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMITS": limits}


@contextmanager
def counted_trips() -> Iterator[list[int]]:
    """Count how often the store is asked, and for how many limits."""
    trips: list[int] = []
    store: Any = limiter().shared or limiter().local
    original = type(store).spend

    def spend(self: Any, limits: Any, cost: int = 1) -> Any:
        trips.append(len(limits))
        return original(self, limits, cost)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(store), "spend", spend)
        yield trips


@pytest.mark.usefixtures("_tight")
def test_every_path_of_the_api_spends_from_the_general_limit(client: Client) -> None:
    paths = ["/api/notes", "/api/who", "/api/v1/no/such/path", "/api/notes"]
    assert [client.get(path).status_code for path in paths] == [200, 200, 404, 429]


def test_a_policy_that_applies_for_two_reasons_is_spent_from_once(client: Client, settings: Settings) -> None:
    limits = {"login": {"key": "ip", "rate": "3/15m"}}
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "GENERAL_RATELIMIT": "login", "RATELIMITS": limits}
    with counted_trips() as trips:
        answer = client.get("/api/login")  # which names it as well
    assert trips == [1]
    assert answer.headers["RateLimit-Policy"] == '"login";q=3;w=900'


@pytest.mark.usefixtures("_tight")
def test_guessing_paths_is_limited_too(client: Client) -> None:
    assert [client.get(f"/api/{n}").status_code for n in range(4)] == [404, 404, 404, 429]


@pytest.mark.usefixtures("_tight")
def test_pages_are_not_counted(client: Client) -> None:
    assert {client.get("/page").status_code for _ in range(5)} == {200}


@pytest.mark.usefixtures("_tight")
def test_addresses_are_counted_apart(client: Client) -> None:
    for _ in range(4):
        client.get("/api/notes")
    assert client.get("/api/notes", REMOTE_ADDR="198.51.100.7").status_code == 200


@pytest.mark.usefixtures("_tight")
def test_a_whole_ipv6_network_is_one_client(client: Client) -> None:
    codes = [client.get("/api/notes", REMOTE_ADDR=f"2001:db8:1:2::{n:x}").status_code for n in range(4)]
    assert codes == [200, 200, 200, 429]
    assert client.get("/api/notes", REMOTE_ADDR="2001:db8:1:3::1").status_code == 200


@pytest.mark.usefixtures("_tight")
def test_an_ipv4_client_is_the_same_through_ipv6(client: Client) -> None:
    addresses = ["203.0.113.9", "::ffff:203.0.113.9", "203.0.113.9", "::FFFF:cb00:7109"]
    assert [client.get("/api/notes", REMOTE_ADDR=a).status_code for a in addresses] == [200, 200, 200, 429]


@pytest.mark.usefixtures("_tight")
def test_a_forged_header_makes_no_new_client(client: Client) -> None:
    codes = [client.get("/api/notes", headers={"x-forwarded-for": f"198.51.100.{n}"}).status_code for n in range(4)]
    assert codes == [200, 200, 200, 429]


def test_general_and_own_limits_take_one_trip(client: Client) -> None:
    with counted_trips() as trips:
        client.post("/api/login", {"status": 401}, content_type="application/json")
    assert trips == [4], "general with its volume, and login's two"


def test_head_takes_one_trip_as_get_does(client: Client) -> None:
    for ask in (client.get, client.head):
        with counted_trips() as trips:
            ask("/api/limited-gets")
        assert trips == [3], "general with its volume, and the method's own"


def test_an_unlimited_page_takes_none(client: Client) -> None:
    with counted_trips() as trips:
        client.get("/page")
    assert trips == []


def test_login_is_limited_by_the_minute_and_by_the_hour(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    if limiter().shared is not None:
        pytest.skip("needs a clock that a test can set; the contract suite covers Redis")
    now = [1_000_000_000]
    monkeypatch.setattr(limiter(), "local", LocalStore(clock=lambda: now[0]))

    def guess() -> int:
        return client.post("/api/login", {"status": 401}, content_type="application/json").status_code

    assert [guess() for _ in range(6)] == [401] * 5 + [429]
    now[0] += 62_000_000
    assert [guess() for _ in range(6)] == [401] * 5 + [429]
    now[0] += 62_000_000
    answer = client.post("/api/login", {"status": 401}, content_type="application/json")
    assert answer.status_code == 429
    assert answer.json()["violated-policies"] == ["login-1h"]
    assert int(answer.headers["Retry-After"]) > 3_000


def test_logging_in_costs_nothing(client: Client) -> None:
    codes = [client.post("/api/login", {}, content_type="application/json").status_code for _ in range(12)]
    assert codes == [200] * 12


@pytest.mark.usefixtures("_tight")
def test_exempt_networks_are_not_counted(client: Client, settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "EXEMPT_NETWORKS": ["198.51.100.0/24"]}
    monitoring = [client.get("/api/notes", REMOTE_ADDR="198.51.100.7").status_code for _ in range(5)]
    assert set(monitoring) == {200}
    others = [client.get("/api/notes", REMOTE_ADDR="203.0.113.7").status_code for _ in range(5)]
    assert 429 in others


def test_a_throttled_request_is_signalled(client: Client) -> None:
    from edge.signals import request_throttled

    heard: list[dict[str, Any]] = []

    def hear(sender: Any, **kwargs: Any) -> None:
        heard.append(kwargs)

    request_throttled.connect(hear)
    for _ in range(3):
        client.get("/limited")
    request_throttled.disconnect(hear)
    assert len(heard) == 1
    assert heard[0]["outcome"] == "refused"
    assert heard[0]["target"] is None
    assert heard[0]["request"].path == "/limited"
    assert heard[0]["data"]["policies"] == ["tests.edge.urls.limited"]
