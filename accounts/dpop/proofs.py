"""Checks that the caller holds the key: a JWT made for this one request (RFC 9449, section 4.3)."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from .. import jose
from ..conf import conf
from ..errors import Refusal, TokenRefused
from .errors import ALGORITHMS, ProofRefused
from .nonces import is_fresh

HEADER = "DPoP"
TYPE = "dpop+jwt"
#: Seconds that a proof may lie ahead: clocks differ.
_FUTURE = 5
_MAX_JTI = 255
#: What a public key consists of, in the order of its thumbprint (RFC 7638, section 3.2).
_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_CLAIMS: dict[str, type] = {"jti": str, "htm": str, "htu": str, "iat": int}
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class _Proof:
    jkt: str
    claims: dict[str, Any]


def proven_key(request: HttpRequest, *, access_token: str | None = None) -> str:
    """Return the thumbprint of the key that the caller has proven to hold; empty without the header `DPoP`.

    A proof is used up by this.

    :param access_token: the token that comes with it, which the proof must name.
    :raises ProofRefused: the proof is not right, or a nonce is missing in it.
    :raises LimiterUnavailable: whether it was used before cannot be told.
    """
    from .replays import use_up  # it needs REST framework, which imports authentication, which imports this

    text = request.headers.get(HEADER)
    if text is None:
        return ""
    proof, now = _read(text), timezone.now()
    _check_request(proof.claims, request)
    _check_time(proof.claims, now)
    if access_token is not None:
        named = str(proof.claims.get("ath")).encode("utf-8", "surrogatepass")
        if not constant_time_compare(named, _hash(access_token)):
            raise ProofRefused("ath")
    _check_nonce(proof.claims)
    if not use_up(proof.jkt, proof.claims["jti"], seconds=_lifetime() + _FUTURE + 1):
        raise ProofRefused("replayed")
    return proof.jkt


def check_possession(request: HttpRequest, *, scheme: str, token: str, jkt: str) -> None:
    """Check that a token comes in the way it was issued for, and with the key it is bound to.

    :param scheme: the word before the token in the header Authorization, in lower case.
    :param jkt: the thumbprint that the token names; empty for one that is bound to no key.
    :raises ProofRefused: a bound token came as a bearer token, an unbound one as a bound one, or without its key.
    """
    if not jkt and scheme != "dpop":
        return
    if not jkt or scheme != "dpop":
        raise ProofRefused("wrong_scheme")
    proven = proven_key(request, access_token=token)
    if not constant_time_compare(proven, jkt):
        raise ProofRefused("other_key" if proven else "no_proof")


def thumbprint(jwk: dict[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a public key (RFC 7638)."""
    members = {name: jwk[name] for name in _MEMBERS[jwk["kty"]]}
    return jose.encode_segment(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())


def _read(text: str) -> _Proof:
    """Return what a proof says, signed by the key in it.

    :raises ProofRefused: it is no proof.
    """
    try:
        if len(text) > jose.MAX_TOKEN_LENGTH or text.count(".") != 2:
            raise ProofRefused("malformed")
        header = jose.read_object(jose.decode_segment(text.split(".", maxsplit=1)[0]), "malformed_header")
        key, jkt = _key_of(header)
        if not jose.is_signed_by(text, key):
            raise ProofRefused("signature")
        claims = jose.read_object(jose.decode_segment(text.split(".")[1]), "malformed_claims")
    except TokenRefused as error:
        raise ProofRefused(error.reason) from None
    for name, kind in _CLAIMS.items():
        if type(claims.get(name)) is not kind:
            raise ProofRefused(f"claim_{name}")
    if not 0 < len(claims["jti"]) <= _MAX_JTI:
        raise ProofRefused("claim_jti")
    return _Proof(jkt, claims)


def _key_of(header: dict[str, Any]) -> tuple[jose.Key, str]:
    """Return the public key in the header and its thumbprint."""
    jwk, alg = header.get("jwk"), header.get("alg")
    if header.keys() != {"typ", "alg", "jwk"} or header["typ"] != TYPE:
        raise ProofRefused("header")
    if alg not in ALGORITHMS:
        raise ProofRefused("algorithm")
    if not isinstance(jwk, dict) or jwk.keys() & _PRIVATE or str(jwk.get("kty")) not in _MEMBERS:
        raise ProofRefused("key")
    if any(not isinstance(jwk.get(name), str) for name in _MEMBERS[jwk["kty"]]):
        raise ProofRefused("key")
    jkt = thumbprint(jwk)
    public = {name: jwk[name] for name in _MEMBERS[jwk["kty"]]}
    try:
        key = jose.load_key({**public, "kid": jkt, "alg": "EdDSA" if alg == "Ed25519" else alg})
    except jose.KeyRefused:
        raise ProofRefused("key") from None
    if jwk["kty"] == "RSA" and key.public.key_size < jose.RSA_BITS:
        raise ProofRefused("key")
    return key, jkt


def _check_request(claims: dict[str, Any], request: HttpRequest) -> None:
    if claims["htm"] != request.method:
        raise ProofRefused("htm")
    # As the client knows it: the scheme that the trusted proxy forwards, the host, the path without the query.
    here = _normalized(f"{request.scheme}://{request.get_host()}")
    there = _normalized(claims["htu"])
    if there is None or here is None or there[:2] != here[:2] or there[2] != request.path:
        raise ProofRefused("htu")


def _normalized(uri: str) -> tuple[str, tuple[str, int], str] | None:
    """Return scheme, host with port, and path of an address, in one spelling (RFC 3986, section 6.2)."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, (parts.hostname, port or _PORTS[parts.scheme]), unquote(parts.path) or "/"


def _check_time(claims: dict[str, Any], now: datetime) -> None:
    if not now.timestamp() - _lifetime() <= claims["iat"] <= now.timestamp() + _FUTURE:
        raise ProofRefused("iat")


def _check_nonce(claims: dict[str, Any]) -> None:
    if conf.dpop_nonce and not is_fresh(str(claims.get("nonce", ""))):
        raise ProofRefused("nonce", Refusal.NONCE)


def _lifetime() -> int:
    return int(conf.dpop_proof_lifetime.total_seconds())


def _hash(token: str) -> str:
    return jose.encode_segment(hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest())
