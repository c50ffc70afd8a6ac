"""Grants are one sub-query in a rule, however many there are, and end with their object."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from authz import registry
from authz.checks import check_grants
from authz.engine import Verdict, check, scoped
from authz.language.terms import granted, this
from authz.managers import ProtectedQuerySet
from authz.models import Grant
from authz.policies import Policy, allow
from authz.principals import Principal
from authz.testing import action_with, disagreements
from tests.authz.conftest import Cast, Heard
from tests.authz.library.models import Book, OldShelf, Shelf, Tag

pytestmark = pytest.mark.django_db
SHARED = allow("viewer", granted)


def test_a_user_or_a_role_is_given_one_object(cast: Cast) -> None:
    for model in (Book, Shelf):  # keys that are UUIDs, and keys that are numbers
        action = action_with(model, SHARED)
        one, other, third = (model._base_manager.create() for _ in range(3))
        Grant.objects.give(action="read", target=one, user=cast.bob)
        Grant.objects.give(action="read", target=other, role="viewer")
        Grant.objects.give(action="read", target=third, user=cast.alice)
        Grant.objects.give(action="update", target=third, user=cast.bob)
        bob = cast.principal("bob")
        assert disagreements(bob, action, model._base_manager.all()) == []
        found = action.scope(bob)
        assert not isinstance(found, Verdict)
        assert set(model._base_manager.filter(found)) == {one, other}


def test_a_grant_is_of_one_model_and_in_its_tenant(cast: Cast) -> None:
    theirs = Book.objects.create(tenant=cast.other)
    Grant.objects.give(action="read", target=theirs, user=cast.bob)
    assert not check(cast.principal("bob"), "read", theirs)
    assert list(scoped(Book.objects.all(), cast.principal("bob"))) == []


def test_a_grant_ends(cast: Cast) -> None:
    shelf = Shelf.objects.create()
    action = action_with(Shelf, SHARED)
    Grant.objects.give(action="read", target=shelf, user=cast.bob, expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert not action.check(cast.principal("bob"), shelf)
    assert not Grant.objects.on(shelf).in_force().exists()
    Grant.objects.give(action="read", target=shelf, user=cast.bob, expires_at=timezone.now() + dt.timedelta(hours=1))
    assert action.check(cast.principal("bob"), shelf)
    assert Grant.objects.on(shelf).in_force().count() == Grant.objects.on(shelf).count() == 1


def test_a_stranger_holds_no_grant_of_a_user(cast: Cast) -> None:
    shelf = Shelf.objects.create()
    Grant.objects.give(action="read", target=shelf, user=cast.bob)
    stranger = Principal(None, roles=frozenset({"viewer", "anyone"}))
    assert not action_with(Shelf, SHARED).check(stranger, shelf)


CHANGES: dict[str, Callable[[Grant, Cast], Any]] = {
    "saved": lambda grant, cast: save(grant, user=cast.alice),
    "updated": lambda _grant, cast: Grant.objects.update(user=cast.alice),
    "updated in bulk": lambda grant, cast: bulk_update(grant, user=cast.alice),
    "updated by the user": lambda _grant, cast: cast.bob.object_grants.update(user=cast.alice),
}


def save(grant: Grant, **values: Any) -> None:
    for name, value in values.items():
        setattr(grant, name, value)
    grant.save()


def bulk_update(grant: Grant, user: Any) -> None:
    grant.user = user
    Grant.objects.bulk_update([grant], ["user"])


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_grant_that_becomes_another_one_is_told_of(
    cast: Cast, heard: Heard, change: Callable[[Grant, Cast], Any]
) -> None:
    grant = Grant.objects.give(action="read", target=Shelf.objects.create(), user=cast.bob, granted_by=cast.alice)
    change(grant, cast)
    (ended,) = heard.named("grant_revoked")
    first, second = heard.named("grant_created")
    assert ended["data"] | {"self_granted": False} == first["data"]
    assert (second["data"]["user"], second["data"]["self_granted"]) == (str(cast.alice.pk), True)
    save(Grant.objects.get())
    assert len(heard.named("grant_created")) == 2


def test_grants_that_are_made_at_once_are_told_of(cast: Cast, heard: Heard) -> None:
    kind, keys = ContentType.objects.get_for_model(Shelf), ("1", "2")
    Grant.objects.bulk_create(Grant(user=cast.bob, action="read", content_type=kind, object_id=key) for key in keys)
    assert [event["data"]["object"] for event in heard.named("grant_created")] == ["1", "2"]


def test_grants_do_not_outlive_their_object(cast: Cast, heard: Heard) -> None:
    """A new row that gets the key of a deleted one is nobody's yet."""
    shelf = Shelf.objects.create()
    Grant.objects.give(action="read", target=shelf, user=cast.bob)
    key = shelf.pk
    Shelf.objects.filter(pk=key).delete()
    assert not Grant.objects.exists()
    assert not action_with(Shelf, SHARED).check(cast.principal("bob"), Shelf.objects.create(pk=key))
    assert [event["data"]["object"] for event in heard.named("grant_revoked")] == [str(key)]


@pytest.fixture
def shared_shelves() -> Iterator[None]:
    """A policy of shelves, whose keys are numbers, that asks for grants."""
    usual = registry.policy_of(Shelf)
    assert usual is not None
    registry.unregister(usual)
    made: type[Policy] = type("Shared", (Policy,), {"read": SHARED}, model=Shelf)
    yield
    registry.unregister(made)
    registry.register(usual)


def delete_by_sql(shelf: Shelf) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM library_shelf WHERE id = %s", [shelf.pk])


def test_a_row_that_was_deleted_by_sql_leaves_nothing_to_the_next(
    cast: Cast, shared_shelves: None, heard: Heard
) -> None:
    shelf = Shelf.objects.create()
    Grant.objects.give(action="read", target=shelf, user=cast.bob)
    assert check(cast.principal("bob"), "read", shelf)
    delete_by_sql(shelf)
    again = Shelf.objects.create(pk=shelf.pk)
    assert not check(cast.principal("bob"), "read", again)
    assert len(heard.named("grant_revoked")) == 1
    Grant.objects.give(action="read", target=again, user=cast.bob)
    again.save()
    assert check(cast.principal("bob"), "read", again)


def test_rows_that_are_made_in_bulk_get_nothing_of_the_last_ones_either(
    cast: Cast, shared_shelves: None, heard: Heard
) -> None:
    gone, kept = (Shelf.objects.create() for _ in range(2))
    for shelf in (gone, kept):
        Grant.objects.give(action="read", target=shelf, user=cast.bob)
    delete_by_sql(gone)
    rows = ProtectedQuerySet(Shelf)
    made = rows.bulk_create([Shelf(pk=gone.pk), Shelf(pk=kept.pk, name="new"), Shelf()], ignore_conflicts=True)
    assert [check(cast.principal("bob"), "read", row) for row in (made[0], kept)] == [False, True]
    rows.bulk_create(
        [Shelf(pk=kept.pk, name="new")], update_conflicts=True, unique_fields=["id"], update_fields=["name"]
    )
    assert check(cast.principal("bob"), "read", kept)
    assert len(heard.named("grant_revoked")) == 1


def test_rows_in_bulk_whose_keys_the_database_gives_get_nothing_either(cast: Cast, shared_shelves: None) -> None:
    last = Shelf.objects.create()
    Grant.objects.create(
        action="read", content_type=ContentType.objects.get_for_model(Shelf), object_id=last.pk + 1, user=cast.bob
    )
    (made,) = ProtectedQuerySet(Shelf).bulk_create([Shelf()])
    assert made.pk == last.pk + 1
    assert not check(cast.principal("bob"), "read", made)


def test_a_manager_that_lets_grants_reattach_is_warned_of(
    shared_shelves: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = check_grants()
    assert (found.id, "library.Shelf" in found.msg) == ("bulwark_authz.W004", True)
    monkeypatch.setattr(Shelf._default_manager, "_queryset_class", ProtectedQuerySet)
    assert check_grants() == []


def test_where_no_rule_asks_for_grants_a_new_row_costs_nothing_more(cast: Cast, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        Shelf.objects.create()


def test_rows_without_a_policy_are_deleted_without_being_fetched(django_assert_num_queries: Any) -> None:
    book, rows = Book.objects.create(), Book.tags.through.objects
    book.tags.set([Tag.objects.create(name=name) for name in "abc"])
    with django_assert_num_queries(1):
        rows.filter(book=book).delete()
    assert not rows.exists()


def test_a_row_is_watched_by_whichever_proxy_it_is_deleted(cast: Cast) -> None:
    shelf = Shelf.objects.create()
    Grant.objects.give(action="read", target=shelf, user=cast.bob)
    OldShelf.objects.get().delete()
    assert not Grant.objects.exists()


def test_a_thousand_grants_are_one_query(cast: Cast, django_assert_num_queries: Any) -> None:
    shelves = Shelf.objects.bulk_create(Shelf() for _ in range(1000))
    kind = Grant.objects.give(action="read", target=shelves[0], user=cast.bob).content_type
    Grant.objects.bulk_create(
        Grant(action="read", content_type=kind, object_id=str(shelf.pk), user=cast.bob) for shelf in shelves[1:]
    )
    Shelf.objects.create()
    action, bob = action_with(Shelf, SHARED), cast.principal("bob")
    with django_assert_num_queries(1):
        found = action.scope(bob)
        assert not isinstance(found, Verdict)
        assert len(Shelf.objects.filter(found)) == 1000


def test_a_grant_is_not_a_rule(cast: Cast) -> None:
    shelf = Shelf.objects.create(floor=1)
    Grant.objects.give(action="read", target=shelf, user=cast.bob)
    assert not action_with(Shelf, allow("viewer", this.floor == 2)).check(cast.principal("bob"), shelf)
    assert not action_with(Shelf, allow("editor", granted)).check(cast.principal("bob"), shelf)


@pytest.mark.parametrize("holder", [{}, {"user": "bob", "role": "viewer"}])
def test_a_grant_has_one_holder(cast: Cast, holder: dict[str, Any]) -> None:
    values = holder | ({"user": cast.bob} if "user" in holder else {})
    with pytest.raises(ValidationError):
        Grant.objects.give(action="read", target=Shelf.objects.create(), **values)


def test_a_grant_on_nothing_is_refused(cast: Cast) -> None:
    kind = Grant.objects.give(action="read", target=Shelf.objects.create(), user=cast.bob).content_type
    for key in ("0", "x", ""):
        with pytest.raises(ValidationError):
            Grant(action="read", content_type=kind, object_id=key, user=cast.bob).full_clean()


def test_a_new_grant_replaces_the_same_one_and_both_are_told_of(cast: Cast, heard: Heard) -> None:
    shelf = Shelf.objects.create()
    for _ in range(2):
        Grant.objects.give(action="read", target=shelf, user=cast.bob, granted_by=cast.bob)
    made = heard.named("grant_created")
    assert len(made) == 2
    assert len(heard.named("grant_revoked")) == 1
    assert made[0]["user"] == cast.bob
    assert made[0]["data"] == {
        "user": str(cast.bob.pk),
        "role": "",
        "action": "read",
        "model": "library.shelf",
        "object": str(shelf.pk),
        "expires_at": "",
        "self_granted": True,
    }
    assert str(Grant.objects.get()) == f"read on {shelf.pk}"
