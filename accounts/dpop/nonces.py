"""Values that a proof must hold, so that none can be made in advance (RFC 9449, sections 8 and 11.2).

They are computed from the time and SECRET_KEY: every process knows them, and nothing is stored.
"""

import time

from django.utils.crypto import constant_time_compare

from ..derivation import keyed_hash, keyed_hashes

#: Seconds that a value is handed out; it is accepted for as long again.
PERIOD = 300
_LABEL, _LENGTH = "accounts.dpop_nonce", 32


def current_nonce() -> str:
    """Return the value to hand out now."""
    return keyed_hash(_LABEL, _message(0))[:_LENGTH]


def is_fresh(nonce: str) -> bool:
    """Say whether ``nonce`` was handed out less than ten minutes ago, by this server or another."""
    given = nonce.encode("utf-8", "surrogatepass")
    known = [value[:_LENGTH] for back in (0, 1) for value in keyed_hashes(_LABEL, _message(back))]
    return any(constant_time_compare(given, each) for each in known)


def _message(back: int) -> bytes:
    return (int(time.time()) // PERIOD - back).to_bytes(8, "big")
