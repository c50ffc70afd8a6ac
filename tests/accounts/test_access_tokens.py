"""Attacks on access tokens. Each is a 401 and calls nobody: pytest-socket lets no request leave."""

import hashlib
import hmac
import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from django.utils import timezone
from pytest_django import Settings

from accounts import jose, keys
from accounts.keys.documents import new_document
from accounts.keys.ring import provider
from accounts.models import User
from accounts.verified import verified_tokens
from tests.accounts.browser import Browser, read
from tests.accounts.conftest import Sent
from tests.accounts.forging import active, b64, parts, signed


@pytest.fixture
def token(alice: User, browser: Browser, sent: list[Sent]) -> str:
    browser.log_in("alice@example.com")
    sent.clear()
    return browser.access


def reason_for(token: str, sent: list[Sent]) -> str:
    """Return why the API refuses a token."""
    response = Browser().send("GET", "me", Authorization=f"Bearer {token}")
    assert response.status_code == 401, response.content
    assert response["WWW-Authenticate"] == 'Bearer realm="api", error="invalid_token"'
    assert token not in response.content.decode()
    assert [(each.name, each.outcome, each.user) for each in sent] == [("token_rejected", "refused", None)]
    return str(sent[0].data["reason"])


def test_the_token_itself_is_accepted(token: str) -> None:
    """Or nothing below would mean anything."""
    assert Browser().send("GET", "me", Authorization=f"Bearer {token}").status_code == 200
    assert Browser().send("GET", "me", Authorization=f"Bearer {signed(token)}").status_code == 200


def test_what_it_says(token: str, alice: User) -> None:
    header, claims, _ = parts(token)
    assert header == {"alg": "EdDSA", "kid": active().key.kid, "typ": "at+jwt"}
    assert set(claims) == {"iss", "aud", "sub", "sid", "jti", "iat", "exp", "az"}
    assert (claims["iss"], claims["aud"], claims["sub"]) == ("https://testserver", "bulwark-api", str(alice.pk))
    assert claims["exp"] - claims["iat"] == 600
    assert alice.email not in json.dumps(claims)


@pytest.mark.parametrize(
    "alg", ["none", "None", "NONE", "nOnE", "", None, "HS256", "ES256", "RS256", "EdDSA ", "eddsa"]
)
@pytest.mark.parametrize("signature", ["kept", "empty"])
def test_another_algorithm_is_refused(alg: Any, signature: str, token: str, sent: list[Sent]) -> None:
    header, claims, kept = parts(token)
    forged = f"{b64({**header, 'alg': alg})}.{b64(claims)}.{kept if signature == 'kept' else ''}"
    assert reason_for(forged, sent) in {"algorithm", "malformed_base64"}


def test_the_public_key_is_no_hmac_secret(token: str, sent: list[Sent]) -> None:
    """Algorithm confusion: sign with HMAC and what everybody can download."""
    header, claims, _ = parts(token)
    text = f"{b64({**header, 'alg': 'HS256'})}.{b64(claims)}"
    public = active().key.public
    for secret in (
        public.public_bytes_raw(),
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        json.dumps(jose.public_jwk(active().key)).encode(),
    ):
        sent.clear()
        forged = f"{text}.{b64(hmac.digest(secret, text.encode(), hashlib.sha256))}"
        assert reason_for(forged, sent) == "algorithm"


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "x5t", "crit", "b64", "zip", "cty"])
def test_a_header_that_brings_something_along_is_refused(member: str, token: str, sent: list[Sent]) -> None:
    mine = ed25519.Ed25519PrivateKey.generate()
    brought: dict[str, Any] = {
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": b64(mine.public_key().public_bytes_raw())},
        "jku": "https://evil.example/jwks.json",
        "x5u": "https://evil.example/cert.pem",
        "x5c": ["MIIB"],
        "crit": ["b64"],
        "b64": False,
    }
    header, claims, _ = parts(token)
    text = f"{b64({**header, member: brought.get(member, 'DEF')})}.{b64(claims)}"
    assert reason_for(f"{text}.{b64(mine.sign(text.encode()))}", sent) == "header_member"
    sent.clear()
    # Signed with the right key it is no better: what is not understood is not accepted.
    assert reason_for(signed(token, header=lambda h: h.update({member: brought.get(member, "DEF")})), sent) == (
        "header_member"
    )


@pytest.mark.parametrize(
    "kid",
    ["", "../../../../dev/null", "/dev/null", "x' UNION SELECT 'a", "a\0b", "k" * 129, 7, None, ["a"], {"a": 1}, "é"],
)
def test_a_kid_is_a_name_and_nothing_else(kid: Any, token: str, sent: list[Sent]) -> None:
    header, claims, signature = parts(token)
    assert reason_for(f"{b64({**header, 'kid': kid})}.{b64(claims)}.{signature}", sent) == "malformed_kid"


def test_an_unknown_kid_is_refused(token: str, sent: list[Sent]) -> None:
    header, claims, signature = parts(token)
    assert reason_for(f"{b64({**header, 'kid': 'another'})}.{b64(claims)}.{signature}", sent) == "unknown_key"


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda t: t + "=", "malformed_base64"),
        (lambda t: t.replace(".", "=.", 1), "malformed_base64"),
        (lambda t: t + "A", "signature"),
        (lambda t: t[:-1] + chr(ord(t[-1]) + 1), "malformed_base64"),  # the same bytes, another spelling
        (lambda t: t + ".", "malformed"),
        (lambda t: t + ".AAAA", "malformed"),
        (lambda t: "." + t, "malformed"),
        (lambda t: t.replace(".", "", 1), "malformed"),
        (lambda t: t.replace(".", "%2e", 1), "malformed"),
        (lambda t: t.rpartition(".")[0] + ".", "malformed_base64"),
        (lambda t: t[:-10] + "\u0661" + t[-9:], "malformed_base64"),
        (lambda t: "A" * 5000, "malformed"),
        (lambda t: json.dumps({"payload": t.split(".")[1]}), "malformed_header"),
        (lambda t: t.swapcase(), "malformed_header"),
    ],
)
def test_a_token_has_one_spelling(spoil: Any, reason: str, token: str, sent: list[Sent]) -> None:
    assert reason_for(spoil(token), sent) == reason


@pytest.mark.parametrize(
    "claims",
    [
        '{"sub":"a","sub":"b"}',
        '["sub"]',
        "null",
        "1",
        '{"sub":NaN}',
        '{"sub":"\ud800"}',
        '{"a":1} ',
        '{"a":1}{"b":2}',
        "[" * 1500,
    ],
)
def test_claims_that_two_readers_would_read_differently_are_refused(claims: str, token: str, sent: list[Sent]) -> None:
    try:
        forged = signed(token, claims=claims)
    except UnicodeEncodeError:
        return  # it cannot even be spelled in UTF-8
    assert reason_for(forged, sent) in {"malformed_claims", "claim_sub"}


def test_a_repeated_header_member_is_refused(token: str, sent: list[Sent]) -> None:
    header = f'{{"alg":"none","alg":"EdDSA","kid":"{active().key.kid}","typ":"at+jwt"}}'
    assert reason_for(signed(token, header=header), sent) == "malformed_header"


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "sid", "jti", "iat", "exp"])
def test_each_claim_is_required(name: str, token: str, sent: list[Sent]) -> None:
    reason = {"iss": "issuer", "aud": "audience"}.get(name, f"claim_{name}")
    assert reason_for(signed(token, claims=lambda c: c.pop(name)), sent) == reason


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("iss", "https://testserver/", "issuer"),
        ("iss", ["https://testserver"], "issuer"),
        ("aud", "another-api", "audience"),
        ("aud", ["bulwark-api"], "audience"),
        ("aud", "https://testserver", "audience"),
        ("exp", "9999999999", "claim_exp"),
        ("exp", 9999999999.5, "claim_exp"),
        ("exp", True, "claim_exp"),
        ("iat", 9999999999, "not_yet_valid"),
        ("nbf", 9999999999, "not_yet_valid"),
        ("nbf", "soon", "claim_value"),
        ("sid", "not a uuid", "claim_sid"),
        ("sub", 1, "claim_sub"),
        ("sub", "not a uuid", "claim_sub"),
        ("tenant", ["a"], "claim_value"),
        ("gen", "1", "claim_value"),
        ("gen", None, "claim_value"),
        ("gen", 0, "claim_value"),
        ("exp", 10**400, "claim_value"),
        ("iat", -(10**400), "claim_value"),
        ("nbf", 10**400, "claim_value"),
        ("cnf", ["a key"], "claim_value"),
        ("cnf", {}, "claim_value"),
        ("cnf", {"jkt": 5}, "claim_value"),
    ],
)
def test_each_claim_says_what_it_must(name: str, value: Any, reason: str, token: str, sent: list[Sent]) -> None:
    assert reason_for(signed(token, claims=lambda c: c.update({name: value})), sent) == reason


@pytest.mark.parametrize("typ", ["JWT", "rt+jwt", "AT+JWT", "application/at+jwt", None, 1])
def test_another_kind_of_token_is_refused(typ: Any, token: str, sent: list[Sent]) -> None:
    assert reason_for(signed(token, header=lambda h: h.update(typ=typ)), sent) == "wrong_type"


def test_a_refresh_token_is_no_access_token(token: str, browser: Browser, sent: list[Sent]) -> None:
    assert reason_for(browser.refresh_token, sent) in {"unknown_key", "algorithm"}


def test_it_expires_to_the_second(token: str, sent: list[Sent]) -> None:
    _, claims, _ = parts(token)
    with time_machine.travel(claims["exp"] - 1, tick=False):
        assert Browser().send("GET", "me", Authorization=f"Bearer {token}").status_code == 200
    with time_machine.travel(claims["exp"], tick=False):
        assert reason_for(token, sent) == "expired"


def test_another_users_session_does_not_open_this_ones_account(
    token: str, bob: User, browser: Browser, sent: list[Sent]
) -> None:
    _, claims, _ = parts(token)
    browser.log_in("bob@example.com")
    sent.clear()
    assert reason_for(signed(browser.access, claims=lambda c: c.update(sub=claims["sub"])), sent) == "unknown_session"


@pytest.mark.parametrize("scheme", ["Basic", "Token", "JWT", ""])
def test_another_scheme_is_not_ours(scheme: str, token: str, sent: list[Sent]) -> None:
    response = Browser().send("GET", "me", Authorization=f"{scheme} {token}".strip())
    assert response.status_code == 401
    assert sent == []
    assert read(response)["code"] == "not_authenticated"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer a b", "Bearer  {}", "Bearer {}, Bearer {}"])
def test_a_header_has_two_words(header: str, token: str, sent: list[Sent]) -> None:
    response = Browser().send("GET", "me", Authorization=header.format(token, token))
    assert response.status_code == 401
    assert [each.data["reason"] for each in sent] in ([["malformed_header"]], ["malformed_header"])


def test_a_forged_token_is_not_remembered(token: str, sent: list[Sent]) -> None:
    verified_tokens.clear()
    forged = signed(token, claims=lambda c: c.update(aud="another"))
    reason_for(forged, sent)
    assert len(verified_tokens) == 0


def test_a_remembered_token_is_judged_anew(token: str, sent: list[Sent]) -> None:
    assert Browser().send("GET", "me", Authorization=f"Bearer {token}").status_code == 200
    assert len(verified_tokens) > 0
    provider().store(new_document("EdDSA", timezone.now()))
    assert reason_for(token, sent) == "unknown_key"
    keys.reset()


def test_memory_is_bounded(settings: Settings, token: str) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "VERIFIED_TOKENS": 3}
    for number in range(5):
        changed = signed(token, claims=partial(dict.update, jti=str(number)))
        assert Browser().send("GET", "me", Authorization=f"Bearer {changed}").status_code == 200
    assert len(verified_tokens) == 3


def test_a_late_token_still_counts_as_seen_within_the_leeway(settings: Settings, token: str) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "LEEWAY": timedelta(seconds=30)}
    _, claims, _ = parts(token)
    with time_machine.travel(claims["exp"] + 29, tick=False):
        assert Browser().send("GET", "me", Authorization=f"Bearer {token}").status_code == 200
