"""Lets the pages of registered clients call from their own origins."""

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from ..models import OAuthClient

_HEADERS = {
    "Access-Control-Allow-Headers": "content-type, dpop",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Expose-Headers": "DPoP-Nonce, Retry-After, WWW-Authenticate",
    "Access-Control-Max-Age": "600",
}


def allow_origin(request: HttpRequest, response: HttpResponse) -> None:
    """Let a page read the answer whose origin an active client has a redirect URI on; never with cookies."""
    patch_vary_headers(response, ["Origin"])
    origin = request.headers.get("Origin", "")
    if not origin or not _is_registered(origin):
        return
    response["Access-Control-Allow-Origin"] = origin
    for name, value in _HEADERS.items():
        response[name] = value


def _is_registered(origin: str) -> bool:
    if "\x00" in origin:
        return False
    candidates = OAuthClient.objects.filter(is_active=True, redirect_uris__contains=origin)
    return any(origin in client.origins for client in candidates)
