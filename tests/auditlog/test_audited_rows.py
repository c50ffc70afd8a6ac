"""What an instance of an audited model knows of its row: what was written, and was not taken back."""

import copy
import pickle
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import signals

from accounts.models import User
from auditlog.auditing import Watch
from auditlog.models import Event
from tests.auditlog.shop.models import BulkyOrder, Order, UrgentOrder

pytestmark = pytest.mark.django_db


def told() -> list[tuple[str, dict[str, Any]]]:
    return list(Event.objects.order_by("seq").values_list("type", "changes"))


def test_what_is_not_saved_is_not_told() -> None:
    order = Order.objects.create()
    order.status, order.amount = "paid", Decimal("5.00")
    order.save(update_fields=["status"])
    order.save()

    assert [changes for _, changes in told()[1:]] == [
        {"status": {"before": "new", "after": "paid"}},
        {"amount": {"before": 0, "after": "5.00"}},
    ]


@pytest.mark.parametrize("name", ["customer", "customer_id"])
def test_a_foreign_key_is_saved_under_either_name(alice: User, name: str) -> None:
    order = Order.objects.create()
    order.customer = alice
    order.save(update_fields=[name])

    assert told()[-1][1] == {"customer": {"before": None, "after": str(alice.pk)}}


def test_a_row_goes_with_what_it_was() -> None:
    order = Order.objects.create()
    order.status = "paid"
    order.delete()

    assert told()[-1][1]["status"] == {"before": "new", "after": None}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", [1, 3])
def test_a_change_that_is_tried_again_after_a_rollback_is_told(times: int) -> None:
    """What Django has written stays in the instance when the database has forgotten it."""
    order = Order.objects.create()
    for _ in range(times):
        with transaction.atomic():
            order.status = "paid"
            order.save()
            order.status = "sent"
            order.save()
            transaction.set_rollback(True)
    order.save()
    order.status = "lost"
    order.save()

    assert [changes["status"] for _, changes in told()[1:]] == [
        {"before": "new", "after": "sent"},
        {"before": "sent", "after": "lost"},
    ]


def test_a_savepoint_that_is_rolled_back() -> None:
    order = Order.objects.create()
    order.status = "paid"
    order.save()
    with transaction.atomic():
        order.status = "sent"
        order.save()
        transaction.set_rollback(True)
    order.save()

    assert told()[-1][1] == {"status": {"before": "paid", "after": "sent"}}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda order: pickle.loads(pickle.dumps(order))])
def test_a_copy_knows_what_the_database_has(copied: Callable[[Order], Order]) -> None:
    order = copied(Order.objects.create())
    order.status = "paid"
    order.save()

    assert told()[-1][1] == {"status": {"before": "new", "after": "paid"}}


@pytest.mark.parametrize("model", [BulkyOrder, UrgentOrder])
def test_a_model_that_is_made_of_an_audited_one(model: type[Order]) -> None:
    order = model.objects.create()
    order.status = "paid"
    order.save()
    order.delete()
    model.objects.create()
    model.objects.all().delete()

    steps = ["created", "updated", "deleted", "created", "deleted"]
    assert [kind for kind, _ in told()] == [f"shop.order_{step}" for step in steps]
    assert told()[1][1] == {"status": {"before": "new", "after": "paid"}}
    assert set(Event.objects.values_list("target_type", flat=True)) == {"shop.order"}


def test_a_model_that_was_made_of_it_before() -> None:
    """Who audits somebody else's model calls the decorator when all models are there."""
    watch = Watch(Order, ("note",), triggers=False)
    watch.__dict__["prefix"] = "shop.noted"
    watch.connect()
    UrgentOrder.objects.create()

    assert "shop.noted_created" in [kind for kind, _ in told()]
    for signal in (signals.post_save, signals.post_delete):
        for model in (Order, BulkyOrder, UrgentOrder):
            signal.disconnect(sender=model, dispatch_uid=watch._uid)
    signals.class_prepared.disconnect(dispatch_uid=watch._uid)
