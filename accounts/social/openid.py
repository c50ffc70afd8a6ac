"""What a provider signs of somebody: checked although it comes from the provider itself.

OpenID Connect Core, section 3.1.3.7, lets a client believe TLS instead of the signature; allauth does, and sends no
nonce. Here the nonce is checked wherever an ID token comes, and with OpenID Connect the signature too, so that a proxy
that ends TLS, or a code that was put into somebody else's browser, makes nobody somebody else (RFC 9700, section 4.5.3;
OWASP ASVS 5.0, V10.5.1 and V10.5.4).
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import get_random_string

from .. import jose
from ..errors import TokenRefused

KIND = "openid_connect"
#: The kinds of providers that sign whom they vouch for. Of Google and Apple allauth keeps the claims as they are, and
#: what Google's userinfo say, which have no nonce, where there is no ID token.
SIGNING = frozenset({"apple", "google", KIND})
#: What a provider may sign with: never `none`, nor a secret that the client has as well.
ALGORITHMS = frozenset(alg for alg, (kind, _) in jose.KEY_TYPES.items() if kind != "oct")


def asked_for(provider: Any) -> dict[str, Any]:
    """Return what a provider is asked besides allauth's own, and what is noted of it: a nonce where it signs."""
    if provider.id not in SIGNING:
        return {}
    nonce = get_random_string(32)
    asked = {"auth_params": {**provider.get_auth_params(), "nonce": nonce}, "nonce": nonce}
    # OpenID Connect Core, section 3.1.2.1: without this scope nothing says that a nonce comes back.
    return {**asked, "scope": ["openid", *provider.get_scope()]} if provider.id == "google" else asked


def check_nonce(sociallogin: Any) -> None:
    """Check that an ID token was made for the request that this browser has sent.

    :raises OAuth2Error: it was made for another one; or there is none, of a provider that signs them.
    """
    if (kind := sociallogin.provider.id) not in SIGNING:
        return
    nonce, data = sociallogin.state.get("nonce"), sociallogin.account.extra_data
    signed = data["id_token"] if kind == KIND else data
    if not nonce or signed.get("nonce") != nonce:
        raise OAuth2Error("The ID token has another nonce.")


class SignedOpenIDAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth is untyped
    """Takes nobody's word but what the provider has signed for this client, and what it says of the same person."""

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **kwargs: Any) -> Any:
        """Return whom the ID token names.

        :raises OAuth2Error: there is none, or not one of this provider, for this client, and of now.
        """
        claims = self._claims_of(kwargs["response"].get("id_token"), app.client_id)
        data = {"id_token": claims}
        if app.settings.get("fetch_userinfo", True):
            data["userinfo"] = self._fetch_user_info(token.token)
            # OpenID Connect Core, section 5.3.2: allauth believes these rather than the ID token.
            if data["userinfo"].get("sub") != claims["sub"]:
                raise OAuth2Error("The ID token is of somebody else.")
        return self.get_provider().sociallogin_from_response(request, data)

    def _claims_of(self, text: Any, client_id: str) -> dict[str, Any]:
        algorithm = _algorithm_of(text) if isinstance(text, str) else None
        if algorithm not in ALGORITHMS:
            raise OAuth2Error("No ID token with a signature.")
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=text,
            keys_url=self.openid_config["jwks_uri"],
            issuer=self.openid_config["issuer"],
            audience=client_id,
            lookup_kid=partial(find_key, algorithm=algorithm),
        )
        is_shared = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if not {"exp", "iat", "nonce", "sub"} <= claims.keys() or not claims["sub"]:
            raise OAuth2Error("The ID token lacks a claim.")
        if claims.get("azp", None if is_shared else client_id) != client_id:
            raise OAuth2Error("The ID token is for another client.")
        return claims


def find_key(keys: Mapping[str, Any], kid: str, *, algorithm: str) -> Any:
    """Return the public key of an id that a signature may be checked with; None where there is none.

    A key need not name its algorithm (RFC 7517, section 4.4), but only one of its own kind and curve is taken. allauth
    believes that a key which names none is for RS256. `key_ops` are not looked at, nor how an id is spelt: some
    providers publish the operations of the private key, and any ids.
    """
    for jwk in keys["keys"]:
        if jwk.get("kid") == kid and jwk.get("alg", algorithm) == algorithm:
            with suppress(jose.KeyRefused):
                read = {name: value for name, value in jwk.items() if name != "key_ops"}
                return jose.load_key({**read, "alg": algorithm, "kid": "theirs"}).public
    return None


def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take the answer of a provider of OpenID Connect."""
    try:
        adapter = SignedOpenIDAdapter(request, provider_id)
        response: HttpResponse = OAuth2CallbackView.adapter_view(adapter)(request)
    except SocialApp.DoesNotExist:
        raise Http404 from None
    return response


def _algorithm_of(text: str) -> Any:
    try:
        return jose.read_object(jose.decode_segment(text.partition(".")[0]), "malformed_header").get("alg")
    except TokenRefused:
        raise OAuth2Error("The ID token cannot be read.") from None
