"""Methods, addresses and headers have bounds, on pages as in the API."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from edge import signals
from edge.asgi import BodyCeiling
from tests.edge.types import Listen

pytestmark = pytest.mark.urls("tests.edge.urls")
MIDDLEWARE = "edge.bounds.BoundsMiddleware"


@pytest.mark.parametrize("path", ["/api/notes", "/page"])
@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("a" * 5_000, 414, "uri_too_long"),
        ("&".join(["a=1"] * 101), 400, "too_many_parameters"),
        ("a=%00", 400, "nul_character"),
        ("a%00=1", 400, "nul_character"),
    ],
)
def test_a_query_has_bounds(settings: Settings, path: str, query: str, status: int, code: str) -> None:
    answer = Client().get(f"{path}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if each != MIDDLEWARE]
    assert Client().get(f"{path}?{query}").status_code == 200, "it is the middleware that refuses it"


@pytest.mark.parametrize("path", ["/api/notes", "/page", "/nowhere"])
@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "TRACK"])
def test_what_is_for_proxies_is_served_nowhere(client: Client, path: str, method: str) -> None:
    answer = client.generic(method, path, headers={"cookie": "a=PLANTED"})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]
    assert b"PLANTED" not in answer.content


def test_as_much_as_fits_is_served(client: Client) -> None:
    query = "&".join(["a=1"] * 100)
    assert client.get(f"/api/notes?{query}", headers={f"x-{number}": "y" for number in range(40)}).status_code == 200


@pytest.mark.parametrize("path", ["/api/%00", "/%00"])
def test_a_path_holds_no_nul(client: Client, path: str) -> None:
    assert client.get(path).json()["code"] == "nul_character"


@pytest.mark.parametrize(
    "headers", [{f"x-{number}": "y" for number in range(70)}, {"x-a": "y" * 9_000, "x-b": "y" * 9_000}]
)
def test_headers_have_bounds(client: Client, heard: Listen, headers: dict[str, str]) -> None:
    refused = heard(signals.request_refused)
    answer = client.get("/api/notes", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (431, "headers_too_large")
    assert refused[0]["data"]["code"] == "headers_too_large"


def test_a_page_takes_more_than_the_api_and_not_without_end(client: Client) -> None:
    sent: dict[str, Any] = {"content_type": "application/x-www-form-urlencoded"}
    assert client.generic("POST", "/page", b"a=" + b"b" * 20_000, **sent).status_code == 200
    assert client.generic("POST", "/page", b"a=b", **sent, CONTENT_LENGTH="3000000").status_code == 413


def test_two_framings_are_one_too_many(client: Client) -> None:
    answer = client.generic(
        "POST", "/api/notes", b"{}", content_type="application/json", HTTP_TRANSFER_ENCODING="chunked"
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/notes", 415), ("/api/upload", 200), ("/api/upload-plain", 200), ("/api/plain/none", 415)],
)
def test_forms_with_files_are_for_views_that_ask(client: Client, path: str, status: int) -> None:
    assert client.post(path, {"a": "b"}).status_code == status


@pytest.mark.parametrize("spelling", ["Multipart/Form-Data", "\xa0multipart/form-data", "\x85multipart/form-data\xa0"])
def test_a_form_with_files_is_known_however_it_is_spelt(client: Client, spelling: str) -> None:
    """Django strips more from a media type than spaces."""
    answer = client.generic("POST", "/api/plain/none", b"--x--", content_type=f"{spelling}; boundary=x")
    assert answer.status_code == 415


def test_a_ceiling_without_its_middleware_is_refused(settings: Settings) -> None:
    settings.MIDDLEWARE = []
    with pytest.raises(ImproperlyConfigured):
        BodyCeiling(lambda scope, receive, send: receive())  # type: ignore[arg-type,return-value]  # never called
