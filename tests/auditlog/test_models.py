"""Events are added, and nothing else, whatever part of the ORM somebody reaches for."""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction

from auditlog.models import Event, EventChangeRefused

CHANGES: dict[str, Callable[[Event], Any]] = {
    "save": lambda event: event.save(),
    "save with update_fields": lambda event: event.save(update_fields=["reason"]),
    "forced update": lambda event: event.save(force_update=True),
    "delete": lambda event: event.delete(),
    "update": lambda event: Event.objects.filter(pk=event.pk).update(reason="forged"),
    "update of all": lambda event: Event.objects.update(reason="forged"),
    "delete of all": lambda event: Event.objects.all().delete(),
    "update through the base manager": lambda event: Event._base_manager.update(reason="forged"),
    "bulk_update": lambda event: Event.objects.bulk_update([event], ["reason"]),
    "update_or_create": lambda event: Event.objects.update_or_create(pk=event.pk, reason="forged"),
    "upsert": lambda event: Event.objects.bulk_create(
        [event], update_conflicts=True, update_fields=["reason"], unique_fields=["uuid", "ts"]
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_stored_event_cannot_be_changed(change: Callable[[Event], Any], events: Callable[..., Event]) -> None:
    event = events(reason="true")
    event.reason = "forged"

    with pytest.raises(EventChangeRefused):
        change(event)

    assert Event.objects.get(pk=event.pk).reason == "true"


@pytest.mark.parametrize("method", ["aupdate", "adelete"])
def test_a_stored_event_cannot_be_changed_from_async_code(method: str, events: Callable[..., Event]) -> None:
    event = events(reason="true")

    with pytest.raises(EventChangeRefused):
        async_to_sync(getattr(Event.objects.all(), method))()

    assert Event.objects.get(pk=event.pk).reason == "true"


def test_a_new_event_cannot_take_the_place_of_a_stored_one(events: Callable[..., Event]) -> None:
    event = events(reason="true")
    forged = Event(
        pk=event.pk, ts=event.ts, uuid=event.uuid, type="x", outcome="success", severity=1, actor_type="user"
    )

    with pytest.raises(IntegrityError), transaction.atomic():
        forged.save()

    assert Event.objects.get(pk=event.pk).reason == "true"


def test_the_same_event_is_never_stored_twice(events: Callable[..., Event]) -> None:
    event = events()

    with pytest.raises(IntegrityError), transaction.atomic():
        events(uuid=event.uuid, ts=event.ts)


@pytest.mark.parametrize("columns", [{"severity": 0}, {"severity": 7}, {"outcome": "maybe"}])
def test_the_database_knows_which_values_exist(columns: dict[str, Any], events: Callable[..., Event]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        events(**columns)


@pytest.mark.django_db
def test_no_permission_is_to_write() -> None:
    names = Permission.objects.filter(content_type__app_label="bulwark_auditlog").values_list("codename", flat=True)

    own = {"export_event", "respond_event", "verify_event", "view_event"}
    assert {name for name in names if name.endswith("_event")} == own


def test_numbers_grow(events: Callable[..., Event]) -> None:
    first, second = events(), events()

    assert first.seq < second.seq


def test_newest_first_breaks_ties_by_number(events: Callable[..., Event]) -> None:
    first = events()
    second = events(ts=first.ts)

    assert list(Event.objects.newest_first()) == [second, first]


def test_the_short_way_to_an_event_leads_to_the_same(db: None) -> None:
    """`Event.of` gives each column that is not told the value that the model gives it."""
    told = {"type": "shop.sold", "outcome": "success", "severity": 1, "actor_type": "system"}
    short, long = Event.of(told), Event(**told)

    own = {"ts", "uuid", "salt"}
    columns = [field.attname for field in Event._meta.concrete_fields if field.attname not in own]
    assert {name: getattr(short, name) for name in columns} == {name: getattr(long, name) for name in columns}
    assert set(vars(short)) == set(vars(long))
    assert short._state.adding
    assert all(getattr(short, name) != getattr(Event.of(told), name) for name in ("uuid", "salt"))
    short.save()
    assert Event.objects.get() == short
