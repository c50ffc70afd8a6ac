"""Apple's answer, of which only what Apple signs counts.

With the first sign-in the browser brings a form field `user`, with the name and the address. Nobody signs it: whoever
sits at the browser writes it. allauth lets it fill in what the signed `id_token` lacks, the address of an account that
has none there or the word that one is verified. Here the name alone is taken from it, which proves nothing.

The form comes without our cookies, so allauth keeps it in a session of its own until the browser comes back with them.
That session holds an `id_token`: it ends when the browser is back, whatever came of it, and soon where it never is.
"""

from datetime import timedelta
from typing import Any

from allauth.socialaccount.providers.apple.apple_session import get_apple_session
from allauth.socialaccount.providers.apple.views import AppleOAuth2Adapter, apple_post_callback
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.http import HttpRequest, HttpResponse

#: How long the browser may take from one of our routes to the next.
LIFETIME = timedelta(minutes=5)


class SignedAppleAdapter(AppleOAuth2Adapter):  # type: ignore[misc]  # allauth is untyped
    """Takes a name from the browser, and nothing else."""

    def get_user_scope_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return the name that the browser has brought, as allauth reads it; empty without one."""
        given = super().get_user_scope_data(request)
        name = given.get("name") if isinstance(given, dict) else None
        parts = name if isinstance(name, dict) else {}
        return {"name": {part: str(parts.get(part) or "") for part in ("firstName", "lastName")}}


_finish = OAuth2CallbackView.adapter_view(SignedAppleAdapter)


def receive(request: HttpRequest) -> HttpResponse:
    """Keep the form that the browser brings from Apple, and send the browser on to `finish`."""
    get_apple_session(request).store.set_expiry(LIFETIME)
    response: HttpResponse = apple_post_callback(request)
    return response


def finish(request: HttpRequest) -> HttpResponse:
    """Sign the browser in by what it has brought, or refuse it; what was kept is gone then."""
    try:
        response: HttpResponse = _finish(request)
    finally:
        get_apple_session(request).delete()
    return response
