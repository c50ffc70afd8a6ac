import pytest

from accounts.models import OAuthClient, User
from tests.accounts.conftest import make_user
from tests.accounts.oauth.app import APP, App, register


@pytest.fixture
def alice(db: None) -> User:
    return make_user("alice")


@pytest.fixture
def client_row(db: None) -> OAuthClient:
    return register(APP)


@pytest.fixture
def app(alice: User, client_row: OAuthClient) -> App:
    """An app whose user, alice, is logged in with her browser."""
    one = App(client_row)
    one.log_in("alice@example.com")
    return one
