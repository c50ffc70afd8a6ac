import pytest
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from .conftest import OwnRedis

pytestmark = pytest.mark.urls("tests.edge.urls")


def test_a_living_process_says_so_without_asking_anything(client: Client, django_assert_num_queries: object) -> None:
    with connection.execute_wrapper(_no_database):
        answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def _no_database(*_: object) -> object:
    from django.db import OperationalError

    msg = "secret host is down"
    raise OperationalError(msg)


def test_a_ready_process_says_so(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": "ok", "limiter": "ok"}}


def test_without_its_database_a_process_is_not_ready_and_does_not_say_why(client: Client) -> None:
    with connection.execute_wrapper(_no_database):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "lost"
    assert b"secret" not in answer.content


def test_a_lost_limiter_is_told_and_takes_nothing_down(client: Client, settings: Settings, own_redis: OwnRedis) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": own_redis.url}
    own_redis.kill()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["limiter"] == "lost"


def test_metrics_are_for_the_configured_networks(client: Client, settings: Settings) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 404
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "METRICS_NETWORKS": ["203.0.113.0/24"]}
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 200


def test_metrics_count_by_route_and_not_by_path(client: Client) -> None:
    client.get("/api/fail/missing")
    client.get("/api/fail/forbidden")
    client.generic("BREW", "/api/notes")
    text = client.get("/metrics").content.decode()
    assert 'bulwark_requests_total{method="GET",route="/api/fail/<how>",status="404"}' in text
    assert 'bulwark_requests_total{method="GET",route="/api/fail/<how>",status="403"}' in text
    assert "missing" not in text
    assert "BREW" not in text
    assert 'bulwark_ratelimit_errors_total{answer="closed"}' in text
