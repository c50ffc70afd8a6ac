"""A disabled route is answered 503 by every process from its next request on."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from edge import signals
from edge.blocks import DisabledRoute, Known, Routes, block, blocklist, disable, enable, routes, unblock
from edge.metrics import DISABLED
from edge.ratelimit import Limiter, LocalStore
from tests.edge.types import Listen

from .conftest import OwnRedis
from .test_blocks import Process

pytestmark = pytest.mark.urls("tests.edge.urls")


@pytest.fixture(autouse=True)
def _nothing_is_disabled() -> Iterator[None]:
    yield
    for route in routes().current():
        routes().enable(route.name)
    for blocked in blocklist().current():
        blocklist().remove(blocked.network)


def test_a_disabled_route_is_a_problem_that_says_when_to_come_back(client: Client) -> None:
    before = DISABLED._value.get()
    disable("notes", seconds=60, reason="CVE-2026-1")
    answer = client.get("/api/notes")
    assert answer.status_code == 503
    assert answer.json()["code"] == "route_disabled"
    assert 55 < int(answer.headers["Retry-After"]) <= 60
    assert "CVE" not in answer.content.decode()
    assert DISABLED._value.get() == before + 1
    assert client.get("/api/who").status_code == 200
    assert enable("notes")
    assert client.get("/api/notes").status_code == 200


def test_without_an_end_there_is_a_time_to_ask_again(client: Client) -> None:
    disable("notes", reason="x")
    assert client.get("/api/notes").headers["Retry-After"] == "300"


def test_without_the_middleware_the_route_is_served(client: Client, settings: Settings) -> None:
    disable("notes", reason="x")
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if path != "edge.blocks.BlockMiddleware"]
    assert client.get("/api/notes").status_code == 200


@pytest.mark.urls("config.urls")
def test_a_namespace_is_all_its_routes(client: Client) -> None:
    disable("admin", reason="x")
    assert client.get("/admin/").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_people_get_a_page(client: Client) -> None:
    disable("page", reason="x")
    answer = client.get("/page", headers={"accept": "text/html"})
    assert answer.status_code == 503
    assert answer.headers["X-Request-ID"] in answer.content.decode()


@pytest.mark.parametrize("name", ["nonsense", "", "note", "notes:x", "/api/notes"])
def test_a_name_that_no_route_has_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="names no route"):
        disable(name, reason="x")


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="no time"):
        disable("notes", seconds=seconds, reason="x")
    with pytest.raises(ValueError, match="no time"):
        block("203.0.113.9", seconds=seconds, reason="x")


def test_it_ends_by_itself() -> None:
    now = [1_000_000.0]
    own = Routes(Known(Limiter(None, LocalStore()), clock=lambda: now[0]))
    own.disable("notes", seconds=60)
    assert own.find("notes")
    now[0] += 61
    assert own.find("notes") is None
    assert own.current() == []


def test_every_process_knows_with_its_next_request(own_redis: OwnRedis) -> None:
    first, second = Process(own_redis.url), Process(own_redis.url)
    second.serve("203.0.113.9")
    first.routes.disable("notes")
    assert second.serve("203.0.113.9"), "a switch blocks nobody"
    assert second.routes.find("notes")
    first.routes.enable("notes")
    second.serve("203.0.113.9")
    assert second.routes.find("notes") is None


def durable() -> list[DisabledRoute]:
    return [DisabledRoute("notes", 0, "kept elsewhere")]


def test_an_emptied_redis_is_filled_from_the_durable_source(own_redis: OwnRedis, settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "ROUTE_SOURCE": f"{__name__}.durable"}
    process = Process(own_redis.url)
    process.serve("203.0.113.9")
    assert process.routes.find("notes")
    own_redis.kill()
    own_redis.start()
    process = Process(own_redis.url)
    process.serve("203.0.113.9")
    assert process.routes.find("notes")


ACTIONS: list[tuple[Any, Any, Callable[..., Any], dict[str, Any]]] = [
    (signals.network_blocked, None, partial(block, "203.0.113.9", seconds=60),
     {"network": "203.0.113.9/32", "seconds": 60, "reason": "why"}),
    (signals.network_unblocked, partial(block, "203.0.113.9", reason="x"), partial(unblock, "203.0.113.9"),
     {"network": "203.0.113.9/32", "reason": "why"}),
    (signals.route_disabled, None, partial(disable, "notes"), {"route": "notes", "seconds": 0, "reason": "why"}),
    (signals.route_enabled, partial(disable, "notes", reason="x"), partial(enable, "notes"),
     {"route": "notes", "reason": "why"}),
]  # fmt: skip


@pytest.mark.parametrize(("signal", "prepare", "action", "data"), ACTIONS)
def test_each_action_is_signalled(
    heard: Listen, signal: Any, prepare: Any, action: Callable[..., Any], data: dict[str, Any]
) -> None:
    if prepare:
        prepare()
    told = heard(signal)
    assert action(reason="why", dry_run=True)
    assert told == []
    assert action(reason="why")
    (sending,) = told
    assert (sending["outcome"], sending["data"]) == ("success", data)


def test_what_was_not_there_is_said_so(heard: Listen) -> None:
    told = heard(signals.network_unblocked) + heard(signals.route_enabled)
    assert not unblock("203.0.113.9")
    assert not enable("notes")
    assert told == []


def test_a_trial_changes_nothing(client: Client) -> None:
    disable("notes", reason="x", dry_run=True)
    block("203.0.113.9", reason="x", dry_run=True)
    assert client.get("/api/notes", REMOTE_ADDR="203.0.113.9").status_code == 200


class TestCommands:
    @pytest.fixture(autouse=True)
    def _redis(self, own_redis: OwnRedis, settings: Settings) -> None:
        settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": own_redis.url}

    def test_a_network(self, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("block_ip", "203.0.113.0/24", "--for", "2h", "--reason", "scraping", "--dry-run")
        assert client.get("/page", REMOTE_ADDR="203.0.113.9").status_code == 200
        call_command("block_ip", "203.0.113.0/24", "--for", "2h", "--reason", "scraping")
        assert client.get("/page", REMOTE_ADDR="203.0.113.9").status_code == 403
        assert capsys.readouterr().out.splitlines() == [
            "Would block 203.0.113.0/24 for 7200 s.",
            "Blocked 203.0.113.0/24 for 7200 s.",
        ]
        call_command("unblock_ip", "203.0.113.0/24", "--reason", "over", "--dry-run")
        assert client.get("/page", REMOTE_ADDR="203.0.113.9").status_code == 403
        call_command("unblock_ip", "203.0.113.0/24", "--reason", "over")
        assert client.get("/page", REMOTE_ADDR="203.0.113.9").status_code == 200

    def test_a_route(self, client: Client, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("disable_route", "notes", "--reason", "x", "--dry-run")
        assert client.get("/api/notes").status_code == 200
        call_command("disable_route", "notes", "--reason", "x")
        assert client.get("/api/notes").status_code == 503
        call_command("enable_route", "notes", "--reason", "mended", "--dry-run")
        assert client.get("/api/notes").status_code == 503
        call_command("enable_route", "notes", "--reason", "mended")
        assert client.get("/api/notes").status_code == 200
        assert "Disabled notes until somebody ends it." in capsys.readouterr().out

    @pytest.mark.parametrize(
        "arguments",
        [
            ("block_ip", "203.0.113.0/24"),
            ("block_ip", "nonsense", "--reason", "x"),
            ("block_ip", "0.0.0.0/0", "--reason", "x"),
            ("block_ip", "203.0.113.9", "--for", "2", "--reason", "x"),
            ("block_ip", "203.0.113.9", "--for", "0h", "--reason", "x"),
            ("block_ip", "203.0.113.9", "--for", "-2h", "--reason", "x"),
            ("unblock_ip", "203.0.113.9", "--reason", "x"),
            ("disable_route", "nonsense", "--reason", "x"),
            ("disable_route", "notes"),
            ("enable_route", "notes", "--reason", "x"),
        ],
    )
    def test_what_makes_no_sense_is_an_error(self, arguments: tuple[str, ...]) -> None:
        with pytest.raises(CommandError):
            call_command(*arguments)

    @pytest.mark.parametrize("reason", [(), ("--reason", " "), ("--reason", "x" * 201)])
    def test_whoever_acts_says_why(self, reason: tuple[str, ...]) -> None:
        block("203.0.113.9", reason="x")
        disable("notes", reason="x")
        for action in (
            ("block_ip", "192.0.2.1"),
            ("unblock_ip", "203.0.113.9"),
            ("disable_route", "async"),
            ("enable_route", "notes"),
        ):
            with pytest.raises(CommandError, match="reason"):
                call_command(*action, *reason)
        assert [each.network for each in blocklist().current()] == ["203.0.113.9/32"]
        assert [each.name for each in routes().current()] == ["notes"]
        assert unblock("203.0.113.9")
        assert enable("notes")

    def test_a_lost_redis_is_an_error(self, own_redis: OwnRedis) -> None:
        own_redis.kill()
        with pytest.raises(CommandError, match="nothing was changed"):
            call_command("block_ip", "203.0.113.9", "--reason", "x")


@pytest.mark.parametrize("command", ["block_ip", "unblock_ip"])
def test_in_process_no_server_would_learn_of_it(settings: Settings, command: str) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": ""}
    with pytest.raises(CommandError, match="no server"):
        call_command(command, "203.0.113.9", "--reason", "x")
