"""Requests that parsers disagree on, at a real WSGI and a real ASGI server: none is an error of ours."""

from collections.abc import Iterator

import pytest

from .servers import Live, serving


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def live(request: pytest.FixtureRequest) -> Iterator[Live]:
    with serving(request.param) as server:
        yield server


HOST = b"Host: testserver\r\nConnection: close\r\n"
JSON = b"POST /api/notes HTTP/1.1\r\nContent-Type: application/json\r\n" + HOST
FORM = b"POST /guarded HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Type: "


def get(target: bytes, *headers: bytes, method: bytes = b"GET", version: bytes = b"HTTP/1.1") -> bytes:
    return b"\r\n".join([b" ".join([method, target, version]), *headers]) + b"\r\n" + HOST + b"\r\n"


#: Where a request ends: one that ends elsewhere for a proxy could hide another.
FRAMING = [
    JSON + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
    JSON + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    JSON + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    JSON + b"Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
    JSON + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    JSON + b"Content-Length: 2, 2\r\n\r\n{}",
    *(JSON + b"Content-Length: %b\r\n\r\n{}" % length for length in (b"+2", b"1_0", b"0x2", b"", b"\xb2", b"\xd9\xa2")),
    *(
        JSON + b"Transfer-Encoding: chunked\r\n\r\n%b\r\n{}\r\n0\r\n\r\n" % size
        for size in (b"-2", b"0x2", b"0_2", b"2;" + b"a" * 300_000)
    ),
    JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n",
    JSON.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    get(b"/api/notes", b"X: a\x00b"),
    get(b"/api/notes", b"X: a\rb"),
    get(b"/api/notes", b"X: a\r\n b"),
    get(b"/api/notes", b"X_Y: a"),
    get(b"/api/notes", b"nocolon"),
    get(b"/api/notes", b": x"),
]
#: Whom it is for.
HOSTS = [
    get(b"/page", b"Host: evil.example"),
    *(
        b"GET /page HTTP/1.1\r\nConnection: close\r\nHost: %b\r\n\r\n" % host
        for host in (
            b"evil.example",
            b"",
            b"testserver evil",
            b"a@testserver",
            b"testserver:x",
            b"[::1",
            b"t\xc3\xa9st",
        )
    ),
]
#: What else may be odd.
ODD = [
    *(
        get(target)
        for target in (
            *(b"http://testserver/api/nope", b"http://[::1/api/notes", b"http://testserver", b"file:///etc/passwd"),
            *(
                b"*",
                b"api/notes",
                b"//evil.example/api/nope",
                b"/api/\xff",
                b"/api/../nope",
                b"/api\\notes",
                b"/" * 5_000,
            ),
        )
    ),
    *(
        get(b"/api/notes", method=method)
        for method in (b"FOO", b"get", b"A" * 5_000, b"__CLASS__", b"DISPATCH", b"GE(T", b"CONNECT")
    ),
    get(b"*", method=b"OPTIONS"),
    get(b"/api/notes", version=b"HTTP/2.0"),
    get(b"/api/notes", version=b"HTPP/1.1"),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + get(b"/api/notes"),
    get(b"/api/notes", b"Accept: " + b"a/b;q=x," * 500),
    get(b"/guarded", b"Cookie: csrftoken=\xff", b"X-CSRFToken: \xff", b"Content-Length: 0", method=b"POST"),
    get(b"/guarded", b"Referer: https://[", b"Origin: https://[x", b"Content-Length: 0", method=b"POST"),
    *(
        FORM + kind + b"\r\n\r\na=b"
        for kind in (
            b"application/x-www-form-urlencoded; charset=nonsense",
            b"multipart/form-data",
            b"multipart/form-data; boundary=\xff",
            b"multipart/form-data; boundary=" + b"a" * 300,
            b";;;=",
        )
    ),
]


@pytest.mark.parametrize("said", [*FRAMING, *HOSTS, *ODD], ids=lambda said: said[:70])
def test_what_parsers_disagree_on_is_refused(live: Live, said: bytes) -> None:
    assert 400 <= live.say([said]).status < 500


@pytest.mark.parametrize("coding", [b"xchunked", b""])
def test_a_coding_that_the_server_does_not_know_is_refused_by_it(live: Live, coding: bytes) -> None:
    """With 501, as RFC 9112, section 6.1, has it."""
    assert live.say([JSON + b"Transfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n"]).status == 501


#: What is no error however odd: letters of any kind where letters may be, an upgrade to nothing that is served.
EIGHT_BIT = [
    name + b": \xff\xfe\x80"
    for name in (b"X", b"X-Request-ID", b"Cookie", b"Authorization", b"User-Agent", b"Referer", b"Origin", b"Forwarded")
]
WEBSOCKET = get(
    b"/api/notes", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
).replace(b"Connection: close", b"Connection: Upgrade")


@pytest.mark.parametrize(
    "said",
    [
        get(b"/api/notes", *EIGHT_BIT, b"Accept-Language: " + b"a-" * 3_000),
        get(b"/healthz?%ED%A0%80", b'If-None-Match: "', b"If-Modified-Since: nonsense", b"Range: bytes=0-0,0-0"),
        get(b"/api/notes", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAA"),
        WEBSOCKET,
        WEBSOCKET.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"x"),
    ],
)
def test_what_is_odd_is_no_error_of_ours(live: Live, said: bytes) -> None:
    assert 200 <= live.say([said]).status < 500
