"""Takes over from allauth once a provider has answered; `SOCIALACCOUNT_ADAPTER` names it."""

from collections.abc import Sequence
from typing import Any, NoReturn

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from django.http import HttpRequest

from ..names import seen_of
from .linking import Identity, SocialFault
from .metadata import check_issuer
from .openid import check_nonce
from .views import answer, refusal


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Ends allauth's part: it logs nobody in, makes no account and links none."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> NoReturn:
        """Answer with a session of ours, or a refusal; allauth goes no further.

        :raises OAuth2Error: the answer is not for what this browser has asked; allauth calls `on_authentication_error`.
        """
        check_nonce(sociallogin)
        verified = [each.email for each in sociallogin.email_addresses if each.verified is True]
        identity = Identity(
            provider=sociallogin.account.provider,
            uid=sociallogin.account.uid,
            email=verified[0] if verified else "",
            name=getattr(sociallogin.user, "social_name", ""),
            is_mailbox_theirs=_is_mailbox_theirs(sociallogin, verified[0]) if verified else False,
        )
        raise ImmediateHttpResponse(answer(request, identity, state=sociallogin.state))

    def on_authentication_error(self, request: HttpRequest, *_: Any, **__: Any) -> NoReturn:
        """Answer when the provider refuses, the user cancels, or the answer is not for this browser."""
        raise ImmediateHttpResponse(refusal(request, SocialFault.FAILED))

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> Any:  # noqa: ARG002
        """Keep the name that the provider gives; the user object itself is never saved."""
        parts = (data.get("first_name"), data.get("last_name"))
        name = data.get("name") or " ".join(part for part in parts if part)
        sociallogin.user.social_name = seen_of(str(name)).strip()
        return sociallogin.user

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:  # noqa: ARG002
        """Say no: accounts are made by `linking`."""
        return False

    def get_requests_session(self) -> Any:
        """Return what asks providers: metadata of another issuer are refused."""
        session = super().get_requests_session()
        session.hooks["response"].append(check_issuer)
        return session

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> Sequence[Any]:  # noqa: ARG002
        """Return the apps of the settings: a row in the database makes no provider."""
        found = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in found.values() for app in apps]


def _is_mailbox_theirs(sociallogin: Any, email: str) -> bool:
    """Say whether the provider can know that the address is still the person's, as far as it tells.

    Google has verified any address once that somebody opened an account with; it keeps the mailbox of those at Gmail,
    and of those in an organisation, which it names in `hd`.
    """
    data = sociallogin.account.extra_data
    claims = data["id_token"] if isinstance(data.get("id_token"), dict) else data
    if sociallogin.provider.id != "google" and claims.get("iss") != "https://accounts.google.com":
        return True
    return bool(claims.get("hd")) or email.lower().endswith(("@gmail.com", "@googlemail.com"))
