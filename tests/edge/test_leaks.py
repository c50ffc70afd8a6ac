"""Secrets are sent to every endpoint there is, in every way; the log holds none of them."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from pytest_django import Settings

from edge.logs import logging_config
from edge.metrics import know_routes
from edge.views import routes_in_urls

from .planted import JWT, TEXTS

SECRET = "PLANTED-in-a-field"
BODY = {
    "email": "alice@example.org",
    **dict.fromkeys(("password", "new_password", "current_password", "token", "refresh", "code", "secret"), SECRET),
}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return what the project's own configuration writes, with every logger at its most talkative."""
    stream = io.StringIO()
    config = logging_config(level="DEBUG")
    formatter = config["formatters"]["bulwark"]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter["()"](pretty=formatter["pretty"]))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


def concrete(route: str) -> str:
    """Return a path that the route answers."""
    return route.replace("<uuid:", "<").split("<")[0] + (
        "00000000-0000-4000-8000-000000000000" + route.rsplit(">", maxsplit=1)[-1] if "<" in route else ""
    )


ROUTES = [(concrete(route), method) for route, methods in routes_in_urls() for method in methods if "(?" not in route]


def test_no_endpoint_logs_a_secret(log: io.StringIO, settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}
    client = Client(raise_request_exception=False)
    query = f"?token={quote(SECRET)}&password={quote(SECRET)}&access_token={JWT}"
    headers = {"authorization": f"Bearer {JWT}", "x-api-key": SECRET, "cookie": f"session={SECRET}; csrftoken={SECRET}"}
    assert len(ROUTES) > 60
    for path, method in ROUTES:
        client.generic(method, path + query, json.dumps(BODY), content_type="application/json", headers=headers)
    lines = log.getvalue().splitlines()
    assert len(lines) >= len(ROUTES)
    assert [line for line in lines if SECRET in line or JWT in line] == []


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.urls("tests.edge.urls")
def test_no_secret_of_any_shape_is_logged(log: io.StringIO, text: str) -> None:
    client = Client(raise_request_exception=False)
    ways: list[tuple[str, dict[str, Any]]] = [
        ("/api/notes", {"body": json.dumps({"title": text})}),
        ("/api/notes", {"body": text}),
        ("/api/notes?" + quote(text), {}),
        ("/api/" + quote(text), {}),
        ("/api/notes", {"headers": {"x-note": text.replace("\n", " ")}}),
        ("/api/fail/crash?x=" + quote(text), {}),
    ]
    for path, given in ways:
        client.generic("POST", path, given.get("body", ""), content_type="application/json", **_headers(given))
    assert "PLANTED" not in log.getvalue()
    assert "eyJhbGci" not in log.getvalue()


def _headers(given: dict[str, Any]) -> dict[str, Any]:
    return {"headers": given["headers"]} if "headers" in given else {}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'PLANTED'::uuid WHERE password = 'PLANTED'",
        "INSERT INTO bulwark_leaks (token) VALUES ('PLANTED')",
        "SELECT * FROM nowhere WHERE token = 'PLANTED'",
    ],
)
def test_an_error_of_the_database_logs_no_secret(log: io.StringIO, statement: str) -> None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError:
        logging.getLogger("somebody").exception("It failed")
    assert "Traceback" in log.getvalue()
    assert "PLANTED" not in log.getvalue()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("bigint", '99999999999999999999 a"PLANTED'),
        ("cidr", "10.11.12.13/8"),
        ("date", "5874898-11-12"),
        ("date", "2026-13-31"),
        ("float8", "12345e999"),
        ("integer", '99999999999999999999 a"PLANTED\nPLANTED'),
        ("interval", "9876543210123 years"),
        ("real", "1e9999 PLANTED"),
        ("smallint", "99999 PLANTED"),
        ("timestamp", "294277-11-12"),
        ("timestamptz", "2026-01-01 10:00 area/planted"),
        ("timestamptz", "2026-01-01 10:00+98:76"),
        ("tsvector", "PLANTED:'x"),
    ],
)
def test_a_value_that_a_type_of_postgresql_does_not_take_is_not_logged(log: io.StringIO, kind: str, value: str) -> None:
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT %s::{kind}", [value])
    assert value in str(caught.value)
    logging.getLogger("somebody").error("It said %s", caught.value, exc_info=caught.value)
    assert "It said " in log.getvalue()
    assert "Traceback" in log.getvalue()
    for word in (value, json.dumps(value)[1:-1], "planted"):
        assert word not in log.getvalue().replace("PLANTED", "planted")


def test_routes_are_known_before_they_are_asked() -> None:
    from prometheus_client import REGISTRY

    know_routes.cache_clear()  # another test has had other routes
    know_routes()
    labels = {"route": "/api/v1/articles/", "method": "POST", "status": "500"}
    assert REGISTRY.get_sample_value("bulwark_requests_total", labels) is not None
