"""What the audit log asks about a request that only this project knows: accounts' sessions, authz's tenants.

Only what the request has looked up already is told: the log costs no query of its own.
"""

from django.http import HttpRequest

from accounts.browser_sessions import known_family
from accounts.tokens import AccessToken
from auditlog.detection.travel import country_of
from edge.client_ip import client_ip


def session_id(request: HttpRequest) -> str:
    """Return the id of the session (token family) of the access token or the browser, empty where there is none."""
    token, family = _token(request), known_family(request)
    if token:
        return str(token.claims["sid"])
    return str(family.pk) if family else ""


def tenant(request: HttpRequest) -> str:
    """Return the id of the tenant that the session is for, empty where there is none."""
    token, family = _token(request), known_family(request)
    if token:
        return token.tenant
    return family.tenant if family else ""


def _token(request: HttpRequest) -> AccessToken | None:
    token = vars(request).get("auth")  # REST framework leaves it on Django's request
    return token if isinstance(token, AccessToken) else None


def country(request: HttpRequest) -> str:
    """Return the two letters of the caller's country, empty where no file of places is given (`GEOIP_FILE`)."""
    return country_of(client_ip(request))
