"""The session that a request is made with, whichever way it is made."""

from django.http import HttpRequest
from rest_framework.request import Request

from .browser_sessions import family_of
from .mfa.requirement import is_due
from .models import TokenFamily
from .tokens import AccessToken


def current_family(request: Request | HttpRequest) -> TokenFamily | None:
    """Return the session behind an access token or behind a browser's cookie, or None.

    A browser's session counts in a REST framework view only where the view has authenticated by it: another has not
    checked the CSRF token.
    """
    if token := current_token(request):
        return token.family
    if isinstance(request, Request):
        is_known = request.user.is_authenticated
        inner: HttpRequest = request._request  # noqa: SLF001 - REST framework has no public name for it
    else:
        is_known, inner = True, request
    family = family_of(inner) if is_known and hasattr(inner, "session") else None
    if family is None or _is_waiting(inner, family):
        return None
    # A host's view may go by a header while the browser's cookie is somebody else's.
    is_another = isinstance(request, Request) and request.user.pk != family.user_id
    return None if is_another else family


def current_token(request: Request | HttpRequest) -> AccessToken | None:
    """Return the access token that a request was authenticated by, or None."""
    token = request.auth if isinstance(request, Request) else vars(request).get("auth")
    return token if isinstance(token, AccessToken) else None


def _is_waiting(request: HttpRequest, family: TokenFamily) -> bool:
    """Say whether the user has yet to show a second factor; the pages where that is done have said who it is."""
    return is_due(family.user, family) and not (hasattr(request, "user") and request.user.is_authenticated)
