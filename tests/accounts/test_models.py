"""What the database itself holds on to."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from accounts.models import TokenFamily, User, normalize_email
from tests.accounts.test_authentication import family_of


@pytest.mark.parametrize(
    "values",
    [
        {"generation": 0},
        {"idle_expires_at": timezone.now() + timedelta(days=60)},
        {"revoke_reason": "without a date"},
    ],
)
def test_a_session_that_makes_no_sense_cannot_be_stored(values: dict[str, object], alice: User) -> None:
    family = family_of(alice)
    with pytest.raises(IntegrityError), transaction.atomic():
        TokenFamily.objects.filter(pk=family.pk).update(**values)


def test_one_address_is_one_user_however_it_is_spelled(alice: User) -> None:
    assert normalize_email(" \uff21lice@Example.COM ") == "alice@example.com"
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("ALICE@example.com", "x")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(email="Alice@Example.com")])


def test_a_user_takes_the_sessions_along(alice: User) -> None:
    family_of(alice)
    alice.delete()
    assert TokenFamily.objects.count() == 0


def test_the_first_migration_has_the_user_and_nothing_else() -> None:
    """A host with its own user runs it and gets no table."""
    loader = MigrationLoader(None)
    assert loader.disk_migrations is not None
    first = loader.disk_migrations["bulwark_accounts", "0001_user"]
    assert [operation.describe() for operation in first.operations] == ["Create model User"]


def test_a_session_is_called_by_its_device(alice: User) -> None:
    family = family_of(alice)
    assert str(family) == str(family.pk)
    family.label = "Firefox on Linux"
    assert str(family) == "Firefox on Linux"
