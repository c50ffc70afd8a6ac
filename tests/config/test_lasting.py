"""What was blocked or disabled outlives the Redis that says so to every process."""

from datetime import timedelta
from typing import Any

import pytest
import redis
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from auditlog.models import Alert, AlertStep, Event, Response
from auditlog.response.actions import ResponseRefused, respond, undo
from config import lasting
from edge import signals
from edge.blocks import block, blocklist, routes, unblock
from edge.blocks.known import known
from edge.ratelimit import limiter
from tests.accounts.conftest import make_user
from tests.edge.conftest import OwnRedis, own_redis

__all__ = ["own_redis"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def server(own_redis: OwnRedis, settings: Settings) -> OwnRedis:
    settings.BULWARK_EDGE = {
        **settings.BULWARK_EDGE,
        "REDIS_URL": own_redis.url,
        "BLOCK_SOURCE": "config.lasting.blocks",
        "ROUTE_SOURCE": "config.lasting.routes",
    }
    return own_redis


def responses() -> None:
    """Keep what was done, and what is over."""
    now = timezone.now()
    for subject, ends_at, undone_at in (
        ("203.0.113.0/24", None, None),
        ("198.51.100.7", now + timedelta(hours=1), None),
        ("192.0.2.1", now - timedelta(seconds=1), None),
        ("192.0.2.2", None, now),
    ):
        Response.objects.create(
            action="block_network", subject=subject, reason="x", by="erin", ends_at=ends_at, undone_at=undone_at
        )
    Response.objects.create(action="disable_route", subject="healthz", reason="x", by="erin")
    Response.objects.create(action="lock_account", subject="alice@example.org", reason="x", by="erin")


def test_a_redis_that_knows_nothing_is_told_what_holds(server: OwnRedis) -> None:
    responses()
    known().learn()
    assert [block.network for block in blocklist().current()] == ["198.51.100.7/32", "203.0.113.0/24"]
    assert [route.name for route in routes().current()] == ["healthz"]


def test_a_response_outlives_redis(server: OwnRedis) -> None:
    respond("block_network", "203.0.113.9", reason="scraping", by="erin")
    assert blocklist().find("203.0.113.9")
    server.kill()
    server.start()
    known().learn()
    assert blocklist().find("203.0.113.9")


def test_a_response_that_nobody_would_learn_of_is_not_taken(server: OwnRedis) -> None:
    known().learn()
    server.kill()
    with pytest.raises(ResponseRefused, match="does not answer"):
        respond("block_network", "203.0.113.9", reason="scraping", by="erin")
    assert not Response.objects.exists()
    assert limiter().shared is not None


# By command


MALLORY = "203.0.113.9"


def lose(server: OwnRedis) -> None:
    """Empty the database of the limits, as somebody does who means the cache's."""
    with redis.Redis.from_url(server.url) as client:
        client.flushdb()


def status(path: str = "/api/v1/categories/") -> int:
    return Client(REMOTE_ADDR=MALLORY).get(path).status_code


def active(action: str) -> float:
    page = Client().get("/metrics").content.decode()
    (line,) = [line for line in page.splitlines() if line.startswith(f'bulwark_responses_active{{action="{action}"}}')]
    return float(line.split()[-1])


def test_a_block_by_command_outlives_redis(server: OwnRedis) -> None:
    call_command("block_ip", "203.0.113.0/24", "--for", "2h", "--reason", "scraping")
    assert status() == 403
    lose(server)
    assert status() == 403
    kept = Response.objects.get()
    assert (kept.action, kept.subject, kept.reason) == ("block_network", "203.0.113.0/24", "scraping")
    assert (kept.by, kept.is_automatic, kept.ends_at) == ("command", False, kept.done_at + timedelta(hours=2))
    assert Event.objects.filter(type="edge.network_blocked").count() == 1
    assert not Event.objects.filter(type="auditlog.response_taken").exists()


def test_it_is_the_list_of_responses_that_keeps_it(server: OwnRedis) -> None:
    assert signals.network_blocked.disconnect(dispatch_uid="config.keep_block")
    try:
        call_command("block_ip", "203.0.113.0/24", "--reason", "scraping")
        lose(server)
        assert status() == 200
    finally:
        signals.network_blocked.connect(lasting.keep_block, dispatch_uid="config.keep_block")


def test_a_route_disabled_by_command_stays_so(server: OwnRedis) -> None:
    call_command("disable_route", "bulwark_articles:categories", "--reason", "a hole")
    lose(server)
    assert status() == 503
    call_command("enable_route", "bulwark_articles:categories", "--reason", "mended")
    lose(server)
    assert status() == 200
    assert Response.objects.get().undone_by == "command"


@pytest.mark.parametrize("subject", [MALLORY, f"{MALLORY}/32", f"::ffff:{MALLORY}"])
def test_a_responses_block_that_a_command_has_lifted_does_not_come_back(server: OwnRedis, subject: str) -> None:
    alert = Alert.objects.create(
        rule="scraping", key=MALLORY, severity=3, first_ts=timezone.now(), last_ts=timezone.now()
    )
    respond("block_network", subject, reason="scraping", by="erin", alert=alert)
    assert status() == 403
    call_command("unblock_ip", MALLORY, "--reason", "a customer")
    lose(server)
    assert status() == 200
    ended = Response.objects.get()
    assert (ended.undone_by, ended.holds(timezone.now())) == ("command", False)
    assert AlertStep.objects.filter(alert=alert, text__contains="undone").count() == 1


def test_it_is_the_end_of_the_response_that_keeps_it_lifted(server: OwnRedis) -> None:
    assert signals.network_unblocked.disconnect(dispatch_uid="config.end_blocks")
    try:
        respond("block_network", MALLORY, reason="scraping", by="erin")
        call_command("unblock_ip", MALLORY, "--reason", "over")
        lose(server)
        assert status() == 403
    finally:
        signals.network_unblocked.connect(lasting.end_blocks, dispatch_uid="config.end_blocks")


def test_another_network_stays_blocked(server: OwnRedis) -> None:
    call_command("block_ip", "203.0.113.0/24", "--reason", "x")
    call_command("block_ip", MALLORY, "--reason", "x")
    call_command("unblock_ip", MALLORY, "--reason", "over")
    assert status() == 403
    lose(server)
    assert status() == 403


@pytest.mark.parametrize(
    "command", [("block_ip", "192.0.2.1", "--reason", "x"), ("unblock_ip", "198.51.100.1", "--reason", "x")]
)
def test_a_command_right_after_the_loss_lifts_nothing_else(server: OwnRedis, command: tuple[str, ...]) -> None:
    call_command("block_ip", MALLORY, "--reason", "x")
    call_command("block_ip", "198.51.100.1", "--reason", "x")
    lose(server)
    call_command(*command)
    assert status() == 403


def test_a_response_is_one_row_and_one_event_of_each_kind(server: OwnRedis) -> None:
    made = respond("block_network", MALLORY, reason="scraping", by="erin")
    switch = respond("disable_route", "healthz", reason="x", by="erin")
    assert Response.objects.count() == 2
    assert (active("block_network"), active("disable_route")) == (1, 1)
    undo(made, reason="y", by="erin")
    undo(switch, reason="y", by="erin")
    assert set(Response.objects.values_list("undone_by", flat=True)) == {"erin"}
    told = Event.objects.values_list("type", flat=True)
    assert sorted(kind for kind in told if kind.startswith(("auditlog.response", "edge."))) == [
        *["auditlog.response_taken"] * 2,
        *["auditlog.response_undone"] * 2,
        *("edge.network_blocked", "edge.network_unblocked", "edge.route_disabled", "edge.route_enabled"),
    ]


def test_whoever_undoes_one_block_of_a_network_ends_them_all(server: OwnRedis) -> None:
    call_command("block_ip", MALLORY, "--reason", "x")
    undo(respond("block_network", MALLORY, reason="scraping", by="erin"), reason="y", by="erin")
    lose(server)
    assert status() == 200
    assert active("block_network") == 0


def test_the_metric_counts_what_commands_do(server: OwnRedis) -> None:
    call_command("block_ip", MALLORY, "--reason", "x")
    respond("block_network", "192.0.2.1", reason="x", by="erin")
    call_command("disable_route", "bulwark_articles:export", "--reason", "x")
    assert (active("block_network"), active("disable_route")) == (2, 1)
    call_command("unblock_ip", MALLORY, "--reason", "over")
    call_command("unblock_ip", "192.0.2.1", "--reason", "over")
    call_command("enable_route", "bulwark_articles:export", "--reason", "mended")
    assert (active("block_network"), active("disable_route")) == (0, 0)


def test_a_dry_run_keeps_and_ends_nothing(server: OwnRedis) -> None:
    call_command("block_ip", MALLORY, "--reason", "x")
    call_command("block_ip", "192.0.2.1", "--reason", "x", "--dry-run")
    call_command("unblock_ip", MALLORY, "--reason", "over", "--dry-run")
    assert Response.objects.get().holds(timezone.now())


@pytest.mark.parametrize("given", [{"reason": "x" * 500}, {"reason": "a\0b"}, {"reason": "x", "seconds": 6e11}])
def test_a_long_reason_or_time_is_kept_as_far_as_it_can_be(server: OwnRedis, given: dict[str, Any]) -> None:
    block(MALLORY, **given)
    lose(server)
    assert status() == 403


def test_it_is_kept_in_the_name_of_who_did_it(server: OwnRedis) -> None:
    erin = make_user("erin")
    block(MALLORY, reason="x", user=erin)
    unblock(MALLORY, user=erin)
    kept = Response.objects.get()
    assert (kept.by, kept.undone_by) == (erin.email, erin.email)


def test_with_the_change_around_it_the_row_is_rolled_back(server: OwnRedis) -> None:
    with transaction.atomic():
        block(MALLORY, reason="x")
        assert Response.objects.exists()
        transaction.set_rollback(True)
    assert not Response.objects.exists()
    assert not Event.objects.filter(type="edge.network_blocked").exists()


def test_a_row_that_cannot_be_kept_spoils_neither_the_block_nor_the_change(server: OwnRedis) -> None:
    known().learn()
    table = Response._meta.db_table
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO gone")
        block(MALLORY, reason="x")
        unblock(MALLORY)
        block(MALLORY, reason="x")
        assert Event.objects.filter(type="edge.network_blocked").count() == 2
        cursor.execute(f"ALTER TABLE gone RENAME TO {table}")
    assert status() == 403
