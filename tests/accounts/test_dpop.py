"""What a proof must be (RFC 9449, section 4.3), and what it is worth."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings

from accounts.dpop import ProofRefused, check_possession, current_nonce, proven_key
from accounts.dpop.proofs import thumbprint
from accounts.errors import Refusal
from edge.problems import LimiterUnavailable
from edge.ratelimit import limiter
from tests.accounts.proving import DROPPED, ClientKey

URL = "https://testserver/api/v1/auth/login"
#: RFC 7638, section 3.1, and RFC 8037, appendix A.3.
RSA = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs"
    "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajr"
    "n1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
)


@pytest.fixture
def key() -> ClientKey:
    return ClientKey()


@pytest.fixture
def asked(rf: RequestFactory) -> Any:
    def request(proof: str | None = None, path: str = "/api/v1/auth/login", **meta: Any) -> HttpRequest:
        headers = {} if proof is None else {"DPoP": proof}
        return rf.post(path, headers=headers, secure=True, **meta)

    return request


def reason_of(request: HttpRequest, **arguments: Any) -> tuple[str, Refusal]:
    with pytest.raises(ProofRefused) as refused:
        proven_key(request, **arguments)
    return refused.value.reason, refused.value.refusal


@pytest.mark.parametrize(
    ("jwk", "expected"),
    [
        ({"kty": "RSA", "n": RSA, "e": "AQAB", "alg": "RS256"}, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        (
            {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        ),
    ],
)
def test_the_thumbprint_is_that_of_the_rfcs(jwk: dict[str, str], expected: str) -> None:
    assert thumbprint(jwk) == expected


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "Ed25519", "PS256", "RS256"])
def test_a_proof_names_its_key(alg: str, asked: Any) -> None:
    key = ClientKey(alg)
    assert proven_key(asked(key.proof("POST", URL))) == key.jkt


def test_no_proof_proves_nothing(asked: Any) -> None:
    assert proven_key(asked()) == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"htm": "GET"}, "htm"),
        ({"htm": "post"}, "htm"),
        ({"htu": "https://testserver/api/v1/auth/refresh"}, "htu"),
        ({"htu": "https://evil.example/api/v1/auth/login"}, "htu"),
        ({"htu": "http://testserver/api/v1/auth/login"}, "htu"),
        ({"htu": "https://testserver:8443/api/v1/auth/login"}, "htu"),
        ({"htu": "https://user@testserver/api/v1/auth/login"}, "htu"),
        ({"htu": "https://[/"}, "htu"),
        ({"htu": DROPPED}, "claim_htu"),
        ({"htm": DROPPED}, "claim_htm"),
        ({"jti": DROPPED}, "claim_jti"),
        ({"jti": ""}, "claim_jti"),
        ({"jti": "x" * 256}, "claim_jti"),
        ({"jti": 7}, "claim_jti"),
        ({"iat": DROPPED}, "claim_iat"),
        ({"iat": True}, "claim_iat"),
        ({"iat": 0}, "iat"),
        ({"iat": 4_000_000_000}, "iat"),
        ({"nonce": DROPPED}, "nonce"),
        ({"nonce": "one of our own"}, "nonce"),
        ({"nonce": 7}, "nonce"),
    ],
)
def test_a_claim_that_does_not_fit_is_refused(changes: dict[str, Any], reason: str, key: ClientKey, asked: Any) -> None:
    expected = Refusal.NONCE if reason == "nonce" else Refusal.PROOF
    assert reason_of(asked(key.proof("POST", URL, **changes))) == (reason, expected)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"typ": "JWT"}, "header"),
        ({"typ": DROPPED}, "header"),
        ({"jwk": DROPPED}, "header"),
        ({"crit": ["exp"]}, "header"),
        ({"kid": "k"}, "header"),
        ({"alg": "none"}, "algorithm"),
        ({"alg": "HS256"}, "algorithm"),
        ({"alg": ["ES256"]}, "algorithm"),
        ({"alg": "ES384"}, "key"),
        ({"jwk": "a text"}, "key"),
        ({"jwk": {"kty": "oct", "k": "c2VjcmV0"}}, "key"),
        ({"jwk": {"kty": "EC", "crv": "P-256"}}, "key"),
        ({"jwk": {"kty": ["EC"]}}, "key"),
        ({"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}, "key"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(header: dict[str, Any], reason: str, key: ClientKey, asked: Any) -> None:
    assert reason_of(asked(key.proof("POST", URL, header=header)))[0] == reason


def test_a_private_key_in_the_header_is_refused(key: ClientKey, asked: Any) -> None:
    header = {"jwk": {**key.jwk, "d": "AA"}}
    assert reason_of(asked(key.proof("POST", URL, header=header)))[0] == "key"


@pytest.mark.parametrize("alg", ["PS256", "RS256"])
def test_an_rsa_key_of_yesterday_is_refused(alg: str, asked: Any) -> None:
    """2048 bits are worth 112 (ASVS 5.0, V11.2.3)."""
    assert reason_of(asked(ClientKey(alg, bits=2048).proof("POST", URL)))[0] == "key"


def test_a_proof_under_another_key_is_refused(key: ClientKey, asked: Any) -> None:
    header = {"jwk": ClientKey().jwk}
    assert reason_of(asked(key.proof("POST", URL, header=header)))[0] == "signature"


@pytest.mark.parametrize("text", ["", "a", "a.b", "..", "a.b.c.d", "é.é.é", "x" * 5_000])
def test_what_is_no_proof_is_refused(text: str, asked: Any) -> None:
    assert reason_of(asked(text))[1] is Refusal.PROOF


def test_two_proofs_in_one_header_are_none(key: ClientKey, asked: Any) -> None:
    both = ",".join(key.proof("POST", URL) for _ in range(2))
    assert reason_of(asked(both))[1] is Refusal.PROOF


def test_a_short_rsa_key_is_refused(asked: Any) -> None:
    key = ClientKey("RS256")
    header = {"jwk": {**key.jwk, "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFw"}}
    assert reason_of(asked(key.proof("POST", URL, header=header)))[0] == "key"


@pytest.mark.parametrize(
    "url",
    [
        "https://testserver:443/api/v1/auth/login",
        "HTTPS://TESTSERVER/api/v1/auth/login",
        "https://testserver/api/v1/auth/log%69n",
        "https://testserver/api/v1/auth/login?a=b#c",
    ],
)
def test_other_spellings_of_the_address_are_the_same_address(url: str, key: ClientKey, asked: Any) -> None:
    assert proven_key(asked(key.proof("POST", url))) == key.jkt


def test_behind_a_proxy_the_address_is_the_clients(key: ClientKey, rf: RequestFactory, settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    proof = key.proof("POST", URL)
    request = rf.post("/api/v1/auth/login", headers={"DPoP": proof, "Host": "testserver", "X-Forwarded-Proto": "https"})
    assert proven_key(request) == key.jkt


def test_a_proof_works_once(key: ClientKey, asked: Any) -> None:
    proof = key.proof("POST", URL)
    proven_key(asked(proof))
    assert reason_of(asked(proof)) == ("replayed", Refusal.PROOF)


def test_a_proof_is_remembered_until_it_is_too_old(key: ClientKey, asked: Any) -> None:
    """At the last moment at which its time would still be right, it is still known."""
    with time_machine.travel(timezone.now(), tick=False) as clock:
        proof = key.proof("POST", URL, iat=int(timezone.now().timestamp()) + 4)
        proven_key(asked(proof))
        clock.shift(timedelta(seconds=62))
        assert reason_of(asked(proof))[0] == "replayed"
        clock.shift(timedelta(seconds=4))
        assert reason_of(asked(proof))[0] == "iat"


def test_a_nonce_is_accepted_for_five_to_ten_minutes(key: ClientKey, asked: Any, settings: Settings) -> None:
    old = current_nonce()
    for seconds, is_fresh in ((290, True), (610, False)):
        with time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=False):
            request = asked(key.proof("POST", URL, nonce=old))
            if is_fresh:
                assert proven_key(request) == key.jkt
            else:
                assert reason_of(request)[1] is Refusal.NONCE
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "DPOP_NONCE": False}
    assert proven_key(asked(key.proof("POST", URL, nonce=DROPPED))) == key.jkt


def test_a_nonce_survives_a_change_of_secret_key(key: ClientKey, asked: Any, settings: Settings) -> None:
    old = current_nonce()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret that is long enough for the tests"
    assert current_nonce() != old
    assert proven_key(asked(key.proof("POST", URL, nonce=old))) == key.jkt


def test_a_proof_for_a_token_fits_no_other(key: ClientKey, asked: Any) -> None:
    assert proven_key(asked(key.proof("POST", URL, token="one")), access_token="one") == key.jkt
    assert reason_of(asked(key.proof("POST", URL, token="one")), access_token="other")[0] == "ath"
    assert reason_of(asked(key.proof("POST", URL)), access_token="one")[0] == "ath"


@pytest.mark.parametrize(
    ("scheme", "is_bound", "reason"),
    [("bearer", True, "wrong_scheme"), ("dpop", False, "wrong_scheme"), ("dpop", True, "no_proof")],
)
def test_a_token_comes_as_it_was_issued(scheme: str, is_bound: bool, reason: str, key: ClientKey, asked: Any) -> None:
    with pytest.raises(ProofRefused) as refused:
        check_possession(asked(), scheme=scheme, token="token", jkt=key.jkt if is_bound else "")
    assert refused.value.reason == reason


@pytest.fixture
def lost_store(settings: Settings) -> Iterator[None]:
    """A shared store that does not answer."""
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": "redis://127.0.0.1:1/0"}
    yield
    limiter.__globals__["_limiter"].cache_clear()


@pytest.mark.usefixtures("lost_store")
def test_without_the_shared_store_no_proof_is_accepted(key: ClientKey, asked: Any) -> None:
    from edge import metrics

    counter = metrics.LIMIT_ERRORS.labels("closed")
    before = counter._value.get()
    for _ in range(2):
        with pytest.raises(LimiterUnavailable):
            proven_key(asked(key.proof("POST", URL)))
    assert counter._value.get() == before + 2


def test_what_a_client_is_told_is_json_and_a_challenge(key: ClientKey) -> None:
    headers = ProofRefused("nonce", Refusal.NONCE).headers
    assert headers["DPoP-Nonce"] == current_nonce()
    assert headers["WWW-Authenticate"].startswith('DPoP realm="api", error="use_dpop_nonce", algs="ES256 ')
    assert json.dumps(headers)
