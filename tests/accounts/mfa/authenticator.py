"""An authenticator in software: what a security key or a phone answers to a page, in the browser's JSON."""

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

FLAG = AuthenticatorData.FLAG


@dataclass
class Authenticator:
    """Holds one passkey.

    :ivar origin: the page that the browser says it is on.
    :ivar count: how often it has signed; it adds `step` each time, as a synced passkey adds nothing.
    """

    origin: str = "https://testserver"
    rp_id: str = "testserver"
    count: int = 0
    step: int = 1
    flags: int = FLAG.UP | FLAG.UV
    is_cross_origin: bool = False
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: bytes = b""

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.create()`."""
        self.user_handle = websafe_decode(options["user"]["id"])
        public = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]
        credential = AttestedCredentialData.create(b"\0" * 16, self.id, public)
        data = self._data(self.flags | FLAG.AT, credential)
        client = self._client("webauthn.create", options["challenge"])
        response = {
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
            "transports": ["usb", "made-up"],
        }
        return self._answer(response)

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer `navigator.credentials.get()`."""
        data, client = self._data(self.flags), self._client("webauthn.get", options["challenge"])
        signature = self.key.sign(data + client.hash, ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signature),
            "userHandle": websafe_encode(self.user_handle),
        }
        return self._answer(response)

    def clone(self) -> "Authenticator":
        """Return a copy, as a thief makes one who has the device for an hour."""
        return Authenticator(
            self.origin, self.rp_id, self.count, key=self.key, id=self.id, user_handle=self.user_handle
        )

    def _data(self, flags: int, credential: bytes = b"") -> AuthenticatorData:
        self.count += self.step
        domain = hashlib.sha256(self.rp_id.encode()).digest()
        found: AuthenticatorData = AuthenticatorData.create(domain, FLAG(flags), self.count, credential)
        return found

    def _client(self, kind: str, challenge: str) -> CollectedClientData:
        return CollectedClientData.create(kind, challenge, self.origin, cross_origin=self.is_cross_origin)

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        name = websafe_encode(self.id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}}
