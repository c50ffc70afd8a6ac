"""What the audit log asks about a request that only this project knows: accounts' sessions, authz's tenants."""

from django.http import HttpRequest

from accounts.tokens import AccessToken


def session_id(request: HttpRequest) -> str:
    """Return the id of the session (token family) of the access token, empty where the request has none."""
    token = _token(request)
    return str(token.claims["sid"]) if token else ""


def tenant(request: HttpRequest) -> str:
    """Return the id of the tenant that the access token names, empty where the request has none."""
    token = _token(request)
    return token.tenant if token else ""


def _token(request: HttpRequest) -> AccessToken | None:
    token = vars(request).get("auth")  # REST framework leaves it on Django's request
    return token if isinstance(token, AccessToken) else None
