"""Whether a provider's metadata are its own (OpenID Connect Discovery, section 4.3; OWASP ASVS 5.0, V10.5.3)."""

from typing import Any

from requests import RequestException, Response

_WELL_KNOWN = "/.well-known/openid-configuration"


class IssuerMistaken(RequestException):
    """The metadata name another issuer than the one that they were asked of: one provider would pass for another."""


def check_issuer(response: Response, *_: Any, **__: Any) -> None:
    """Check what a provider answers; a hook for each response of a session of requests.

    :raises IssuerMistaken: these are metadata, and of another issuer, or elsewhere.
    """
    if not response.url.endswith(_WELL_KNOWN) or not (response.ok or response.is_redirect):
        return
    metadata = {} if response.is_redirect else response.json()
    issuer = metadata.get("issuer") if isinstance(metadata, dict) else None
    if not isinstance(issuer, str) or issuer.removesuffix("/") != response.url.removesuffix(_WELL_KNOWN):
        raise IssuerMistaken("The metadata name another issuer.", response=response)
