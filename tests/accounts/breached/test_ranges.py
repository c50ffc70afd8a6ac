"""The range API, played by a server with a certificate on loopback."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from accounts.breached import BreachedOnlineValidator
from edge import signals
from edge.outbound import policy as outbound_policy
from tests.edge.outbound.servers import Server, answer, certificate, serving

HOST = "ranges.example.org"
DIGITS = sha1(b"breached, though long").hexdigest().upper()
#: One ending that is known, and padding, which has the count 0.
BODY = f"{'0' * 35}:3\r\n{DIGITS[5:]}:42\r\n{'F' * 35}:0\r\n".encode()


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ssl.SSLContext, str]:
    return certificate(tmp_path, HOST)


@contextmanager
def asking(
    tls: tuple[ssl.SSLContext, str], body: bytes = BODY, **options: object
) -> Iterator[tuple[BreachedOnlineValidator, Server]]:
    """Yield a validator, and the service that it asks."""
    context, trusted = tls
    answered = {name: options.pop(name) for name in ("status", "content_type") if name in options}
    with serving(answer(body, **answered), tls=context) as server:  # type: ignore[arg-type]
        inside = {"internal": ("127.0.0.1/32",), "ca_file": trusted}
        validator = BreachedOnlineValidator(f"https://{HOST}:{server.port}/range/", **{**inside, **options})  # type: ignore[arg-type]
        object.__setattr__(validator.policy, "resolver", lambda host, port: ["127.0.0.1"])
        yield validator, server


def test_a_breached_password_is_refused_and_not_told(tls: tuple[ssl.SSLContext, str]) -> None:
    with asking(tls) as (validator, server):
        with pytest.raises(ValidationError) as caught:
            validator.validate("breached, though long")
        assert (caught.value.code, caught.value.messages) == (
            "password_breached",
            ["This password was seen in breaches, 42 times."],
        )
        ((path, headers),) = server.seen
        assert path == f"/range/{DIGITS[:5]}"
        assert DIGITS[5:] not in str((path, headers))
        assert headers["Add-Padding"] == "true"


def test_another_passes(tls: tuple[ssl.SSLContext, str]) -> None:
    with asking(tls) as (validator, _):
        validator.validate("correct horse battery staple")
        assert validator.times_seen("correct horse battery staple") == 0


def test_a_threshold(tls: tuple[ssl.SSLContext, str]) -> None:
    with asking(tls, threshold=43) as (validator, _):
        validator.validate("breached, though long")
        assert "43" in validator.get_help_text()


@pytest.mark.parametrize(
    ("body", "options"),
    [
        (BODY, {"status": 503}),
        (BODY, {"status": 302}),
        (b"<html>", {"content_type": "text/html"}),
        (b"no list at all", {}),
        (f"{DIGITS[5:]}:many".encode(), {}),
        (f"{DIGITS[5:]}:{'9' * 5000}".encode(), {}),
        (b"x" * 2_000_000, {}),
    ],
)
def test_an_answer_that_is_none_stops_nobody(
    body: bytes, options: dict[str, object], tls: tuple[ssl.SSLContext, str], caplog: pytest.LogCaptureFixture
) -> None:
    with asking(tls, body, **options) as (validator, _):
        assert validator.times_seen("breached, though long") is None
        validator.validate("breached, though long")
    assert "did not answer" in caplog.text
    assert "breached, though" not in caplog.text


def test_the_guard_stands_before_it(tls: tuple[ssl.SSLContext, str]) -> None:
    """An address inside, which nobody has allowed: a name that somebody bent must not lead there."""
    refused: list[object] = []

    def hear(**arguments: object) -> None:
        refused.append(arguments["data"])

    signals.outbound_refused.connect(hear)
    with asking(tls, internal=()) as (validator, server):
        assert validator.times_seen("x") is None
        assert server.connections == 0
    signals.outbound_refused.disconnect(hear)
    assert len(refused) == 1


def test_a_stranger_in_the_middle_is_not_believed(tmp_path: Path, tls: tuple[ssl.SSLContext, str]) -> None:
    with asking(tls, ca_file="") as (validator, server):
        assert validator.times_seen("breached, though long") is None
        assert server.seen == []


@pytest.mark.parametrize("url", ["http://ranges.example.org/", "https://", "ranges.example.org", ""])
def test_it_is_asked_over_https(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        BreachedOnlineValidator(url)


def test_the_public_service_is_the_default() -> None:
    made = BreachedOnlineValidator()
    assert made.policy.hosts == ("api.pwnedpasswords.com",)
    assert made.policy.resolver is outbound_policy.system_resolver
    assert made.policy.internal == ()
