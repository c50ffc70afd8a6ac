from typing import Any

import pytest

from accounts import signals
from accounts.models import User
from authz.models import Membership, Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def dana() -> User:
    return User.objects.create_user("dana@example.org", name="Dana")


def verified(user: User | None, **other: Any) -> None:
    event = {"request": None, "user": user, "target": user, "outcome": "success", "data": {}, **other}
    signals.email_verified.send(sender=User, **event)


def test_who_verifies_an_address_gets_a_workspace_of_their_own(dana: User) -> None:
    verified(dana)
    membership = Membership.objects.get()
    assert membership.tenant is not None
    assert (membership.user, membership.role, membership.tenant.name) == (dana, "admin", "Dana")


def test_workspaces_of_people_of_one_name_are_apart(dana: User) -> None:
    verified(dana)
    verified(User.objects.create_user("dana@example.com", name="Dana"))
    assert Tenant.objects.count() == 2


def test_verifying_again_opens_no_other(dana: User) -> None:
    verified(dana)
    verified(dana)
    assert Membership.objects.count() == Tenant.objects.count() == 1


def test_a_member_of_a_tenant_gets_none(dana: User) -> None:
    Membership.objects.create(user=dana, tenant=Tenant.objects.create(name="Acme", slug="acme"), role="viewer")
    verified(dana)
    assert Membership.objects.get().role == "viewer"


def test_a_bad_link_opens_nothing() -> None:
    verified(None, outcome="refused")
    assert not Tenant.objects.exists()
