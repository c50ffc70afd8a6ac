"""A key of a client's own, and the proofs it makes (RFC 9449)."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from django.utils import timezone
from jwt.algorithms import get_default_algorithms

from accounts import dpop
from tests.accounts.forging import b64

#: Says that a member is to be left out.
DROPPED: Any = object()


class ClientKey:
    """A key pair, ES256 unless another algorithm is named.

    :param bits: of an RSA key.
    """

    def __init__(self, alg: str = "ES256", bits: int = 3072) -> None:
        self.alg = alg
        if alg.startswith("ES"):
            self.private: Any = ec.generate_private_key(ec.SECP256R1())
        elif alg.startswith("Ed"):
            self.private = ed25519.Ed25519PrivateKey.generate()
        else:
            self.private = rsa.generate_private_key(65537, bits)
        algorithm = get_default_algorithms()["EdDSA" if alg == "Ed25519" else alg]
        self.jwk: dict[str, Any] = algorithm.to_jwk(self.private.public_key(), as_dict=True)
        self.jwk.pop("key_ops", None)

    @property
    def jkt(self) -> str:
        members = {name: self.jwk[name] for name in sorted(self.jwk)}
        return b64(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())

    def proof(
        self,
        method: str,
        url: str,
        *,
        token: str = "",
        header: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """Return a proof for one request.

        :param token: the access token that it goes with.
        :param header: members to change in the header.
        :param changes: claims to change; DROPPED leaves one out.
        """
        claims = {
            "jti": secrets.token_urlsafe(12),
            "htm": method,
            "htu": url,
            "iat": int(timezone.now().timestamp()),
            "nonce": dpop.current_nonce(),
            **({"ath": b64(hashlib.sha256(token.encode()).digest())} if token else {}),
            **changes,
        }
        whole = {"typ": "dpop+jwt", "alg": self.alg, "jwk": self.jwk, **(header or {})}
        text = ".".join(b64({k: v for k, v in part.items() if v is not DROPPED}) for part in (whole, claims))
        return f"{text}.{b64(self._sign(text.encode()))}"

    def _sign(self, text: bytes) -> bytes:
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.private.sign(text, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        algorithm = get_default_algorithms()["EdDSA" if self.alg == "Ed25519" else self.alg]
        return bytes(algorithm.sign(text, self.private))
