"""Signed tokens (JWS, RFC 7515) and keys (JWK, RFC 7517), read strictly. The one module that uses PyJWT.

PyJWT's algorithms do the mathematics. What is around them is stricter here than in PyJWT: one spelling of base64url,
no unknown header member, no duplicate JSON key, an algorithm that belongs to the key and is never the token's choice
(RFC 8725, sections 3.1 and 3.10), and keys that say what they are for.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jwt.algorithms import Algorithm, get_default_algorithms
from jwt.exceptions import InvalidKeyError

from .errors import Refusal, TokenRefused
from .roca import is_roca

#: Characters of a token; ours have about 600.
MAX_TOKEN_LENGTH = 4096
#: What may stand in a header. `crit`, `b64`, `zip`, and every way to bring a key along are refused.
HEADER_MEMBERS = frozenset({"alg", "kid", "typ"})
#: Algorithm -> key type and curve.
KEY_TYPES: dict[str, tuple[str, str | None]] = {
    "EdDSA": ("OKP", "Ed25519"),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    **{f"{family}{bits}": ("RSA", None) for family in ("RS", "PS") for bits in (256, 384, 512)},
    **{f"HS{bits}": ("oct", None) for bits in (256, 384, 512)},
}
#: RSA keys below this are refused (RFC 7518, section 3.3): what others have signed with.
MIN_RSA_BITS = 2048
#: RSA keys that sign today have at least this (OWASP ASVS 5.0, V11.2.3).
RSA_BITS = 3072
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_KID = re.compile(r"[A-Za-z0-9._@-]{1,128}", re.ASCII)
_ALGORITHMS: dict[str, Algorithm] = {name: get_default_algorithms()[name] for name in KEY_TYPES}


class KeyRefused(ValueError):  # noqa: N818 - errors are past participles
    """A key is not fit for what it should do; the message says why and carries no key material."""


@dataclass(frozen=True)
class Key:
    """A key that is ready to use.

    :ivar public: what verifies; the secret itself of an HMAC key.
    :ivar private: what signs, or None.
    """

    kid: str
    alg: str
    public: Any = field(repr=False)
    private: Any = field(repr=False, default=None)

    @property
    def is_symmetric(self) -> bool:
        """Whether who verifies could sign too."""
        return self.alg.startswith("HS")


def sign(claims: Mapping[str, Any], key: Key, *, typ: str) -> str:
    """Return a token that says ``claims``.

    :param typ: what kind of token it is (RFC 8725, section 3.11).
    :raises KeyRefused: the key only verifies.
    """
    if key.private is None:
        msg = f"The key {key.kid} only verifies."
        raise KeyRefused(msg)
    text = f"{_header(key.alg, key.kid, typ)}.{encode_segment(_ENCODER.encode(claims).encode())}"
    return f"{text}.{encode_segment(_ALGORITHMS[key.alg].sign(text.encode(), key.private))}"


def verify(
    token: str, find_key: Callable[[str], Key | None], *, typ: str, nameless: Key | None = None
) -> tuple[dict[str, Any], str]:
    """Return what a token says and the id of the key that signed it.

    :param find_key: gives the key of an id, or None where there is none to trust.
    :param nameless: the key of tokens that name none; left out, each must name one.
    :raises TokenRefused: it is no token of this kind signed with one of these keys.
    """
    header, payload, key = verify_signature(token, find_key, nameless=nameless)
    if header.get("typ") != typ:
        raise TokenRefused(Refusal.INVALID, "wrong_type")
    return read_object(payload, "malformed_claims"), key.kid


def verify_signature(
    token: str, find_key: Callable[[str], Key | None], *, nameless: Key | None = None
) -> tuple[dict[str, Any], bytes, Key]:
    """Return the header and the payload of a token in compact form, and the key that signed it.

    :raises TokenRefused: anything at all is wrong with it.
    """
    if len(token) > MAX_TOKEN_LENGTH:
        raise TokenRefused(Refusal.INVALID, "malformed")
    segments = token.split(".")
    if len(segments) != 3:
        raise TokenRefused(Refusal.INVALID, "malformed")
    header = read_object(decode_segment(segments[0]), "malformed_header")
    if not header.keys() <= HEADER_MEMBERS:
        raise TokenRefused(Refusal.INVALID, "header_member")
    key = _key_for(header, find_key, nameless)
    payload = decode_segment(segments[1], may_be_empty=True)
    if not is_signed_by(token, key):
        raise TokenRefused(Refusal.INVALID, "signature")
    return header, payload, key


def is_signed_by(token: str, key: Key) -> bool:
    """Say whether ``key`` has signed a token in compact form; neither its header nor what it says is looked at.

    :raises TokenRefused: its signature is no base64url.
    """
    text, _, signature = token.rpartition(".")
    return bool(_ALGORITHMS[key.alg].verify(text.encode(), key.public, decode_segment(signature)))


def _key_for(header: Mapping[str, Any], find_key: Callable[[str], Key | None], nameless: Key | None) -> Key:
    kid, alg = header.get("kid"), header.get("alg")
    if "kid" not in header and nameless is not None:
        key: Key | None = nameless
    elif not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise TokenRefused(Refusal.INVALID, "malformed_kid")
    else:
        key = find_key(kid)
    if key is None:
        raise TokenRefused(Refusal.INVALID, "unknown_key")
    if alg != key.alg:
        raise TokenRefused(Refusal.INVALID, "algorithm")
    return key


def encode_segment(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_segment(text: str, *, may_be_empty: bool = False) -> bytes:
    """Return what base64url without padding spells; each value has exactly one accepted spelling.

    :raises TokenRefused: a foreign character, padding, or bits left over.
    """
    if not text and may_be_empty:
        return b""
    if not _SEGMENT.fullmatch(text):
        raise TokenRefused(Refusal.INVALID, "malformed_base64")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise TokenRefused(Refusal.INVALID, "malformed_base64") from None
    if encode_segment(data) != text:
        raise TokenRefused(Refusal.INVALID, "malformed_base64")
    return data


def read_object(data: bytes, reason: str) -> dict[str, Any]:
    """Return the JSON object that ``data`` spells, each member once.

    :raises TokenRefused: it spells none, or an ambiguous one.
    """
    try:
        value = _DECODER.decode(data.decode())
    except (ValueError, RecursionError):
        raise TokenRefused(Refusal.INVALID, reason) from None
    if not isinstance(value, dict):
        raise TokenRefused(Refusal.INVALID, reason)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        msg = "A JSON object names a member twice."
        raise ValueError(msg)
    return found


def _no_constant(name: str) -> None:
    msg = f"{name} is not JSON."
    raise ValueError(msg)


#: Made once: `json.loads` and `json.dumps` make one a call as soon as they are given an option.
_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)
_ENCODER = json.JSONEncoder(separators=(",", ":"))


@lru_cache(maxsize=64)
def _header(alg: str, kid: str, typ: str) -> str:
    return encode_segment(_ENCODER.encode({"alg": alg, "kid": kid, "typ": typ}).encode())


def load_key(jwk: Mapping[str, Any]) -> Key:
    """Return the key that a JWK describes, private where it has private members.

    :raises KeyRefused: it is not for signatures, does not fit its algorithm, or is weak.
    """
    alg, kid = jwk.get("alg"), jwk.get("kid")
    if not isinstance(alg, str) or alg not in KEY_TYPES:
        raise KeyRefused(_text(jwk, "its `alg` is not one of those accepted"))
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise KeyRefused(_text(jwk, "its `kid` is missing or has foreign characters"))
    if (jwk.get("kty"), jwk.get("crv")) != KEY_TYPES[alg]:
        raise KeyRefused(_text(jwk, f"its `kty` and `crv` do not fit {alg}"))
    if jwk.get("use", "sig") != "sig" or not _may_verify(jwk.get("key_ops", ["verify"])):
        raise KeyRefused(_text(jwk, "it is not for signatures"))
    algorithm = _ALGORITHMS[alg]
    try:
        material: Any = algorithm.from_jwk(dict(jwk))
        problem = algorithm.check_key_length(algorithm.prepare_key(material))
    except (InvalidKeyError, ValueError, TypeError, KeyError):
        raise KeyRefused(_text(jwk, "its numbers make no key")) from None
    if problem:
        raise KeyRefused(_text(jwk, problem))
    if jwk["kty"] == "oct":
        return Key(kid, alg, material, material)
    private = material if "d" in jwk else None
    public = material.public_key() if private else material
    if jwk["kty"] == "RSA":
        _check_rsa(jwk, public.public_numbers().n, public.public_numbers().e)
    return Key(kid, alg, public, private)


def load_text(text: str, alg: str, *, kid: str) -> Key:
    """Return a key that verifies, from a secret or a public key in PEM.

    :raises KeyRefused: it does not fit its algorithm, or is weak.
    """
    jwk = {"kid": kid}
    if alg not in KEY_TYPES:
        raise KeyRefused(_text(jwk, "its `alg` is not one of those accepted"))
    algorithm = _ALGORITHMS[alg]
    try:
        material: Any = algorithm.prepare_key(text)
    except (InvalidKeyError, ValueError, TypeError):
        raise KeyRefused(_text(jwk, f"it is no key for {alg}")) from None
    if problem := algorithm.check_key_length(material):
        raise KeyRefused(_text(jwk, problem))
    return Key(kid, alg, material)


def load_set(jwks: Mapping[str, Any]) -> dict[str, Key]:
    """Return the keys of a JWK set by id.

    :raises KeyRefused: an id stands twice, secrets and public keys are mixed, or a key is refused.
    """
    keys = [load_key(jwk) for jwk in jwks["keys"]]
    found = {key.kid: key for key in keys}
    if len(found) != len(keys):
        msg = "The key set names a `kid` twice."
        raise KeyRefused(msg)
    if len({key.is_symmetric for key in keys}) > 1:
        # Who holds a public key could pass it off as a secret: RFC 8725, section 2.1.
        msg = "The key set mixes secrets with public keys."
        raise KeyRefused(msg)
    return found


def public_jwk(key: Key) -> dict[str, Any]:
    """Return the JWK to publish.

    :raises KeyRefused: it is a secret.
    """
    if key.is_symmetric:
        msg = "A secret is never published."
        raise KeyRefused(msg)
    found: dict[str, Any] = _ALGORITHMS[key.alg].to_jwk(key.public, as_dict=True)
    found.pop("key_ops", None)
    return {**found, "kid": key.kid, "alg": key.alg, "use": "sig"}


def private_jwk(key: Key) -> dict[str, Any]:
    """Return the JWK that keeps a key with its secret part."""
    found: dict[str, Any] = _ALGORITHMS[key.alg].to_jwk(key.private, as_dict=True)
    found.pop("key_ops", None)
    return {**found, "kid": key.kid, "alg": key.alg, "use": "sig"}


def _may_verify(operations: object) -> bool:
    return isinstance(operations, list) and "verify" in operations


def _check_rsa(jwk: Mapping[str, Any], modulus: int, exponent: int) -> None:
    if modulus.bit_length() < MIN_RSA_BITS:
        raise KeyRefused(_text(jwk, f"it has fewer than {MIN_RSA_BITS} bits"))
    if exponent < 65537 or exponent % 2 == 0:
        raise KeyRefused(_text(jwk, "its exponent is weak"))
    if is_roca(modulus):
        raise KeyRefused(_text(jwk, "it was made by a chip with the ROCA flaw (CVE-2017-15361)"))


def _text(jwk: Mapping[str, Any], why: str) -> str:
    return f"The key {str(jwk.get('kid', '?'))[:64]!r} is refused: {why}."
