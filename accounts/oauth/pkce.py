"""Proof Key for Code Exchange (RFC 7636), with S256 and nothing else."""

import hashlib
import re

from django.utils.crypto import constant_time_compare

from .. import jose

METHOD = "S256"
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)


def is_challenge(text: str) -> bool:
    """Say whether ``text`` can be the SHA-256 of a verifier."""
    return _CHALLENGE.fullmatch(text) is not None


def is_verified(verifier: str, challenge: str) -> bool:
    """Say whether ``verifier`` is what ``challenge`` was computed from."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    return constant_time_compare(jose.encode_segment(hashlib.sha256(verifier.encode()).digest()), challenge)
