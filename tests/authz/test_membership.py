"""Every change of a membership renews the user's version, in the same transaction, and is told of."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from authz import memory, versions
from authz.models import AuthorizationVersion, Membership, Tenant
from authz.roles import IMPLICIT
from authz.signals import role_granted
from tests.authz.conftest import Cast, Heard

pytestmark = pytest.mark.django_db


def held(cast: Cast, name: str) -> Membership:
    return Membership.objects.get(user=getattr(cast, name))


def save(cast: Cast) -> None:
    row = held(cast, "bob")
    row.role = "author"
    row.save()


CHANGES: list[tuple[str, Callable[[Cast], Any]]] = [
    ("created", lambda cast: Membership.objects.create(user=cast.bob, tenant=cast.other, role="viewer")),
    ("made in bulk", lambda c: Membership.objects.bulk_create([Membership(user=c.bob, tenant=c.other, role="viewer")])),
    ("saved", save),
    ("updated", lambda cast: Membership.objects.filter(user=cast.bob).update(role="author")),
    ("updated in bulk", lambda cast: Membership.objects.bulk_update([changed(cast)], ["role"])),
    ("updated by the user", lambda cast: cast.bob.memberships.update(role="author")),
    ("deleted", lambda cast: held(cast, "bob").delete()),
    ("deleted in bulk", lambda cast: Membership.objects.filter(user=cast.bob).delete()),
    ("deleted with the tenant", lambda cast: cast.acme.delete()),
    ("got or created", lambda cast: Membership.objects.get_or_create(user=cast.bob, tenant=cast.other, role="editor")),
]


def changed(cast: Cast) -> Membership:
    row = held(cast, "bob")
    row.role = "author"
    return row


@pytest.mark.parametrize(("how", "change"), CHANGES, ids=[how for how, _ in CHANGES])
def test_each_change_renews_the_version(cast: Cast, how: str, change: Callable[[Cast], Any]) -> None:
    before = versions.current(cast.bob.pk)
    change(cast)
    after = versions.current(cast.bob.pk)
    assert before != after
    assert 0 < after <= AuthorizationVersion.LARGEST


def test_both_users_are_renewed_when_a_membership_moves(cast: Cast) -> None:
    before = {name: versions.current(getattr(cast, name).pk) for name in ("alice", "bob")}
    Membership.objects.filter(user=cast.bob).update(user=cast.alice)
    assert all(versions.current(getattr(cast, name).pk) != version for name, version in before.items())


def test_what_changes_nothing_renews_nothing(cast: Cast) -> None:
    before = versions.current(cast.bob.pk)
    held(cast, "bob").save()
    Membership.objects.filter(user=cast.bob).update(role="viewer")
    assert versions.current(cast.bob.pk) == before


def test_a_change_that_is_rolled_back_leaves_the_version(cast: Cast) -> None:
    before = versions.current(cast.bob.pk)
    with transaction.atomic():
        save(cast)
        transaction.set_rollback(True)
    assert versions.current(cast.bob.pk) == before


def test_roles_read_in_a_lost_transaction_are_not_believed_later(cast: Cast) -> None:
    """With a counter, the next change would come to the lost number again and find the lost roles remembered."""
    with transaction.atomic():
        Membership.objects.filter(user=cast.bob).update(role="admin")
        assert "admin" in memory.roles_of(cast.bob.pk, cast.acme.pk, version=None)
        transaction.set_rollback(True)
    Membership.objects.filter(user=cast.bob).update(role="author")
    assert memory.roles_of(cast.bob.pk, cast.acme.pk, version=None) == {"author", "viewer", *IMPLICIT}


@pytest.mark.django_db(transaction=True)
def test_a_membership_and_its_version_are_saved_together(cast: Cast) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("the audit log is down")

    before = versions.current(cast.nobody.pk)
    role_granted.connect(broken, weak=False)
    try:
        with pytest.raises(RuntimeError):
            Membership.objects.create(user=cast.nobody, tenant=cast.acme, role="viewer")
    finally:
        role_granted.disconnect(broken)
    assert not Membership.objects.filter(user=cast.nobody).exists()
    assert versions.current(cast.nobody.pk) == before


def test_a_user_can_be_deleted_with_all_memberships(cast: Cast) -> None:
    cast.bob.delete()
    assert not AuthorizationVersion.objects.filter(user_id=cast.bob.pk).exists()
    assert not get_user_model().objects.filter(email="bob@example.com").exists()


def test_each_role_is_held_once(cast: Cast) -> None:
    for tenant in (cast.acme, None):
        Membership.objects.get_or_create(user=cast.bob, tenant=tenant, role="viewer")
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.bulk_create([Membership(user=cast.bob, tenant=tenant, role="viewer")])


def test_a_role_that_is_not_declared_is_refused(cast: Cast) -> None:
    with pytest.raises(ValidationError) as caught:
        Membership(user=cast.bob, tenant=cast.acme, role="emperor").full_clean()
    assert caught.value.error_dict["role"][0].code == "unknown_role"


def test_a_role_that_settings_no_longer_declare_counts_for_nothing(cast: Cast) -> None:
    Membership.objects.bulk_create([Membership(user=cast.nobody, tenant=cast.acme, role="emperor")])
    assert memory.roles_of(cast.nobody.pk, cast.acme.pk, version=None) == IMPLICIT


def test_grants_of_roles_are_told_of(cast: Cast, heard: Heard) -> None:
    row = Membership.objects.create(user=cast.bob, tenant=cast.other, role="viewer", granted_by=cast.dora)
    row.role = "editor"
    row.save()
    row.delete()
    (granted,), (changed,), (revoked,) = (heard.named(f"role_{name}") for name in ("granted", "changed", "revoked"))
    facts = {"user": str(cast.bob.pk), "tenant": str(cast.other.pk), "role": "viewer"}
    assert granted["data"] == facts | {"self_granted": False}
    assert granted["user"] == cast.dora
    assert changed["data"] == facts | {"role": "editor", "before": facts, "self_granted": False}
    assert revoked["data"] == facts | {"role": "editor"}
    assert {event["outcome"] for event in (granted, changed, revoked)} == {"success"}


def test_who_grants_a_role_to_oneself_is_told_of(cast: Cast, heard: Heard) -> None:
    Membership.objects.create(user=cast.dora, tenant=cast.other, role="admin", granted_by=cast.dora)
    assert heard.named("role_granted")[0]["data"]["self_granted"] is True


def test_names_of_tenants_are_shown() -> None:
    assert str(Tenant(name="Acme")) == "Acme"
    assert str(Membership(role="viewer")) == "viewer in all"
    assert str(AuthorizationVersion(version=7)) == "7"
