"""Bodies that two parsers would read differently, or that something behind would choke on, get a 4xx problem."""

import json
from io import BytesIO
from typing import Any

import pytest
from django.test import Client, override_settings
from hypothesis import given
from hypothesis import strategies as st

from edge.parsers import StrictJSONParser, parse_json
from edge.problems import MalformedBody

pytestmark = pytest.mark.urls("tests.edge.urls")


def post(client: Client, body: bytes, content_type: str = "application/json", **extra: Any) -> Any:
    return client.generic("POST", "/api/notes", body, content_type=content_type, **extra)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "malformed"),
        (b"", "malformed"),
        (b"nul", "malformed"),
        (b"{'title': 1}", "malformed"),
        (b'{"title": "a",}', "malformed"),
        (b'{"title": "a"} {}', "malformed"),
        (b"\xef\xbb\xbf{}", "malformed"),
        ('{"title": "a"}'.encode("utf-16"), "malformed"),
        (b'{"title": "\xff"}', "malformed"),
        (b'{"title": "\n"}', "malformed"),
        (b'{"title": "a", "title": "b"}', "duplicate_key"),
        (b'{"x": {"a": 1, "\\u0061": 2}}', "duplicate_key"),
        (b'{"title": "\\u0000"}', "nul_character"),
        (b'{"\\u0000": 1}', "nul_character"),
        (b'{"tags": ["\\u0000"]}', "nul_character"),
        (b'{"title": "\\ud800"}', "lone_surrogate"),
        (b'{"\\udfff": 1}', "lone_surrogate"),
        (b'{"size": NaN}', "not_a_number"),
        (b'{"size": Infinity}', "not_a_number"),
        (b'{"size": -Infinity}', "not_a_number"),
        (b'{"size": 1e999}', "number_out_of_range"),
        (b'{"size": ' + b"9" * 5_000 + b"}", "number_out_of_range"),
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b"[" * 5_000 + b"]" * 5_000, "too_deep"),
        (b'{"a":' * 1_500 + b"1" + b"}" * 1_500, "too_deep"),
        (b"[" + b"1," * 1_000 + b"1]", "too_many_keys"),
    ],
)
def test_a_body_that_is_not_plainly_json_is_malformed(client: Client, body: bytes, code: str) -> None:
    if not body:
        with pytest.raises(MalformedBody):
            parse_json(body)
        return
    answer = post(client, body)
    assert answer.status_code == 400, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == code


@pytest.mark.parametrize(
    "body",
    [b"[" * 32 + b"]" * 32, b"[" + b"1," * 999 + b"1]", json.dumps({"t": "\U0001f600 é"}).encode(), b'{"n": 1e30}'],
)
def test_what_is_within_the_limits_is_read(body: bytes) -> None:
    assert parse_json(body) == json.loads(body)


_TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)
_NAMES = st.text(alphabet="abc", max_size=3)


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=4) | st.dictionaries(_NAMES, inner, max_size=4)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(10**9), 10**9) | _TEXT, _containers, max_leaves=30))
def test_it_reads_what_json_writes(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_no_bytes_make_it_crash(body: bytes) -> None:
    try:
        parse_json(body)
    except MalformedBody:
        return


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        'application/json; charset="utf-7"',
        "application/json; charset=no-such",
    ],
)
def test_another_content_type_or_charset_is_unsupported(client: Client, content_type: str) -> None:
    answer = post(client, b'{"title": "a"}', content_type)
    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize("parameter", ["", "; charset=UTF-8", ';charset="utf-8"'])
def test_utf8_json_is_supported(client: Client, parameter: str) -> None:
    assert post(client, b'{"title": "a"}', f"application/json{parameter}").status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity"])
def test_a_compressed_body_is_unsupported(client: Client, encoding: str) -> None:
    answer = post(client, b"\x1f\x8b", headers={"content-encoding": encoding})
    assert answer.status_code == 415


def test_the_default_limit_is_ten_kilobytes(client: Client) -> None:
    body = json.dumps({"title": "x" * 10_227}).encode()
    assert len(body) == 10_240
    assert post(client, body).status_code == 422, "read, and found too long by the serializer"
    answer = post(client, body + b" ")
    assert answer.status_code == 413
    assert answer.json()["limit"] == 10_240


def test_a_view_has_its_own_limit(client: Client) -> None:
    assert client.generic("PUT", "/api/notes", b"1" * 20, content_type="application/json").status_code == 200
    assert client.generic("PUT", "/api/notes", b" " * 101, content_type="application/json").status_code == 413


def test_a_body_is_not_read_beyond_its_limit() -> None:
    class Endless(BytesIO):
        given = 0

        def read(self, size: int | None = -1) -> bytes:
            assert size is not None
            assert 0 < size <= 10_241, "would read without bound"
            self.given += size
            return b" " * size

    stream = Endless()
    from edge.problems import BodyTooLarge

    with pytest.raises(BodyTooLarge):
        StrictJSONParser().parse(stream, "application/json", {})
    assert stream.given == 10_241


def test_a_declared_length_is_believed_only_upwards(client: Client) -> None:
    """A gigabyte that is announced is refused before a byte of it is read."""
    answer = client.generic("POST", "/api/notes", b"{}", content_type="application/json", CONTENT_LENGTH=str(10**9))
    assert answer.status_code == 413


@pytest.mark.parametrize("length", ["-5", "1e3", "٣", "abc"])
def test_a_length_that_is_no_number_is_refused(client: Client, length: str) -> None:
    answer = client.generic("POST", "/api/notes", b"{}", content_type="application/json", CONTENT_LENGTH=length)
    assert answer.status_code in {400, 411}


class Chunked:
    """A request whose length is not declared, as a server hands it on."""

    @staticmethod
    def send(client: Client, body: bytes, *, is_terminated: bool = True) -> Any:
        extra: dict[str, Any] = {
            "wsgi.input": BytesIO(body),
            "wsgi.input_terminated": is_terminated,
            "HTTP_TRANSFER_ENCODING": "chunked",
            "CONTENT_LENGTH": "",
            "CONTENT_TYPE": "application/json",
        }
        return client.generic("POST", "/api/notes", **extra)


def test_a_chunked_body_is_read(client: Client) -> None:
    answer = Chunked.send(client, b'{"title": "a"}')
    assert answer.status_code == 200, answer.content
    assert answer.json() == {"got": {"title": "a"}}


def test_a_chunked_body_is_limited(client: Client) -> None:
    assert Chunked.send(client, b" " * 10_241).status_code == 413


def test_a_chunked_body_whose_end_is_unknown_is_refused(client: Client) -> None:
    answer = Chunked.send(client, b'{"title": "a"}', is_terminated=False)
    assert answer.status_code == 411
    assert answer.json()["code"] == "length_required"


def test_without_the_control_the_attack_works(client: Client) -> None:
    """Django's own parser takes a repeated member: the last one wins, whatever a proxy has checked."""
    from rest_framework.parsers import JSONParser

    parsed = JSONParser().parse(BytesIO(b'{"role": "reader", "role": "admin"}'), "application/json", {})
    assert parsed == {"role": "admin"}


def test_limits_are_settings() -> None:
    with override_settings(BULWARK_EDGE={"JSON_DEPTH": 2, "JSON_KEYS": 3, "JSON_DIGITS": 2}):
        for body in (b"[[[1]]]", b"[1,2,3,4]", b"123"):
            with pytest.raises(MalformedBody):
                parse_json(body)
        assert parse_json(b"[[1]]") == [[1]]
