import re

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

from edge.context import request_id

pytestmark = pytest.mark.urls("tests.edge.urls")


def test_every_answer_has_an_id_and_the_view_sees_the_same(client: Client) -> None:
    answer = client.get("/who")
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])
    assert answer.json()["id"] == answer.headers["X-Request-ID"]


def test_two_requests_have_two_ids(client: Client) -> None:
    assert client.get("/who").headers["X-Request-ID"] != client.get("/who").headers["X-Request-ID"]


@pytest.mark.parametrize("given", ["4f9d2c1a", "a-b_c.d-0123", "0" * 64])
def test_a_well_formed_id_is_kept(client: Client, given: str) -> None:
    assert client.get("/who", headers={"x-request-id": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize(
    "given",
    [
        "",
        "short",
        "0" * 65,
        "spaces in it",
        "a\nlog line",
        "-leading-dash",
        "ümlaut-ümlaut",
        "<script>alert(1)</script>",
    ],
)
def test_any_other_is_replaced(client: Client, given: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", client.get("/who", headers={"x-request-id": given}).headers["X-Request-ID"])


@pytest.mark.parametrize("path", ["/api/nothing/here", "/api/fail/crash", "/api/plain/crash", "/limited"])
def test_errors_carry_it_too(client: Client, path: str) -> None:
    client.raise_request_exception = False
    answer = client.get(path)
    assert answer.headers["X-Request-ID"]
    if answer.status_code >= 400:
        assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


def test_async_requests_have_one(client: Client) -> None:
    answer = async_to_sync(AsyncClient().get)("/who")
    assert answer.json()["id"] == answer.headers["X-Request-ID"]


def test_outside_of_a_request_there_is_none() -> None:
    from contextvars import Context

    assert Context().run(request_id) == ""
