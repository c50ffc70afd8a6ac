"""The strict reader of tokens and keys."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from accounts import jose
from accounts.errors import TokenRefused
from accounts.keys.documents import SIGNING_ALGORITHMS, new_key
from accounts.roca import GENERATOR, PRIMES, is_roca
from tests.accounts.test_rotation import NOW

KEYS = {algorithm: jose.load_key(new_key(algorithm, NOW)) for algorithm in SIGNING_ALGORITHMS}


@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_what_is_signed_can_be_read(algorithm: str) -> None:
    key = KEYS[algorithm]
    token = jose.sign({"a": 1}, key, typ="at+jwt")
    assert jose.verify(token, {key.kid: key}.get, typ="at+jwt") == ({"a": 1}, key.kid)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256"])
def test_a_published_key_verifies_and_cannot_sign(algorithm: str) -> None:
    key = KEYS[algorithm]
    published = jose.public_jwk(key)
    assert not published.keys() & {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}
    public = jose.load_key(published)
    assert jose.verify(jose.sign({"a": 1}, key, typ="x"), {key.kid: public}.get, typ="x")[0] == {"a": 1}
    with pytest.raises(jose.KeyRefused, match="only verifies"):
        jose.sign({"a": 1}, public, typ="x")


def test_a_secret_is_never_published() -> None:
    with pytest.raises(jose.KeyRefused, match="never published"):
        jose.public_jwk(KEYS["HS256"])


def test_a_key_does_not_show_itself() -> None:
    secret = new_key("HS256", NOW)
    assert secret["k"] not in repr(jose.load_key(secret))


@given(st.text(max_size=60) | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with pytest.raises(TokenRefused):
        jose.verify(text, lambda _: KEYS["EdDSA"], typ="at+jwt")


@given(st.data())
def test_no_changed_character_is_accepted(data: st.DataObject) -> None:
    key = KEYS["EdDSA"]
    token = jose.sign({"sub": "alice"}, key, typ="at+jwt")
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda character: character != token[place]))
    with pytest.raises(TokenRefused):
        jose.verify(token[:place] + other + token[place + 1 :], {key.kid: key}.get, typ="at+jwt")


@given(st.binary(max_size=40))
def test_each_value_has_one_spelling(value: bytes) -> None:
    text = jose.encode_segment(value)
    assert jose.decode_segment(text, may_be_empty=True) == value
    for other in (text + "=", text + "\n", " " + text, text + "."):
        with pytest.raises(TokenRefused):
            jose.decode_segment(other)


def changed(**members: Any) -> dict[str, Any]:
    jwk = {**new_key("ES256", NOW), **members}
    return {name: value for name, value in jwk.items() if value is not None}


@pytest.mark.parametrize(
    "members",
    [
        {"alg": None},
        {"alg": "none"},
        {"alg": "ES384"},
        {"alg": "HS256"},
        {"alg": ["ES256"]},
        {"kid": None},
        {"kid": "a/b"},
        {"kty": "RSA"},
        {"crv": "P-384"},
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"x": "AAAA"},
        {"y": None},
        {"d": "not base64 !"},
    ],
)
def test_a_key_that_does_not_fit_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(jose.KeyRefused):
        jose.load_key(changed(**members))


@pytest.mark.parametrize("size", [0, 16, 31])
def test_a_short_secret_is_refused(size: int) -> None:
    with pytest.raises(jose.KeyRefused):
        jose.load_key({**new_key("HS256", NOW), "k": jose.encode_segment(b"x" * size)})


def test_a_weak_rsa_key_is_refused() -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    cubic = rsa.generate_private_key(public_exponent=3, key_size=2048)
    for material, why in ((small, "bits"), (cubic, "exponent")):
        jwk = jose.private_jwk(jose.Key("weak", "RS256", None, material))
        with pytest.raises(jose.KeyRefused, match=why):
            jose.load_key(jwk)


def test_the_mark_of_the_flawed_generator_is_known() -> None:
    primorial = 1
    for prime in PRIMES:
        primorial *= prime
    flawed = (37 * primorial + pow(GENERATOR, 1234, primorial)) * (91 * primorial + pow(GENERATOR, 99, primorial))
    assert is_roca(flawed)
    assert not is_roca(flawed + 2)
    assert not is_roca(KEYS["RS256"].public.public_numbers().n)


def test_a_set_names_a_key_once_and_mixes_nothing() -> None:
    one = new_key("EdDSA", NOW)
    with pytest.raises(jose.KeyRefused, match="twice"):
        jose.load_set({"keys": [one, {**new_key("EdDSA", NOW), "kid": one["kid"]}]})
    with pytest.raises(jose.KeyRefused, match="mixes"):
        jose.load_set({"keys": [one, new_key("HS256", NOW)]})
    assert set(jose.load_set({"keys": [one]})) == {one["kid"]}


def test_a_refusal_of_a_key_tells_nothing_of_it() -> None:
    jwk = {**new_key("HS256", NOW), "use": "enc"}
    with pytest.raises(jose.KeyRefused) as caught:
        jose.load_key(jwk)
    assert jwk["k"] not in str(caught.value)
    assert json.dumps(jwk["kid"]).strip('"') in str(caught.value)
