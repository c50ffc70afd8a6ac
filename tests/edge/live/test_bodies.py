"""Bodies without end, at a real WSGI and a real ASGI server: refused with a problem, in constant memory."""

from collections.abc import Iterable, Iterator
from itertools import repeat

import pytest

from .servers import BLOCK, Live, chunked, serving

GIGABYTE = 1 << 30
#: Kilobytes that serving may come to need besides: buffers, and what a first request loads.
SLACK = 24_000


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def live(request: pytest.FixtureRequest) -> Iterator[Live]:
    with serving(request.param) as server:
        server.send("POST", "/api/notes", "Content-Type: application/json", "Content-Length: 2", body=[b"{}"])
        yield server


def much(size: int = GIGABYTE) -> Iterable[bytes]:
    return repeat(BLOCK, size // len(BLOCK))


@pytest.mark.parametrize("path", ["/api/notes", "/page"])
def test_a_gigabyte_that_is_declared_is_refused_unread(live: Live, path: str) -> None:
    before = live.peak()
    reply = live.send("POST", path, "Content-Type: application/json", f"Content-Length: {GIGABYTE}", body=much())
    assert reply.status == 413
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["code"] == "too_large"
    assert live.peak() - before < SLACK
    assert live.disk() < 4_000_000


@pytest.mark.parametrize("path", ["/api/notes", "/page"])
def test_a_gigabyte_that_is_streamed_is_cut(live: Live, path: str) -> None:
    before = live.peak()
    headers = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    reply = live.send("POST", path, *headers, body=chunked(much()))
    assert reply.status == 413
    assert reply.json()["code"] == "too_large"
    assert live.peak() - before < SLACK
    assert live.disk() < 4_000_000


def test_a_file_of_a_gigabyte_does_not_reach_the_disk(live: Live) -> None:
    """Django would write it there before any view runs, to look for a CSRF token in the form."""
    before = live.peak()
    head = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'
    length = len(head) + GIGABYTE
    headers = ("Content-Type: multipart/form-data; boundary=x", f"Content-Length: {length}")
    for path, status in (("/guarded", 413), ("/api/notes", 415)):
        assert live.send("POST", path, *headers, body=[head, *much(1 << 26)]).status == status
    assert live.peak() - before < SLACK
    assert live.disk() < 4_000_000


def test_what_fits_is_read_either_way(live: Live) -> None:
    body = b'{"title": "a"}'
    declared = live.send(
        "POST", "/api/notes", "Content-Type: application/json", f"Content-Length: {len(body)}", body=[body]
    )
    streamed = live.send(
        "POST",
        "/api/notes",
        "Content-Type: application/json",
        "Transfer-Encoding: chunked",
        body=chunked([body[:5], body[5:]]),
    )
    assert (declared.status, streamed.status) == (200, 200), streamed.body
    assert declared.json() == streamed.json() == {"got": {"title": "a"}}


def test_without_the_ceiling_an_asgi_server_takes_it_all() -> None:
    """Django spools a body of any size before the first middleware runs."""
    with serving("asgi", BULWARK_NO_CEILING="1") as open_server:
        size = 64 << 20
        seen = []

        def watched() -> Iterator[bytes]:
            for number, block in enumerate(much(size)):
                yield block
                if number % 64 == 0:
                    seen.append(open_server.disk())

        headers = ("Content-Type: application/json", "Transfer-Encoding: chunked")
        open_server.send("POST", "/api/notes", *headers, body=chunked(watched()))
        assert max(seen) > 16 << 20


JSON = "Content-Type: application/json"
#: What is wrong, headers, body, status. Where no header frames the body, its length is declared.
FORMS = [
    ("a bomb", (JSON, "Content-Encoding: gzip"), b"{}", 415),
    ("two codings", (JSON, "Content-Encoding: gzip, gzip"), b"{}", 415),
    ("an unknown coding", (JSON, "Content-Encoding: x"), b"{}", 415),
    ("multipart", ("Content-Type: multipart/form-data; boundary=x",), b"--x--", 415),
    ("multipart without boundary", ("Content-Type: multipart/form-data",), b"{}", 415),
    ("a form", ("Content-Type: application/x-www-form-urlencoded",), b"a=b", 415),
    ("another charset", ("Content-Type: application/json; charset=utf-16",), b"{}", 415),
    ("nothing", (JSON,), b"", 422),
    ("a huge integer", (JSON,), b'{"size": ' + b"9" * 5_000 + b"}", 400),
    ("depth", (JSON,), b"[" * 5_000 + b"]" * 5_000, 400),
    ("NaN", (JSON,), b'{"size": NaN}', 400),
    ("Infinity", (JSON,), b'{"size": -Infinity}', 400),
    ("NUL", (JSON,), b'{"title": "\\u0000"}', 400),
    ("half a pair", (JSON,), b'{"title": "\\ud800"}', 400),
    ("a repeated member", (JSON,), b'{"title": "a", "title": "b"}', 400),
    ("no UTF-8", (JSON,), b'{"title": "\xff"}', 400),
    ("many members", (JSON,), b"[" + b"1," * 1_000 + b"1]", 400),
    ("a length too long", (JSON, "Content-Length: " + "9" * 30), b"", 413),
    ("a length below nothing", (JSON, "Content-Length: -1"), b"", 400),
    ("a length that is none", (JSON, "Content-Length: 1e3"), b"", 400),
    ("two lengths", (JSON, "Content-Length: 2", "Content-Length: 3"), b"{}", 400),
    ("two framings", (JSON, "Content-Length: 2", "Transfer-Encoding: chunked"), b"0\r\n\r\n", 400),
    ("chunks that are none", (JSON, "Transfer-Encoding: chunked"), b"zz\r\n{}\r\n0\r\n\r\n", 400),
]


@pytest.mark.parametrize(("headers", "body", "status"), [form[1:] for form in FORMS], ids=[form[0] for form in FORMS])
def test_every_form_is_answered_with_4xx(live: Live, headers: tuple[str, ...], body: bytes, status: int) -> None:
    is_framed = any(header.startswith(("Content-Length", "Transfer")) for header in headers)
    framing = () if is_framed else (f"Content-Length: {len(body)}",)
    reply = live.send("POST", "/api/notes", *headers, *framing, body=[body])
    assert 400 <= reply.status < 500, reply
    if reply.headers.get("content-type") == "application/problem+json":  # else the server itself has refused it
        assert reply.status == status, reply


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        (f"/api/notes?{'a' * 4_100}", (), 414, "uri_too_long"),
        (f"/api/{'a' * 4_080}?{'b' * 20}", (), 414, "uri_too_long"),
        ("/api/notes?" + "&".join("a" for _ in range(101)), (), 400, "too_many_parameters"),
        ("/api/notes?a=%00", (), 400, "nul_character"),
        ("/api/%00", (), 400, "nul_character"),
        ("/page/%00", (), 400, "nul_character"),
        ("/api/notes", tuple(f"X-{number}: y" for number in range(70)), 431, "headers_too_large"),
        ("/api/notes", tuple(f"X-{number}: {'y' * 4_000}" for number in range(5)), 431, "headers_too_large"),
    ],
)
def test_addresses_and_headers_are_bounded(
    live: Live, path: str, headers: tuple[str, ...], status: int, code: str
) -> None:
    reply = live.get(path, *headers)
    assert reply.status == status
    assert reply.json()["code"] == code


@pytest.mark.parametrize(
    "path",
    [
        "/api/%ff",
        "/api/notes?a=%ff",
        "/api/%ed%a0%80",
        "/api/notes?%",
        "/api/%zz",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//api//notes",
    ],
)
def test_odd_addresses_are_no_errors_of_ours(live: Live, path: str) -> None:
    assert live.get(path).status < 500
