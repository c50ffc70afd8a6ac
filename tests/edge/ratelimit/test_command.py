import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from edge import signals
from edge.ratelimit import limiter
from tests.edge.types import Listen

pytestmark = pytest.mark.urls("tests.edge.urls")


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("ratelimit", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.redis
def test_show_and_reset(client: Client, heard: Listen) -> None:
    told = heard(signals.limits_reset)
    assert "Nothing is counted" in run("show", "ip:203.0.113.9")
    for _ in range(3):
        client.get("/limited", REMOTE_ADDR="203.0.113.9")
    shown = run("show", "ip:203.0.113.9")
    assert "tests.edge.urls.limited: 0 of 2 left in 60 s, free in" in shown
    assert client.get("/limited", REMOTE_ADDR="203.0.113.9").status_code == 429
    assert "Reset 1 limits" in run("reset", "ip:203.0.113.9", "--reason", "a customer")
    assert client.get("/limited", REMOTE_ADDR="203.0.113.9").status_code == 200
    assert "Nothing is counted" in run("reset", "ip:203.0.113.10", "--reason", "a customer")
    assert [(each["outcome"], each["data"]) for each in told] == [
        ("success", {"key": "ip:203.0.113.9", "policies": ["tests.edge.urls.limited"], "reason": "a customer"})
    ]


@pytest.mark.redis
@pytest.mark.parametrize("reason", [(), ("--reason", " "), ("--reason", "x" * 201)])
def test_a_reset_needs_a_reason(client: Client, reason: tuple[str, ...]) -> None:
    client.get("/limited", REMOTE_ADDR="203.0.113.9")
    with pytest.raises(CommandError, match="reason"):
        run("reset", "ip:203.0.113.9", *reason)
    assert "1 of 2 left" in run("show", "ip:203.0.113.9")


@pytest.mark.redis
def test_what_somebody_typed_is_told_as_a_digest(client: Client, heard: Listen) -> None:
    told = heard(signals.limits_reset)
    client.put("/limited-methods", {"email": "alice@example.com"}, "application/json")
    run("reset", "body:email:alice@example.com", "--reason", "a customer")
    assert [re.fullmatch(r"body:[0-9a-f]{24}", each["data"]["key"]) is not None for each in told] == [True]


@pytest.mark.redis
def test_showing_costs_nothing(client: Client) -> None:
    client.get("/limited", REMOTE_ADDR="203.0.113.9")
    assert run("show", "ip:203.0.113.9") == run("show", "ip:203.0.113.9")


@pytest.mark.redis
def test_what_is_only_counted_is_shown_as_a_count(client: Client) -> None:
    for _ in range(2):
        client.get("/api/notes", REMOTE_ADDR="203.0.113.9")
    shown = run("show", "ip:203.0.113.9")
    assert "general: 98 of 100 left" in shown
    assert "general-volume: 2 in 21600 s\n" in shown


@pytest.mark.redis
def test_an_ipv6_address_is_shown_by_its_network(client: Client) -> None:
    client.get("/limited", REMOTE_ADDR="2001:db8:1:2::3")
    assert "1 of 2 left" in run("show", "ip:2001:db8:1:2::9")
    assert "1 of 2 left" in run("show", "ip:2001:db8:1:2::/64")


def test_in_process_there_is_nothing_to_see(settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": ""}
    with pytest.raises(CommandError, match="in each process"):
        run("show", "ip:203.0.113.9")


def test_a_lost_redis_is_said_so(settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": "redis://127.0.0.1:1/0"}
    with pytest.raises(CommandError, match="does not answer"):
        run("reset", "ip:203.0.113.9", "--reason", "x")
    assert limiter().shared is not None
