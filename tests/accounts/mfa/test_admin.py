"""Taking lost factors away in the admin."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import TotpDevice, User
from tests.accounts.browser import PASSWORD, Browser
from tests.accounts.conftest import Sent
from tests.accounts.mfa.devices import Phone

USERS = "/admin/bulwark_accounts/user/"


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin@example.com", PASSWORD))
    return client


def reset(client: Client, user: User, reason: str) -> Any:
    body = {"action": "reset_mfa", "_selected_action": [str(user.pk)], "reason": reason}
    return client.post(USERS, body, secure=True)


def test_a_reset_needs_a_reason_and_is_told(
    admin: Client, owner: Browser, phone: Phone, alice: User, sent: list[Sent]
) -> None:
    assert reset(admin, alice, " ").status_code == 302
    assert TotpDevice.objects.exists()
    assert reset(admin, alice, "Known by voice").status_code == 302
    assert not TotpDevice.objects.exists()
    assert owner.send("GET", "me").status_code == 401
    told = next(each for each in sent if each.name == "mfa_reset")
    assert (told.user.email, told.target, told.data["by"]) == ("admin@example.com", alice, "admin")
    assert told.data["reason"] == "Known by voice"


def test_who_may_change_users_resets_no_superuser(owner: Browser, phone: Phone, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    staff = User.objects.create_user("staff@example.com", PASSWORD, is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    client = Client()
    client.force_login(staff)
    reset(client, alice, "Known by voice")
    assert TotpDevice.objects.exists()


def test_no_page_shows_a_seed_or_a_code(admin: Client, phone: Phone, alice: User) -> None:
    page = admin.get(f"{USERS}{alice.pk}/change/", secure=True).content.decode()
    assert "alice@example.com" in page
    for path in ("totpdevice", "recoverycode", "passkey", "spenttoken"):
        assert admin.get(f"/admin/bulwark_accounts/{path}/", secure=True).status_code == 404
