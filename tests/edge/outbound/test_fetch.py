"""What a fetch gives, how much it takes, and how long it waits."""

import gzip
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from rest_framework import serializers

from edge import signals
from edge.outbound import OutboundFailed, OutboundPolicy, OutboundRefused, afetch, fetch, resolving
from tests.edge.types import Listen

from .servers import (
    Behave,
    Server,
    answer,
    certificate,
    dripping,
    dripping_headers,
    endless,
    serving,
    silent,
)


def to(server: Server) -> OutboundPolicy:
    return OutboundPolicy(
        schemes=("http",),
        ports=(server.port,),
        internal=("127.0.0.1/32",),
        resolver=lambda host, port: ["127.0.0.1"],
        max_bytes=10_000,
        seconds=2,
    )


def url(server: Server, path: str = "/", host: str = "other.example.org") -> str:
    return f"http://{host}:{server.port}{path}"


def reason(server: Server, policy: OutboundPolicy | None = None) -> str:
    with pytest.raises((OutboundFailed, OutboundRefused)) as caught:
        fetch(url(server), policy=policy or to(server))
    error = caught.value
    assert isinstance(error, OutboundFailed | OutboundRefused)
    return error.reason


def test_an_answer_comes_back_and_is_signalled(heard: Listen) -> None:
    fetched = heard(signals.outbound_fetched)
    with serving(answer(b"hello", X_Own="yes")) as server:
        got = fetch(url(server, "/a/b?c=d#e"), policy=to(server))
    assert (got.status, got.body, got.content_type, got.headers["x-own"]) == (200, b"hello", "text/plain", "yes")
    path, headers = server.seen[0]
    assert path == "/a/b?c=d"
    assert headers["Host"] == f"other.example.org:{server.port}"
    assert headers["Accept-Encoding"] == "identity"
    assert fetched[0]["data"] == {"host": "other.example.org", "port": server.port, "status": 200, "bytes": 5}


def test_letters_of_every_script_are_sent_as_octets() -> None:
    with serving(answer()) as server:
        fetch(url(server, "/é/%C3%A9?q=你&r=a%2Bb+c"), policy=to(server))
    assert server.seen[0][0] == "/%C3%A9/%C3%A9?q=%E4%BD%A0&r=a%2Bb+c"


def test_a_status_that_is_an_error_is_an_answer() -> None:
    with serving(answer(b"no", status=404)) as server:
        assert fetch(url(server), policy=to(server)).status == 404


def test_it_works_in_async_code() -> None:
    with serving(answer(b"hello")) as server:
        assert async_to_sync(afetch)(url(server), policy=to(server)).body == b"hello"


@pytest.mark.parametrize("behave", [dripping, dripping_headers, silent])
def test_time_is_up_for_everything_together(behave: Behave) -> None:
    with serving(behave) as server:
        began = time.monotonic()
        assert reason(server, replace(to(server), seconds=0.5)) == "timeout"
        assert time.monotonic() - began < 1


def test_a_body_without_end_is_cut() -> None:
    with serving(endless) as server:
        assert reason(server) == "size"


def test_a_body_that_is_too_large_is_refused_and_one_that_fits_is_not() -> None:
    with serving(answer(b"x" * 10_001)) as server:
        assert reason(server) == "size"
    with serving(answer(b"x" * 10_000)) as server:
        assert len(fetch(url(server), policy=to(server)).body) == 10_000


def test_a_compressed_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 5_000_000)
    assert len(bomb) < 10_000
    with serving(answer(bomb, Content_Encoding="gzip")) as server:
        assert reason(server) == "encoding"


def test_another_content_type_is_refused() -> None:
    with serving(answer(b"x", content_type="image/png")) as server:
        assert reason(server, replace(to(server), content_types=("text/html",))) == "content_type"


def test_redirects_are_followed_so_far() -> None:
    with serving(answer(b"", status=302, Location="/again")) as server:
        assert reason(server) == "redirects"
        assert len(server.seen) == 4


@pytest.mark.parametrize("location", ["https://[::1", "//[", "http://[x]/"])
def test_a_redirect_that_is_no_url_is_refused(location: str) -> None:
    with serving(answer(b"", status=302, Location=location)) as server, pytest.raises(OutboundRefused):
        fetch(url(server), policy=to(server))


def test_a_post_is_never_redirected() -> None:
    with serving(answer(b"", status=307, Location="/again")) as server:
        assert fetch(url(server), policy=to(server), method="POST", body=b"x").status == 307
        assert len(server.seen) == 1


def test_what_may_be_a_credential_stays_with_its_origin() -> None:
    secret = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Api-Key": "c", "DPoP": "d", "Host": "first.example.org"}
    with serving(answer(b"there")) as other, serving(answer(b"", status=302, Location=url(other, "/there"))) as first:
        policy = replace(to(first), ports=(first.port, other.port))
        fetch(url(first), policy=policy, headers={**secret, "Accept": "text/html"})
    assert first.seen[0][1].items() >= secret.items()
    headers = other.seen[0][1]
    assert set(headers) == {"Accept", "Accept-Encoding", "Host", "User-Agent"}
    assert headers["Accept"] == "text/html"
    assert headers["Host"] == f"other.example.org:{other.port}"


def test_a_credential_is_not_sent_in_the_clear_after_a_redirect(tmp_path: Path) -> None:
    context, trusted = certificate(tmp_path, "other.example.org")
    with serving(answer(b"plain")) as plain:
        location = url(plain)
        with serving(answer(b"", status=302, Location=location), tls=context) as secure:
            policy = replace(
                to(secure), schemes=("https", "http"), ports=(secure.port, plain.port), ca_file=trusted, redirects=1
            )
            start = f"https://other.example.org:{secure.port}/"
            fetch(start, policy=policy, headers={"X-Api-Key": "c"})
            with pytest.raises(OutboundRefused):  # by default nothing leads away from TLS
                fetch(start, policy=replace(policy, schemes=OutboundPolicy().schemes))
    assert secure.seen[0][1]["X-Api-Key"] == "c"
    assert [sorted(headers) for _, headers in plain.seen] == [["Accept-Encoding", "Host", "User-Agent"]]


@pytest.mark.parametrize(
    ("hosts", "host", "is_allowed"),
    [
        (("other.example.org",), "other.example.org", True),
        ((".example.org",), "other.example.org", True),
        ((".example.org",), "example.org", True),
        (("example.org",), "other.example.org", False),
        ((".example.org",), "evilexample.org", False),
        (("example.org",), "example.org.evil.example", False),
    ],
)
def test_hosts_are_an_allow_list(hosts: tuple[str, ...], host: str, is_allowed: bool) -> None:
    with serving(answer(b"x")) as server:
        policy = replace(to(server), hosts=hosts)
        if is_allowed:
            assert fetch(url(server, host=host), policy=policy).status == 200
        else:
            with pytest.raises(OutboundRefused):
                fetch(url(server, host=host), policy=policy)


def test_a_port_that_is_not_listed_is_refused() -> None:
    with serving(answer(b"x")) as server:
        assert reason(server, replace(to(server), ports=(443,))) == "port"


def test_a_name_without_an_address_fails() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise OSError

    with serving(answer(b"x")) as server:
        assert reason(server, replace(to(server), resolver=nowhere)) == "name"


def test_a_name_server_that_says_nothing_is_not_waited_for() -> None:
    answered = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        answered.wait(5)
        return ["127.0.0.1"]

    with serving(answer(b"x")) as server:
        began = time.monotonic()
        assert reason(server, replace(to(server), resolver=slow, seconds=0.3)) == "timeout"
        assert time.monotonic() - began < 2
        answered.set()
        assert not server.connections


@pytest.mark.parametrize("policies", [1, 4, 12])
def test_names_that_hang_leave_places_for_those_of_another_policy(policies: int) -> None:
    answered, asked = threading.Event(), []

    def hanging(host: str, port: int) -> list[str]:
        asked.append(host)
        answered.wait(30)
        return ["127.0.0.1"]

    with serving(answer(b"x")) as server:
        hangs = replace(to(server), resolver=hanging, seconds=0.01)
        try:
            for number in range(policies * (resolving.AT_A_TIME_EACH + 1)):
                policy = replace(hangs, max_bytes=number % policies)
                with pytest.raises(OutboundFailed):
                    fetch(url(server, host=f"name-{number}.example.org"), policy=policy)
            assert policies <= len(asked) <= policies * resolving.AT_A_TIME_EACH
            assert fetch(url(server), policy=to(server)).status == 200
        finally:
            answered.set()


def test_a_place_is_free_again_when_its_name_is_found_or_has_no_address() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise OSError

    with serving(answer(b"x")) as server:
        good, bad = to(server), replace(to(server), resolver=nowhere)
        for _ in range(2 * resolving.AT_A_TIME_EACH):
            assert fetch(url(server), policy=good).status == 200
            assert reason(server, bad) == "name"


def test_a_policy_takes_lists_as_settings_have_them() -> None:
    with serving(answer(b"x")) as server:
        policy = replace(to(server), ports=[server.port], internal=["127.0.0.1/32"])  # type: ignore[arg-type]
        assert fetch(url(server), policy=policy).status == 200


class TestTls:
    def test_the_certificate_must_be_for_the_name(self, tmp_path: Path) -> None:
        context, trusted = certificate(tmp_path, "other.example.org")
        with serving(answer(b"secure"), tls=context) as server:
            policy = replace(to(server), schemes=("https",), ca_file=trusted)
            good = f"https://other.example.org:{server.port}/"
            assert fetch(good, policy=policy).body == b"secure"
            with pytest.raises(OutboundFailed):
                fetch(f"https://wrong.example.org:{server.port}/", policy=policy)
            with pytest.raises(OutboundFailed):
                fetch(f"https://127.0.0.1:{server.port}/", policy=policy)
            assert len(server.seen) == 1

    def test_the_trusted_certificates_are_read_once(self, tmp_path: Path) -> None:
        context, trusted = certificate(tmp_path, "other.example.org")
        with serving(answer(b"secure"), tls=context) as server:
            policy = replace(to(server), schemes=("https",), ca_file=trusted)
            good = f"https://other.example.org:{server.port}/"
            fetch(good, policy=policy)
            Path(trusted).unlink()
            assert fetch(good, policy=policy).body == b"secure"

    def test_a_handshake_that_never_comes_is_not_waited_for(self, tmp_path: Path) -> None:
        _, trusted = certificate(tmp_path, "other.example.org")
        with serving(silent) as server:
            policy = replace(to(server), schemes=("https",), ca_file=trusted, seconds=0.5)
            began = time.monotonic()
            with pytest.raises(OutboundFailed):
                fetch(f"https://other.example.org:{server.port}/", policy=policy)
            assert time.monotonic() - began < 2

    @pytest.mark.parametrize("behave", [dripping, dripping_headers])
    def test_time_is_up_there_too(self, tmp_path: Path, behave: Behave) -> None:
        context, trusted = certificate(tmp_path, "other.example.org")
        with serving(behave, tls=context) as server:
            policy = replace(to(server), schemes=("https",), ca_file=trusted, seconds=0.5)
            began = time.monotonic()
            with pytest.raises(OutboundFailed) as caught:
                fetch(f"https://other.example.org:{server.port}/", policy=policy)
            took = time.monotonic() - began
        assert caught.value.reason == "timeout"
        assert took < 1

    def test_a_certificate_that_nobody_vouches_for_is_refused(self, tmp_path: Path) -> None:
        context, _ = certificate(tmp_path, "other.example.org")
        with serving(answer(b"secure"), tls=context) as server:
            policy = replace(to(server), schemes=("https",))
            with pytest.raises(OutboundFailed):
                fetch(f"https://other.example.org:{server.port}/", policy=policy)
            assert not server.seen


class Upstream(serializers.Serializer[object]):
    name = serializers.CharField(max_length=5)


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"name": "too long"}', b'{"name": "a", "name": "b"}', b'{"name": "\\u0000"}', b"[]", b""]
)
def test_what_comes_back_is_validated_like_any_input(body: bytes) -> None:
    with serving(answer(body, content_type="application/json")) as server:
        got = fetch(url(server), policy=to(server))
    with pytest.raises(OutboundFailed):
        got.validated(Upstream)


def test_what_fits_the_schema_is_returned() -> None:
    with serving(answer(b'{"name": "alice", "more": 1}', content_type="application/json")) as server:
        assert fetch(url(server), policy=to(server)).validated(Upstream) == {"name": "alice"}


@pytest.mark.urls("tests.edge.urls")
def test_a_caller_learns_nothing_about_the_network_inside(client: Client) -> None:
    """Refused, unreachable or closed: the same words, so that the answers draw no map."""
    answers = {
        client.get("/api/fetch", {"url": target}).content.partition(b'"request_id"')[0]
        for target in ("https://127.0.0.1/", "https://10.0.0.1/", "https://[::1]/", "http://example.org/", "nonsense")
    }
    assert len(answers) == 1
    assert b"127" not in answers.pop()
