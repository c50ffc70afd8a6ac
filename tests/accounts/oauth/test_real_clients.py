"""Real clients at a live server: npm's `oauth4webapi` and `dpop` go the whole way, and what must be refused is."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import OAuthClient, TokenFamily
from tests.accounts.browser import PASSWORD
from tests.accounts.conftest import make_user
from tests.accounts.oauth.app import register
from tests.clients import node

pytestmark = pytest.mark.django_db(transaction=True)
REDIRECT = "http://127.0.0.1:49152/callback"


@pytest.fixture
def client_row(db: None) -> OAuthClient:
    return register("spa", "http://127.0.0.1/callback")


@pytest.fixture
def issuer(live_server: LiveServer, settings: Settings) -> Iterator[str]:
    """The live server's address, which it knows itself by."""
    make_user("alice")
    edge = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}
    accounts = {**settings.BULWARK_ACCOUNTS, "ISSUER": live_server.url, "COOKIE_PREFIX": ""}
    with override_settings(BULWARK_EDGE=edge, BULWARK_ACCOUNTS=accounts):
        yield live_server.url


def flow(issuer: str, **wanted: Any) -> dict[str, Any]:
    return node.run(
        "code_flow.mjs",
        issuer=issuer,
        clientId="spa",
        redirectUri=REDIRECT,
        email="alice@example.com",
        password=PASSWORD,
        **wanted,
    )


@pytest.mark.usefixtures("client_row")
def test_oauth4webapi_goes_the_whole_way_and_is_refused_what_it_should_be(issuer: str) -> None:
    invalid = {"status": 400, "error": "invalid_grant"}
    assert flow(issuer) == {
        "loginPage": "/account/login",
        "tokenType": "bearer",
        "nonceReturned": True,
        "me": 200,
        "refreshed": True,
        "meAfterRefresh": 200,
        "revoked": invalid,
        "meAfterRevoke": 401,
        "wrongVerifier": invalid,
        "otherRedirect": invalid,
        "replayed": invalid,
        "meAfterReplay": 401,
        "plain": "invalid_request",
        "alteredRedirect": [400, None],
        "mixUp": "OAUTH_INVALID_RESPONSE",
    }
    assert not TokenFamily.objects.filter(client="spa", revoked_at=None).exists()


def test_oauth4webapi_binds_its_tokens_to_a_key(issuer: str, client_row: OAuthClient) -> None:
    OAuthClient.objects.filter(pk=client_row.pk).update(requires_dpop=True)
    found = flow(issuer, bound=True)
    assert (found["tokenType"], found["nonceAsked"]) == ("dpop", True)
    assert (found["me"], found["meAfterRefresh"], found["meAfterRevoke"]) == (200, 200, 401)
    assert found["stolenRefresh"] == {"status": 400, "error": "invalid_dpop_proof"}
    assert found["stolenRefreshOtherKey"] == {"status": 400, "error": "invalid_grant"}
    assert found["stolenAccess"] == 401


def test_npm_dpop_binds_a_login_at_the_api_to_a_key(issuer: str) -> None:
    algorithms = ["ES256", "Ed25519", "PS256", "RS256"]
    found = node.run(
        "bound_login.mjs", issuer=issuer, email="alice@example.com", password=PASSWORD, algorithms=algorithms
    )
    assert found.pop("nonceAsked") == len(algorithms)
    expected = {
        "login": 200,
        "type": "DPoP",
        "me": 200,
        "bound": True,
        "replayed": 401,
        "stolenAccess": 401,
        "stolenRefresh": "invalid_dpop_proof",
        "stolenRefreshNoKey": "invalid_dpop_proof",
        "refreshed": 200,
    }
    rsa = {**expected, "short": "invalid_dpop_proof"}
    assert found == {"ES256": expected, "Ed25519": expected, "PS256": rsa, "RS256": rsa}
