"""A battery of addresses that lead inside: none of them may reach a listener on loopback."""

from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from edge import signals
from edge.outbound import OutboundFailed, OutboundPolicy, OutboundRefused, fetch
from tests.edge.types import Listen

from .name_server import naming
from .servers import Server, answer, serving

#: {port} is where the listener is.
HOSTILE = [
    # Spellings of loopback.
    "http://127.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://127.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://017700000001:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.0.0.1:{port}/",
    "http://0x7f.1:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://127.000.000.001:{port}/",
    "http://127.255.255.254:{port}/",
    "http://0.0.0.0:{port}/",
    "http://0:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST:{port}/",
    "http://localhost.:{port}/",
    "http://[::1]:{port}/",
    "http://[0:0:0:0:0:0:0:1]:{port}/",
    "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[64:ff9b:1::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[2001:0:7f00:1::]:{port}/",
    "http://[::1%25lo]:{port}/",
    "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11:{port}/",
    "http://\u2460\u2461\u2466.0.0.1:{port}/",
    "http://127\u30020\u30020\u30021:{port}/",
    # Private, link-local and the clouds' metadata.
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://2852039166/",
    "http://168.63.129.16/",
    "http://100.100.100.200/",
    "http://192.0.0.192/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://198.18.0.1/",
    "http://192.88.99.1/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[fc00::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[3fff::1]/",
    # What parsers disagree about.
    "http://example.org@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@example.org/",
    "http://example.org:80\\@127.0.0.1:{port}/",
    "http://example.org#@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@example.org/",
    "http:///127.0.0.1:{port}/",
    "http://:{port}/",
    "http://127.0.0.1:{port}\t.example.org/",
    " http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\r\nHost: x/",
    "http://[::1/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:-1/",
    "http://127.0.0.1:0x50/",
    "http://exa mple.org/",
    "http://-example.org/",
    "http://" + "a" * 64 + ".org/",
    "http://example.org/" + "a" * 3_000,
    "http://127.0.0.1:{port}/\ud800",
    "http://example.org/\ud800",
    "http://127%2e0%2e0%2e1:{port}/",
    "http://%31%32%37.0.0.1:{port}/",
    "http://127.0.0.1%00.example.org:{port}/",
    "http://localhost\u3002:{port}/",
    "http://127.0.0.1\uff0fexample.org:{port}/",
    "http://127.0.0.1:{port}\uff20example.org/",
    "http://[::1%lo]:{port}/",
    "http://[::ffff:0:127.0.0.1]:{port}/",
    "http://[v1.127.0.0.1]:{port}/",
    "http://[127.0.0.1]:{port}/",
    "http://[::1].example.org:{port}/",
    "http://127.0.0.1:\u0664\u0664\u0663/",
    "http://127.0.0.1:+443/",
    "http://127.0.0.1:0/",
    "http://127.0.0.1:22/",
    # Schemes.
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1:{port}/_GET",
    "dict://127.0.0.1:{port}/",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "//127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "HtTp://127.0.0.1:{port}/",
    "",
]


@pytest.fixture(scope="module")
def listener() -> Iterator[Server]:
    with serving(answer(b"inside")) as server:
        yield server


def open_policy(port: int) -> OutboundPolicy:
    """The most that a policy can allow without naming a network inside."""
    return OutboundPolicy(schemes=("http", "https"), ports=(80, 443, port), seconds=2)


@pytest.mark.parametrize("form", HOSTILE)
def test_no_form_of_address_reaches_inside(listener: Server, heard: Listen, form: str) -> None:
    refusals = heard(signals.outbound_refused)
    before = listener.connections
    if "#@127" in form:
        # A fragment: the host is example.org, which is not inside. Here it resolves to nothing.
        policy = OutboundPolicy(schemes=("http",), ports=(80,), resolver=lambda host, port: [])
    else:
        policy = open_policy(listener.port)
    with pytest.raises((OutboundRefused, OutboundFailed)):
        fetch(form.replace("{port}", str(listener.port)), policy=policy)
    assert listener.connections == before
    assert len(refusals) == 1


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["93.184.216.34", "127.0.0.1"],
        ["2606:2800:220:1::1", "::1"],
        ["fe80::1%lo"],
        ["169.254.169.254"],
        ["not an address"],
        [],
    ],
)
def test_a_name_that_leads_inside_even_sometimes_is_refused(listener: Server, addresses: list[str]) -> None:
    before = listener.connections
    policy = OutboundPolicy(schemes=("http",), ports=(listener.port,), resolver=lambda host, port: addresses, seconds=2)
    with pytest.raises(OutboundRefused):
        fetch(f"http://inside.example.org:{listener.port}/", policy=policy)
    assert listener.connections == before


def test_a_name_that_changes_its_mind_is_asked_once() -> None:
    """DNS rebinding: an allowed address when it is checked, another one when it would be asked for again."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["::1"]

    with serving(answer(b"outside")) as outside, serving(answer(b"inside"), ("::1", outside.port)) as inside:
        policy = OutboundPolicy(
            schemes=("http",), ports=(outside.port,), resolver=rebinding, internal=("127.0.0.1/32",)
        )
        got = fetch(f"http://rebinding.example.org:{outside.port}/", policy=policy)
        assert got.body == b"outside"
        assert asked == ["rebinding.example.org"]
        assert not inside.connections


def test_a_name_server_that_changes_its_mind_reaches_nothing_inside() -> None:
    """The same over a real name server, whose answers may be kept for no time at all."""
    with serving(answer(b"outside")) as outside, serving(answer(b"inside"), ("127.0.0.2", outside.port)) as inside:
        url = f"http://rebinding.example.org:{outside.port}/"
        with naming("127.0.0.1", "127.0.0.2") as names:
            policy = OutboundPolicy(
                schemes=("http",), ports=(outside.port,), resolver=names.resolve, internal=("127.0.0.1/32",)
            )
            assert fetch(url, policy=policy).body == b"outside"
            assert len(names.asked) == 1
            with pytest.raises(OutboundRefused):
                fetch(url, policy=policy)
        assert not inside.connections


def test_who_checks_one_answer_and_connects_to_another_is_led_inside() -> None:
    """Without the pinned address: the name is asked for once to check it, and once more to connect."""
    with serving(answer(b"inside")) as inside, naming("203.0.113.7", "127.0.0.1") as names:
        checked, connected = (names.resolve("rebinding.example.org", inside.port)[0] for _ in range(2))
        assert checked == "203.0.113.7"
        connection = HTTPConnection(connected, inside.port)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"inside"
        connection.close()
        assert inside.connections == 1


def test_without_the_control_the_listener_is_reached(listener: Server) -> None:
    """The battery proves something only if its listener can be reached."""
    policy = OutboundPolicy(schemes=("http",), ports=(listener.port,), internal=("127.0.0.0/8",))
    assert fetch(f"http://127.0.0.1:{listener.port}/", policy=policy).body == b"inside"
    assert fetch(f"http://localhost:{listener.port}/", policy=_only_ipv4(policy)).body == b"inside"


def _only_ipv4(policy: OutboundPolicy) -> OutboundPolicy:
    from dataclasses import replace

    return replace(policy, resolver=lambda host, port: ["127.0.0.1"])


def test_a_redirect_inside_is_not_followed(listener: Server) -> None:
    target = f"http://[::ffff:127.0.0.1]:{listener.port}/secret"
    with serving(answer(b"", status=302, Location=target)) as outside:
        # The first server stands for one outside: its exact address is allowed, loopback as a whole is not.
        policy = OutboundPolicy(
            schemes=("http",),
            ports=(outside.port, listener.port),
            hosts=("outside.example.org",),
            internal=("127.0.0.1/32",),
            resolver=lambda host, port: ["127.0.0.1"],
        )
        before = listener.connections
        with pytest.raises(OutboundRefused):
            fetch(f"http://outside.example.org:{outside.port}/", policy=policy)
        assert outside.seen
        assert listener.connections == before


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "https://127.0.0.1/",
        "file:///etc/passwd",
        "//169.254.169.254/",
        "gopher://127.0.0.1/",
        "http://[::1]/",
    ],
)
def test_redirects_are_checked_like_the_first_address(location: str) -> None:
    with serving(answer(b"", status=301, Location=location)) as outside:
        policy = OutboundPolicy(
            schemes=("http", "https"), ports=(80, 443, outside.port), internal=("127.0.0.1/32",),
            resolver=lambda host, port: ["127.0.0.1"], hosts=("outside.example.org",),
        )  # fmt: skip
        with pytest.raises(OutboundRefused):
            fetch(f"http://outside.example.org:{outside.port}/", policy=policy)
