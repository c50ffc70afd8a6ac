"""What a client can find out about this server by itself (RFC 8414)."""

from typing import Any
from urllib.parse import urlsplit

from django.urls import reverse

from .. import dpop
from ..conf import conf
from .authorization import PROMPTS
from .grants import GRANT_TYPES
from .pkce import METHOD


def metadata() -> dict[str, Any]:
    """Return the document; its addresses are on the host of the issuer, not on the one that was asked."""
    return {
        "issuer": conf.issuer,
        "authorization_endpoint": _address("oauth-authorize"),
        "token_endpoint": _address("oauth-token"),
        "revocation_endpoint": _address("oauth-revoke"),
        "jwks_uri": _address("jwks"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "prompt_values_supported": sorted(PROMPTS),
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": [METHOD],
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
    }


def _address(name: str) -> str:
    issuer = urlsplit(conf.issuer)
    return f"{issuer.scheme}://{issuer.netloc}{reverse(f'bulwark_accounts_site:{name}')}"
