"""What was blocked or disabled outlives the Redis that says so to every process."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from auditlog.models import Response
from auditlog.response.actions import ResponseRefused, respond
from edge.blocks import blocklist, routes
from edge.blocks.known import known
from edge.ratelimit import limiter
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
