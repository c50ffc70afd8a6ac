"""Who is believed about where a request came from."""

import ipaddress

import pytest
from django.test import Client, RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from edge.client_ip import client_ip, ip_bucket, parse_address


def seen(settings: Settings, peer: str, header: str = "", value: str = "", *, proxies: list[str] | None = None) -> str:
    """Return the address that is seen when ``peer`` connects and sends a header."""
    settings.BULWARK_EDGE = {
        "TRUSTED_PROXIES": ["10.0.0.0/8", "2001:db8:ffff::/48"] if proxies is None else proxies,
        "FORWARDED_HEADER": header or "X-Forwarded-For",
    }
    headers = {header: value} if header else {}
    return client_ip(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers))


@pytest.mark.parametrize(
    ("peer", "value", "expected"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # a stranger's word
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),  # the left is what the client wrote
        ("10.0.0.1", "6.6.6.6, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),  # all are ours
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, garbage", "10.0.0.1"),  # not a step past what cannot be read
        ("10.0.0.1", "6.6.6.6, garbage, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("10.0.0.1", "2001:DB8:0::7", "2001:db8::7"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("2001:db8:ffff::1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
        ("10.0.0.1", "198.51.100.1,,", "10.0.0.1"),
        ("", "198.51.100.1", ""),
        ("unix:", "198.51.100.1", ""),
    ],
)
def test_x_forwarded_for_is_read_from_the_right(settings: Settings, peer: str, value: str, expected: str) -> None:
    assert seen(settings, peer, "X-Forwarded-For", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("for=198.51.100.1", "198.51.100.1"),
        ("for=6.6.6.6, for=198.51.100.1;proto=https;by=10.0.0.1", "198.51.100.1"),
        ('proto=https;For="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"),
        ('for="198.51.100.1:80", for=10.0.0.7', "198.51.100.1"),
        ("for=_hidden", "10.0.0.1"),
        ("for=unknown, for=10.0.0.5", "10.0.0.5"),
        # A host that the client chose stands between quotes: neither its commas nor its semicolons divide anything.
        ('for=198.51.100.1;host="x, for=6.6.6.6"', "198.51.100.1"),
        ('host="x;for=6.6.6.6";for=198.51.100.1', "198.51.100.1"),
        (r'host="x\";for=6.6.6.6";for=198.51.100.1', "198.51.100.1"),
        (r'host="x\\", for=198.51.100.1', "198.51.100.1"),
        # What the client wrote on the left does not reach into what the proxy has added.
        ('for=", for=198.51.100.1', "198.51.100.1"),
        ('for=", for="[2001:db8::9]"', "2001:db8::9"),
        ('for=", for="10.0.0.7"', "10.0.0.7"),
        (r'for=\, for="198.51.100.1"', "198.51.100.1"),
        ("for = 198.51.100.1 ; proto=https", "198.51.100.1"),
        ('for=198.51.100.1;host="x', "10.0.0.1"),
        ("for=198.51.100.1,", "10.0.0.1"),
        ("proto=https", "10.0.0.1"),
        ("nonsense", "10.0.0.1"),
        ('for="', "10.0.0.1"),
    ],
)
def test_forwarded_is_read_from_the_right(settings: Settings, value: str, expected: str) -> None:
    assert seen(settings, "10.0.0.1", "Forwarded", value) == expected


def test_only_the_configured_header_counts(settings: Settings) -> None:
    """Proxies write one of them and pass the other through as the client sent it."""
    settings.BULWARK_EDGE = {"TRUSTED_PROXIES": ["10.0.0.0/8"], "FORWARDED_HEADER": "X-Forwarded-For"}
    headers = {"Forwarded": "for=6.6.6.6", "X-Forwarded-For": "198.51.100.1"}
    assert client_ip(RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers=headers)) == "198.51.100.1"


def test_without_trusted_proxies_no_header_counts(settings: Settings) -> None:
    assert seen(settings, "10.0.0.1", "X-Forwarded-For", "198.51.100.1", proxies=[]) == "10.0.0.1"


def test_a_long_header_is_not_read_to_its_end(settings: Settings) -> None:
    chain = ["6.6.6.6", *["10.0.0.2"] * 100]
    assert seen(settings, "10.0.0.1", "X-Forwarded-For", ", ".join(chain)) == "10.0.0.2"
    assert seen(settings, "10.0.0.1", "Forwarded", ", ".join(f"for={hop}" for hop in chain)) == "10.0.0.2"


_PIECES = ["10.0.0.2", "for=", "host=", '"', "\\", "[", "]", ":", ",", ";", "::1", "1.2.3", "%", " ", "=", "f"]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
@given(value=st.text(max_size=200) | st.lists(st.sampled_from(_PIECES)).map("".join))
def test_whatever_is_sent_an_address_comes_out(header: str, value: str) -> None:
    from django.test import override_settings

    with override_settings(BULWARK_EDGE={"TRUSTED_PROXIES": ["10.0.0.0/8"], "FORWARDED_HEADER": header}):
        request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1")
        request.META[f"HTTP_{header.upper().replace('-', '_')}"] = value
        ipaddress.ip_address(client_ip(request))


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    found = parse_address(text)
    assert found is None or ipaddress.ip_address(str(found)) == found


@pytest.mark.parametrize(
    ("ip", "bucket"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_an_ipv6_client_is_its_network(ip: str, bucket: str) -> None:
    assert ip_bucket(ip) == bucket


@pytest.mark.urls("tests.edge.urls")
def test_the_proxys_word_on_https_counts_and_nobody_elses(client: Client, settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.BULWARK_EDGE = {"TRUSTED_PROXIES": ["10.0.0.0/8"]}
    headers = {"x-forwarded-proto": "https"}
    assert client.get("/who", headers=headers, REMOTE_ADDR="10.0.0.1").json()["secure"] is True
    assert client.get("/who", headers=headers, REMOTE_ADDR="203.0.113.9").json()["secure"] is False
