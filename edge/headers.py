"""Which headers every answer carries: one profile for the API's JSON, one for pages. What a view has set stays."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase, ResponseHeaders
from rest_framework.exceptions import APIException

from .client_ip import is_from_proxy
from .conf import conf
from .middleware import Middleware
from .problems import HttpsRequired, is_api

#: JSON is for programs: no page may embed it, run it, frame it, keep it or learn where it was asked from.
API_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
#: Pages get their content security policy from django-csp, and the rest of theirs from Django. `no-referrer` would
#: break Django's CSRF check over HTTPS, which compares the referrer.
PAGE_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
#: Whatever else there is, as an export or a script, is no other site's to load.
OTHER_HEADERS = {"Cross-Origin-Resource-Policy": "same-origin"}


class HeadersMiddleware(Middleware):
    """Adds the API's profile to what is no page under `API_PREFIXES`, the pages' to pages, one line to the rest.

    It stands inside `SecurityMiddleware` and `CSPMiddleware`: they add only what is not there yet.
    """

    def after(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        add_headers(request, response)
        return response


def add_headers(request: HttpRequest, response: HttpResponseBase) -> None:
    """Add the profile that fits the answer."""
    if response.headers.get("Content-Type", "").startswith("text/html"):
        profile = {**PAGE_HEADERS, **conf.page_headers}
    elif is_api(request):
        profile = {**API_HEADERS, **conf.api_headers}
    else:
        profile = OTHER_HEADERS
    # Put below what is there, checked before: to set them one by one checks each letter again, for each answer.
    lines = vars(response.headers)
    lines["_store"] = {**_checked(tuple(profile.items())), **lines["_store"]}


@lru_cache(maxsize=16)
def _checked(profile: tuple[tuple[str, str], ...]) -> Mapping[str, tuple[str, str]]:
    """Return the lines of a profile as Django keeps those that it has checked."""
    kept = vars(ResponseHeaders({name: value for name, value in profile if value}))
    checked: Mapping[str, tuple[str, str]] = kept["_store"]
    return checked


class HttpsRequiredMiddleware(Middleware):
    """With `SECURE_SSL_REDIRECT`, refuses the API over plain HTTP with 403; pages are Django's to redirect.

    The header of `SECURE_PROXY_SSL_HEADER` is believed from `TRUSTED_PROXIES` only: Django would believe anybody.
    It stands outside `SecurityMiddleware`.
    """

    def before(self, request: HttpRequest) -> None:
        if settings.SECURE_PROXY_SSL_HEADER and not is_from_proxy(request):
            meta: dict[str, Any] = request.META
            meta.pop(settings.SECURE_PROXY_SSL_HEADER[0], None)
        if settings.SECURE_SSL_REDIRECT and not request.is_secure() and is_api(request):
            raise HttpsRequired

    def refuse(self, request: HttpRequest, problem: APIException) -> HttpResponseBase:
        response = super().refuse(request, problem)
        add_headers(request, response)  # the middleware that does it stands further in
        return response
