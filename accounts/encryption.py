"""Secrets that must be read again, kept encrypted: AES-256-GCM under a key of the set `encryption`.

A copy of the database holds none of the keys. Each text is bound to its place, so that who can write rows cannot move
one user's secret to another (OWASP ASVS 5.0, V11.3.2 and V14.2.2).
"""

import secrets
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import keys

#: Bytes of the nonce: random, for far fewer than 2**32 messages a key (NIST SP 800-38D, section 8.3).
_NONCE = 12


class Undecipherable(Exception):  # noqa: N818 - it describes a state
    """The key is gone, or the text is not what was encrypted for this place."""


def encrypt(secret: bytes, *, place: str, now: datetime) -> tuple[str, bytes]:
    """Return the id of the key and the encrypted secret.

    :param place: what it belongs to; it is decrypted only there.
    :raises KeysUnavailable: there is no key for it.
    """
    dated = keys.keyring().encryption.active(now)
    nonce = secrets.token_bytes(_NONCE)
    return dated.key.kid, nonce + AESGCM(dated.mac).encrypt(nonce, secret, _bound(dated.key.kid, place))


def decrypt(kid: str, sealed: bytes, *, place: str, now: datetime) -> bytes:
    """Return the secret.

    :raises Undecipherable: the key is not in the set any more, or the text was altered or moved.
    """
    dated = keys.keyring().encryption.get(kid, now) or keys.keyring(fresh=True).encryption.get(kid, now)
    if dated is None:
        msg = f"The encryption key {kid} is gone."
        raise Undecipherable(msg)
    try:
        return AESGCM(dated.mac).decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(kid, place))
    except (InvalidTag, ValueError):
        msg = "The text was not encrypted for this place."
        raise Undecipherable(msg) from None


def active_kid(now: datetime) -> str:
    """Return the id of the key that encrypts now.

    :raises KeysUnavailable: there is none.
    """
    return keys.keyring().encryption.active(now).key.kid


def _bound(kid: str, place: str) -> bytes:
    return f"bulwark:{kid}:{place}".encode()
