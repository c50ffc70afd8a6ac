"""What a client is told whose proof is not accepted."""

from django.utils.translation import gettext_lazy as _

from ..errors import Refusal, TokenRefused
from .nonces import current_nonce

#: Algorithms of a proof: asymmetric ones only (RFC 9449, section 4.2). Ed25519 is EdDSA by its newer name (RFC 9864).
ALGORITHMS = ("ES256", "ES384", "ES512", "EdDSA", "Ed25519", "PS256", "RS256")
MESSAGES = {
    Refusal.NONCE: _("Make the proof again with the value of DPoP-Nonce in it."),
    Refusal.PROOF: _("The header DPoP has no proof, or one that does not fit this request and the token."),
}


class ProofRefused(TokenRefused):
    """A proof is missing, wrong, or used before.

    :ivar reason: the exact cause, for signals and logs.
    """

    def __init__(self, reason: str, refusal: Refusal = Refusal.PROOF) -> None:
        super().__init__(refusal, reason)

    @property
    def headers(self) -> dict[str, str]:
        """Header lines for the answer (RFC 9449, sections 7.1 and 8)."""
        return {"DPoP-Nonce": current_nonce(), "WWW-Authenticate": challenge(self.refusal)}


def challenge(error: str) -> str:
    """Return the WWW-Authenticate line that asks for a proof."""
    return f'DPoP realm="api", error="{error}", algs="{" ".join(ALGORITHMS)}"'
