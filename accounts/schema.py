"""How to authenticate, in the OpenAPI document."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from .authentication import JWTAuthentication

_PROVES = "A proof of the caller's key for this one request (RFC 9449)"
#: For routes that give tokens: with a proof in it, the session is bound to the key, or shown to be used with it.
PROOF = OpenApiParameter("DPoP", str, OpenApiParameter.HEADER, description=f"{_PROVES}; needed for a bound session")
#: What comes with a refused proof.
NONCE_HEADER = {"DPoP-Nonce": {"schema": {"type": "string"}, "description": "For the next proof"}}


def register() -> None:
    """Tell drf-spectacular about the authentication class: importing an extension is what registers it."""


class AccessTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its metaclass is untyped
    """Access tokens are JWTs: bearer tokens, or bound to a key and sent with its proof."""

    target_class = JWTAuthentication
    name = ["accessToken", "boundToken", "proof"]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[Any]]]:  # noqa: ARG002 - its signature
        return [{"accessToken": []}, {"boundToken": [], "proof": []}]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:  # noqa: ARG002 - as above
        return [
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            {"type": "http", "scheme": "DPoP", "description": "An access token that is bound to a key (RFC 9449)"},
            {"type": "apiKey", "in": "header", "name": "DPoP", "description": _PROVES},
        ]
