"""Which providers there are: those of the settings, never of the database."""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings


@dataclass(frozen=True)
class Provider:
    """One provider, as a button names it."""

    id: str
    name: str


#: What people call the providers that have one app only.
NAMES = {"apple": "Apple", "github": "GitHub", "google": "Google"}


def is_installed() -> bool:
    """Say whether allauth is there."""
    return apps.is_installed("allauth.socialaccount")


def offered() -> list[Provider]:
    """Return the providers that somebody may sign in with; none without allauth."""
    if not is_installed():
        return []
    return [_provider(kind, app) for kind, options in configured().items() for app in options.get("APPS", ())]


def configured() -> dict[str, Any]:
    """Return allauth's options by kind of provider: `google`, `openid_connect`."""
    found: dict[str, Any] = getattr(settings, "SOCIALACCOUNT_PROVIDERS", {})
    return found


def _provider(kind: str, app: dict[str, Any]) -> Provider:
    id_ = app.get("provider_id") or kind
    return Provider(id_, app.get("name") or NAMES.get(id_, id_))
