"""Which headers an answer carries, and that what a view sets stays."""

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django.fixtures import Settings

from edge import signals

from .types import Listen

pytestmark = pytest.mark.urls("tests.edge.urls")

API = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
PAGE = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@pytest.mark.parametrize("path", ["/api/notes", "/api/nothing", "/api/fail/crash", "/api/fail/invalid"])
def test_the_apis_profile(client: Client, path: str) -> None:
    client.raise_request_exception = False
    headers = client.get(path).headers
    assert {name: headers.get(name) for name in API} == API
    assert "camera=()" in headers["Permissions-Policy"]
    assert not {"Server", "X-Powered-By"} & set(headers)


@pytest.mark.parametrize("path", ["/page", "/api/page", "/nothing"])
def test_the_pages_profile(client: Client, path: str) -> None:
    headers = client.get(path, headers={"accept": "text/html"}).headers
    if path != "/nothing":
        assert headers["Content-Type"].startswith("text/html")
    assert {name: headers.get(name) for name in PAGE} == PAGE
    assert "camera=()" in headers["Permissions-Policy"]


def test_a_pages_policy_allows_nothing_inline_and_nothing_from_elsewhere(client: Client) -> None:
    policy = dict(
        part.strip().partition(" ")[::2] for part in client.get("/page").headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in str(policy)
    assert "*" not in str(policy)


@pytest.mark.parametrize("path", ["/page", "/api/page"])
@pytest.mark.parametrize("name", [*PAGE, "Content-Security-Policy"])
def test_what_a_view_sets_stays(client: Client, path: str, name: str) -> None:
    assert client.get(path, {name: "own"}).headers[name] == "own"


def test_settings_change_a_profile(client: Client, settings: Settings) -> None:
    changes = {"Cache-Control": "private", "Cross-Origin-Resource-Policy": ""}
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "API_HEADERS": changes}
    headers = client.get("/api/notes").headers
    assert headers["Cache-Control"] == "private"
    assert "Cross-Origin-Resource-Policy" not in headers


def test_without_the_middleware_the_profile_is_missing(client: Client, settings: Settings) -> None:
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if path != "edge.headers.HeadersMiddleware"]
    headers = client.get("/api/notes").headers
    assert "Cache-Control" not in headers
    assert "form-action 'none'" not in headers["Content-Security-Policy"]


def test_the_api_over_plain_http_is_refused_and_not_redirected(
    client: Client, settings: Settings, heard: Listen
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    refusals = heard(signals.request_refused)
    answer = client.get("/api/notes")
    assert answer.status_code == 403
    assert answer.json()["code"] == "https_required"
    assert {name: answer.headers.get(name) for name in API if name != "Cross-Origin-Opener-Policy"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert refusals[0]["data"]["code"] == "https_required"
    assert client.get("/api/notes", secure=True).status_code == 200


def test_pages_over_plain_http_are_redirected(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get("/page")
    assert answer.status_code == 301
    assert answer.headers["Location"] == "https://testserver/page"


def test_a_clients_word_on_https_is_not_enough(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    answer = client.get("/api/notes", headers={"x-forwarded-proto": "https"})
    assert answer.status_code == 403


class TestCors:
    @pytest.fixture(autouse=True)
    def _origin(self, settings: Settings) -> None:
        settings.CORS_ALLOWED_ORIGINS = ["https://app.example.org"]

    def test_a_listed_origin_may_ask(self, client: Client) -> None:
        headers = {"origin": "https://app.example.org", "access-control-request-method": "POST"}
        answer = client.options("/api/notes", headers=headers)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert answer.headers["Access-Control-Max-Age"] == "86400"

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example",
            "https://app.example.org.evil.example",
            "https://evilapp.example.org",
            "null",
            "http://app.example.org",
            "https://app.example.org:8443",
        ],
    )
    def test_nobody_else_may(self, client: Client, origin: str) -> None:
        for answer in (
            client.get("/api/notes", headers={"origin": origin}),
            client.options("/api/notes", headers={"origin": origin, "access-control-request-method": "POST"}),
        ):
            assert "Access-Control-Allow-Origin" not in answer.headers

    def test_a_throttled_caller_can_read_why(self, client: Client, settings: Settings) -> None:
        limits = {**django_settings.BULWARK_EDGE["RATELIMITS"], "general": {"key": "ip", "rate": "0/m"}}
        settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMITS": limits}
        answer = client.get("/api/notes", headers={"origin": "https://app.example.org"})
        assert answer.status_code == 429
        assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
