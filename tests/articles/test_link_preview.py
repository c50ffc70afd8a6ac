"""Previews of pages on a server on this machine, which is allowed here as a service inside would be."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import User
from tests.edge.outbound.servers import Server, answer, serving

from .api import Caller, codes

PREVIEW = "/api/v1/link-preview/"


def resolver(host: str, port: int) -> list[str]:
    if host in {"localhost", "web.example"}:
        return ["127.0.0.1"]
    raise OSError(host)


@pytest.fixture(autouse=True)
def names(settings: Settings) -> None:
    settings.BULWARK_ARTICLES = {"PREVIEW_POLICY": {"resolver": resolver}}


@pytest.fixture
def web(settings: Settings) -> Iterator[Server]:
    """A web server that may be asked; it answers what the test says."""
    with serving(lambda handler: handler.server.behave(handler)) as server:  # type: ignore[attr-defined]
        policy = {"schemes": ("http",), "ports": (server.port,), "internal": ("127.0.0.1/32",), "resolver": resolver}
        settings.BULWARK_ARTICLES = {"PREVIEW_POLICY": policy}
        yield server


def page(server: Server, body: str | bytes = "", *, content_type: str = "text/html", **headers: Any) -> str:
    """Let the server answer so, and return the address to ask."""
    content = body.encode() if isinstance(body, str) else body
    vars(server)["behave"] = answer(content, content_type=content_type, **headers)
    return f"http://web.example:{server.port}/page"


def test_a_page_is_shown_as_plain_text(alice: User, web: Server) -> None:
    description = "x &lt;script&gt;alert(1)&lt;/script&gt;"
    url = page(web, f"<title>A &amp; B</title><meta name=description content='{description}'>")
    response = Caller(alice).post(PREVIEW, {"url": url})
    assert response.status_code == 200, response.content
    assert response.json() == {"url": url, "title": "A & B", "description": "x <script>alert(1)</script>"}
    assert response["Content-Type"] == "application/json"


def test_a_page_that_says_nothing_is_shown_so(alice: User, web: Server) -> None:
    shown = Caller(alice).post(PREVIEW, {"url": page(web, "<p>text</p>")}).json()
    assert (shown["title"], shown["description"]) == ("", "")


def test_bytes_that_are_no_text_are_no_crash(alice: User, web: Server) -> None:
    url = page(web, b"<title>a\xff\xfe\x00b</title>")
    assert Caller(alice).post(PREVIEW, {"url": url}).json()["title"] == "a\ufffd\ufffd\ufffdb"


def test_nothing_of_the_caller_is_passed_on(alice: User, web: Server) -> None:
    caller = Caller(alice)
    caller.client.cookies["session"] = "secret"
    caller.client.post(
        PREVIEW, {"url": page(web)}, format="json", headers={"Authorization": "Bearer secret", "Referer": "https://me/"}
    )
    ((_path, headers),) = web.seen
    assert "secret" not in str(headers)
    assert "https://me/" not in str(headers)


@pytest.mark.parametrize(
    "said",
    [
        {"status": 404},
        {"status": 500},
        {"content_type": "application/pdf"},
        {"content_type": "image/svg+xml"},
        {"status": 302, "Location": "http://169.254.169.254/latest/meta-data/"},
        {"status": 302, "Location": "https://10.0.0.1/"},
        {"status": 302, "Location": "file:///etc/passwd"},
    ],
    ids=str,
)
def test_there_is_no_preview_of_what_is_no_page(alice: User, web: Server, said: dict[str, Any]) -> None:
    response = Caller(alice).post(PREVIEW, {"url": page(web, "<title>secret</title>", **said)})
    assert (response.status_code, response.json()["code"]) == (422, "link_unavailable")
    assert b"secret" not in response.content
    assert len(web.seen) == 1


INSIDE = [
    "https://127.0.0.1/",
    "https://localhost/admin/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]:6379/",
    "https://0.0.0.0/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://10.0.0.1/",
    "https://192.168.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00:ec2::254]/",
    "https://100.64.0.1/",
    "http://example.org/",
    "https://example.org:8443/",
    "https://user:secret@example.org/",  # pragma: allowlist secret
    "ftp://example.org/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "javascript:alert(1)",
    "https://",
    "//example.org",
    "example.org",
    "https://[",
    "https://exa mple.org/",
    "https://example.org\r\nX: y/",
]


@pytest.mark.parametrize("url", INSIDE)
def test_nothing_inside_is_reached_and_every_answer_is_the_same(alice: User, url: str) -> None:
    response = Caller(alice).post(PREVIEW, {"url": url})
    assert response.status_code == 422, response.content
    refused, unreachable = response.json(), Caller(alice).post(PREVIEW, {"url": "https://no-such-host.example/"}).json()
    assert {**refused, "request_id": ""} == {**unreachable, "request_id": ""}


def test_only_members_who_write_may_look(vera: User, web: Server) -> None:
    url = page(web)
    assert Caller().post(PREVIEW, {"url": url}).status_code == 401
    assert Caller(vera).post(PREVIEW, {"url": url}).status_code == 403
    assert Caller(User.objects.create_user("x@y.example")).post(PREVIEW, {"url": url}).status_code == 403
    assert web.seen == []


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, {"/url": "required"}),
        ({"url": ""}, {"/url": "blank"}),
        ({"url": None}, {"/url": "null"}),
        ({"url": 1}, {"/url": "invalid_type"}),
        ({"url": "https://example.org/" + "x" * 2_000}, {"/url": "max_length"}),
        ({"url": "https://example.org/", "method": "POST"}, {"/method": "unknown_field"}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_input_is_checked(alice: User, body: dict[str, Any], found: dict[str, str]) -> None:
    assert codes(Caller(alice).post(PREVIEW, body)) == found


def test_previews_have_a_limit_of_their_own(alice: User) -> None:
    caller = Caller(alice)
    statuses = [caller.post(PREVIEW, {"url": "https://127.0.0.1/"}).status_code for _ in range(21)]
    assert statuses == [422] * 20 + [429]
