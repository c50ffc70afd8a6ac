"""What keeps other sites from using the refresh cookie."""

from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from .conf import conf
from .derivation import keyed_hash, keyed_hashes

HEADER = "X-CSRF-Token"
_LABEL = "accounts.refresh_csrf"


def csrf_token(family_id: UUID) -> str:
    """Return the CSRF token of a session: who can write cookies for this host still cannot make one."""
    return keyed_hash(_LABEL, family_id.bytes)


def is_csrf_token(token: str, family_id: UUID) -> bool:
    """Say whether ``token`` is the session's, under SECRET_KEY or one of its fallbacks."""
    given = token.encode("utf-8", "surrogatepass")
    return any(constant_time_compare(given, known) for known in keyed_hashes(_LABEL, family_id.bytes))


def is_same_origin(request: HttpRequest) -> bool:
    """Say whether a request that may use the cookie comes from a page of this site or of a trusted origin.

    `Sec-Fetch-Site` is the browser's own word, `Origin` its older one. A program that is no browser sends neither; no
    other site can make it send its cookie, and it needs the CSRF token all the same.
    """
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    if origin is not None and origin in conf.trusted_origins:
        return True
    if site not in {None, "same-origin", "none"}:
        return False
    return origin is None or is_own_origin(origin, request)


def is_own_origin(origin: str, request: HttpRequest) -> bool:
    """Say whether an origin is this site's, or one that the settings trust."""
    if origin in conf.trusted_origins or (conf.site_url and origin == conf.site_url):
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return (parts.scheme, parts.netloc) == (request.scheme, request.get_host())
