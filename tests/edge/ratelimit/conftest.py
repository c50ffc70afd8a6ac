"""What the tests of limits stand on."""

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _login_by_address(settings: Settings) -> None:
    """The project counts logins by more than the address, which takes a trip of its own: here the edge is tested."""
    limits = settings.BULWARK_EDGE["RATELIMITS"]
    login = {**limits["login"], "key": "ip"}
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMITS": {**limits, "login": login}}
