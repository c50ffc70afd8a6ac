"""Makes and rotates key documents."""

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from .. import jose
from .base import KeyDocument, KeysUnavailable

PURPOSES = ("access", "refresh", "encryption")
#: What a document may lack: it was made before there was such a purpose.
LATER_PURPOSES = ("encryption",)
#: How far back the date of a key lies that nobody may miss.
EARLIER = timedelta(minutes=1)
RSA_BITS = 3072  # 128 bits of security (OWASP ASVS 5.0, V11.2.3)
#: Algorithms a signing key may be made for.
SIGNING_ALGORITHMS = ("EdDSA", "ES256", "RS256", "HS256")


def new_document(algorithm: str, now: datetime) -> KeyDocument:
    """Return a document with one key for each purpose, active already.

    Its keys are dated a minute back: a request that began before they were made must find them active.
    """
    since = now - EARLIER
    symmetric = {purpose: [new_key("HS256", since)] for purpose in ("refresh", "encryption")}
    return {"access": [new_key(algorithm, since)], **symmetric}


def with_new_key(
    document: KeyDocument, purpose: str, algorithm: str, active_from: datetime, *, alone: bool = False
) -> KeyDocument:
    """Return the document with one key more.

    :param alone: drop the others: what they signed is refused from now on (for a key that leaked).
    """
    if alone:
        return {**document, purpose: [new_key(algorithm, active_from - EARLIER)]}
    if not document.get(purpose):
        return {**document, purpose: [new_key(algorithm, datetime.now(UTC) - EARLIER)]}  # nothing to wait for
    return {**document, purpose: [*document[purpose], new_key(algorithm, active_from)]}


def new_key(algorithm: str, active_from: datetime) -> dict[str, Any]:
    """Return a fresh private JWK.

    :param algorithm: one of `SIGNING_ALGORITHMS`.
    :raises ValueError: it is another one.
    """
    kid = f"{active_from:%Y%m%d}-{secrets.token_hex(4)}"
    material: Any
    if algorithm == "EdDSA":
        material = ed25519.Ed25519PrivateKey.generate()
    elif algorithm == "ES256":
        material = ec.generate_private_key(ec.SECP256R1())
    elif algorithm == "RS256":
        material = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    elif algorithm == "HS256":
        material = secrets.token_bytes(32)
    else:
        msg = f"A signing key is made for one of {', '.join(SIGNING_ALGORITHMS)}, not {algorithm!r}."
        raise ValueError(msg)
    jwk = jose.private_jwk(jose.Key(kid, algorithm, None, material))
    return {**jwk, "active_from": active_from.astimezone(UTC).isoformat(timespec="seconds")}


def parse(text: str, where: str) -> KeyDocument:
    """Return the document that ``text`` spells.

    :param where: what to call its place in an error.
    :raises KeysUnavailable: it is no such document.
    """
    try:
        document = {**{purpose: [] for purpose in LATER_PURPOSES}, **json.loads(text)}
        if all(isinstance(document[purpose], list) for purpose in PURPOSES):
            return {purpose: list(document[purpose]) for purpose in PURPOSES}
    except (ValueError, KeyError, TypeError):
        pass
    msg = f"{where} holds no key document. `manage.py rotate_signing_key --print` makes one."
    raise KeysUnavailable(msg)
