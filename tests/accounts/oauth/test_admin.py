"""The register of clients in the admin."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import OAuthClient, User
from tests.accounts.browser import PASSWORD
from tests.accounts.conftest import Sent
from tests.accounts.oauth.app import App, opens
from tests.accounts.test_admin import client_of

CLIENTS = "/admin/bulwark_accounts/oauthclient/"
NEW: dict[str, Any] = {"name": "Mobile", "client_id": "", "redirect_uris": "com.example.app:/cb", "is_active": "on"}


@pytest.fixture
def admin(db: None) -> Client:
    return client_of(User.objects.create_superuser("admin@example.com", PASSWORD))


def test_a_client_is_registered_and_told_of(admin: Client, sent: list[Sent]) -> None:
    assert admin.post(f"{CLIENTS}add/", NEW).status_code == 302
    client = OAuthClient.objects.get()
    assert len(client.client_id) == 24
    assert (sent[-1].name, sent[-1].target, sent[-1].data["action"]) == ("client_administered", client, "added")


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example.org/cb",
        "http://localhost:3000/cb",
        "https://*.example.org/cb",
        "https://app.example.org/cb#x",
        "https://user@app.example.org/cb",
        "https:///cb",
        "https://app.example.org/a b",
        "https://app.example.org:x/",
        "myapp:/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "app.example.org/cb",
        "",
    ],
)
def test_an_address_that_is_not_safe_is_not_registered(uri: str, admin: Client) -> None:
    response = admin.post(
        f"{CLIENTS}add/", {**NEW, "redirect_uris": f"https://app.example.org/cb\n{uri}" if uri else ""}
    )
    assert response.status_code == 200
    assert not OAuthClient.objects.exists()


@pytest.mark.parametrize("client_id", ["simplejwt", "a b", "x" * 65, "a\n"])
def test_an_id_that_means_something_else_is_not_registered(client_id: str, db: None) -> None:
    client = OAuthClient(client_id=client_id, name="x", redirect_uris="https://app.example.org/cb")
    with pytest.raises(ValidationError):
        client.full_clean()


@pytest.mark.parametrize("act", ["deactivate", "delete", "delete_selected"])
def test_a_client_that_goes_takes_its_sessions_along(act: str, admin: Client, app: App) -> None:
    tokens = app.tokens()
    row = OAuthClient.objects.get()
    if act == "deactivate":
        form = {"name": "App", "redirect_uris": row.redirect_uris}
        assert admin.post(f"{CLIENTS}{row.pk}/change/", form).status_code == 302
    elif act == "delete":
        assert admin.post(f"{CLIENTS}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    else:
        body = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        assert admin.post(CLIENTS, body).status_code == 302
    assert opens(tokens["access_token"]) == 401
    assert app.refresh(tokens["refresh_token"]).status_code == 401


def test_an_id_does_not_change(admin: Client, app: App) -> None:
    row = OAuthClient.objects.get()
    form = {"name": "Renamed", "client_id": "other", "redirect_uris": row.redirect_uris, "is_active": "on"}
    assert admin.post(f"{CLIENTS}{row.pk}/change/", form).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.client_id) == ("Renamed", "app")
