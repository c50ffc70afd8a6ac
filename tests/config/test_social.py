"""What SOCIAL_PROVIDERS comes to."""

import json
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.social import social_settings

GOOGLE = {"provider": "google", "client_id": "c", "secret": "s"}
CORP = {"provider": "openid_connect", "provider_id": "corp", "server_url": "https://id.example", "client_id": "c"}


def settings(text: str) -> dict[str, Any]:
    return social_settings(text, apps=["ours"], middleware=["first"], accounts={"ISSUER": "x"})


def test_providers_are_added_to_what_is_there() -> None:
    found = settings(json.dumps([GOOGLE, {**CORP, "trusted_domains": ["corp.example"]}]))
    assert found["INSTALLED_APPS"][0] == "ours"
    assert "allauth.socialaccount.providers.google" in found["INSTALLED_APPS"]
    assert found["MIDDLEWARE"] == ["first", "allauth.account.middleware.AccountMiddleware"]
    assert found["BULWARK_ACCOUNTS"] == {
        "ISSUER": "x",
        "SOCIAL_TRUSTED_DOMAINS": {"google": [], "corp": ["corp.example"]},
    }
    providers = found["SOCIALACCOUNT_PROVIDERS"]
    assert all(each["OAUTH_PKCE_ENABLED"] for each in providers.values())
    assert providers["openid_connect"]["APPS"][0]["settings"] == {"server_url": "https://id.example"}


@pytest.mark.parametrize(
    "value",
    [
        "no JSON",
        "{}",
        "[1]",
        [{**GOOGLE, "provider": "myspace"}],
        [{**GOOGLE, "client_id": ""}],
        [{**GOOGLE, "sceret": "s"}],
        [{**CORP, "server_url": ""}],
        [{**CORP, "provider_id": ""}],
    ],
)
def test_nonsense_is_refused(value: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="SOCIAL_PROVIDERS"):
        settings(value if isinstance(value, str) else json.dumps(value))
