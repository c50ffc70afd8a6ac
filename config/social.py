"""Signing in with accounts elsewhere, where SOCIAL_PROVIDERS names providers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured

KINDS = ("apple", "github", "google", "openid_connect")
_OF_ALLAUTH = ("client_id", "key", "name", "provider_id", "secret")
_APP = {*_OF_ALLAUTH, "provider", "server_url", "settings", "trusted_domains"}


def social_settings(
    text: str, *, apps: Sequence[str], middleware: Sequence[str], accounts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the settings that switch signing in with others on, to be added to those of the project.

    :param text: a JSON list, each item with `provider` (google, github, apple, openid_connect), `client_id`, `secret`,
        and for openid_connect `provider_id`, `name` and `server_url`; `trusted_domains` are those of
        `SOCIAL_TRUSTED_DOMAINS`, further `settings` go to allauth.
    :param apps: INSTALLED_APPS so far.
    :param middleware: MIDDLEWARE so far.
    :param accounts: BULWARK_ACCOUNTS so far.
    :raises ImproperlyConfigured: it is not.
    """
    providers: dict[str, dict[str, Any]] = {}
    trusted: dict[str, Any] = {}
    for item in _items(text):
        kind = item["provider"]
        own = {"server_url": item["server_url"]} if "server_url" in item else {}
        app: dict[str, Any] = {name: item[name] for name in _OF_ALLAUTH if name in item}
        app["settings"] = {**own, **item.get("settings", {})}
        entry = providers.setdefault(kind, {"APPS": [], "OAUTH_PKCE_ENABLED": True})
        entry["APPS"].append(app)
        trusted[app.get("provider_id", kind)] = item.get("trusted_domains", [])
    return {
        "INSTALLED_APPS": [
            *apps,
            "allauth",
            "allauth.account",
            "allauth.socialaccount",
            *(f"allauth.socialaccount.providers.{kind}" for kind in providers),
        ],
        "MIDDLEWARE": [*middleware, "allauth.account.middleware.AccountMiddleware"],
        "BULWARK_ACCOUNTS": {**accounts, "SOCIAL_TRUSTED_DOMAINS": trusted},
        "SOCIALACCOUNT_PROVIDERS": providers,
        "SOCIALACCOUNT_ADAPTER": "accounts.social.adapter.SocialAdapter",
        # Users have no user name, and allauth neither mails nor signs anybody up.
        "ACCOUNT_USER_MODEL_USERNAME_FIELD": None,
        "ACCOUNT_LOGIN_METHODS": {"email"},
        "ACCOUNT_SIGNUP_FIELDS": ["email*"],
        "ACCOUNT_EMAIL_VERIFICATION": "none",
    }


def _items(text: str) -> list[dict[str, Any]]:
    try:
        items = json.loads(text)
    except ValueError:
        raise ImproperlyConfigured("SOCIAL_PROVIDERS is no JSON.") from None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ImproperlyConfigured("SOCIAL_PROVIDERS is a list of objects.")
    for item in items:
        if item.get("provider") not in KINDS or not item.get("client_id") or set(item) - _APP:
            known = f"each has a provider ({', '.join(KINDS)}) and a client_id, and nothing beside {sorted(_APP)}"
            raise ImproperlyConfigured(f"SOCIAL_PROVIDERS: {known}.")
        if item["provider"] == "openid_connect" and not (item.get("provider_id") and item.get("server_url")):
            raise ImproperlyConfigured("SOCIAL_PROVIDERS: openid_connect needs provider_id and server_url.")
    return items
