"""Why a token is refused: one stable word each. What a client reads is a problem with that word as its `code`."""

from enum import StrEnum


class Refusal(StrEnum):
    """Words of a refusal. They are told to clients, logged, and counted, so they never change."""

    CSRF = "csrf_failed"
    EXPIRED = "token_expired"
    INVALID = "token_invalid"
    MISSING = "token_missing"
    NONCE = "use_dpop_nonce"
    PROOF = "invalid_dpop_proof"
    REUSED = "token_reused"
    REVOKED = "session_ended"


class TokenRefused(Exception):  # noqa: N818 - errors are past participles
    """A token is not accepted.

    :ivar refusal: the word a client may know.
    :ivar reason: the exact cause, for signals and logs; it carries nothing of the token.
    """

    def __init__(self, refusal: Refusal, reason: str) -> None:
        super().__init__(f"{refusal}: {reason}")
        self.refusal = refusal
        self.reason = reason
