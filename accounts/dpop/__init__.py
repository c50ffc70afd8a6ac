"""Tokens that are worth nothing without a key (DPoP, RFC 9449): opt-in for each OAuth client and each login."""

from .errors import ALGORITHMS, MESSAGES, ProofRefused
from .nonces import current_nonce
from .proofs import check_possession, proven_key

__all__ = [
    "ALGORITHMS",
    "MESSAGES",
    "ProofRefused",
    "check_possession",
    "current_nonce",
    "proven_key",
]
