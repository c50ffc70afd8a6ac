"""Apple's answer, of which only what Apple signs counts.

With the first sign-in the browser brings a form field `user`, with the name and the address. Nobody signs it: whoever
sits at the browser writes it. allauth lets it fill in what the signed `id_token` lacks, the address of an account that
has none there or the word that one is verified. Here the name alone is taken from it, which proves nothing.
"""

from typing import Any

from allauth.socialaccount.providers.apple.views import AppleOAuth2Adapter
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.http import HttpRequest


class SignedAppleAdapter(AppleOAuth2Adapter):  # type: ignore[misc]  # allauth is untyped
    """Takes a name from the browser, and nothing else."""

    def get_user_scope_data(self, request: HttpRequest) -> dict[str, Any]:
        """Return the name that the browser has brought, as allauth reads it; empty without one."""
        given = super().get_user_scope_data(request)
        name = given.get("name") if isinstance(given, dict) else None
        parts = name if isinstance(name, dict) else {}
        return {"name": {part: str(parts.get(part) or "") for part in ("firstName", "lastName")}}


finish = OAuth2CallbackView.adapter_view(SignedAppleAdapter)
