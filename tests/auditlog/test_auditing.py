"""Changes of audited models are events, whichever way they come."""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Model
from pytest_django.asserts import assertNumQueries

import auditlog
from accounts.models import User
from auditlog import checks, watching, writing
from auditlog.auditing import Watch, differences, registry
from auditlog.models import Event
from tests.auditlog.shop.models import BulkyOrder, Order, UrgentOrder

pytestmark = pytest.mark.django_db
postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")


def told() -> list[tuple[str, dict[str, Any]]]:
    return list(Event.objects.order_by("seq").values_list("type", "changes"))


def test_a_row_that_is_made() -> None:
    order = Order.objects.create(amount=Decimal("9.90"), note="not audited")

    ((kind, changes),) = told()
    assert kind == "shop.order_created"
    assert changes["amount"] == {"before": None, "after": "9.90"}
    assert "note" not in changes
    event = Event.objects.get()
    assert (event.target_type, event.target_id, event.target_label) == (
        "shop.order",
        str(order.pk),
        f"Order {order.pk}",
    )


def test_a_row_that_is_changed(alice: User) -> None:
    order = Order.objects.create()
    order = Order.objects.get(pk=order.pk)
    order.status, order.customer, order.paid_at = "paid", alice, datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)
    order.save()

    assert told()[-1] == (
        "shop.order_updated",
        {
            "status": {"before": "new", "after": "paid"},
            "customer": {"before": None, "after": str(alice.pk)},
            "paid_at": {"before": None, "after": "2026-05-01T00:00:00+00:00"},
        },
    )


def test_a_change_of_nothing_that_matters_is_no_event() -> None:
    order = Order.objects.create()
    order.note = "changed"
    order.save()

    assert len(told()) == 1


def test_two_saves_are_two_steps() -> None:
    order = Order.objects.create()
    for status in ("paid", "sent"):
        order.status = status
        order.save()

    assert [changes["status"] for _, changes in told()] == [
        {"before": None, "after": "new"},
        {"before": "new", "after": "paid"},
        {"before": "paid", "after": "sent"},
    ]


def test_what_somebody_else_changed_meanwhile_is_not_ours() -> None:
    order = Order.objects.create()
    Order.objects.filter(pk=order.pk).update(status="paid")
    order.refresh_from_db()
    order.status = "sent"
    order.save()

    assert told()[-1][1]["status"] == {"before": "paid", "after": "sent"}


def test_a_row_that_goes() -> None:
    order = Order.objects.create(status="paid")
    key = order.pk
    order.delete()

    assert told()[-1][0] == "shop.order_deleted"
    assert told()[-1][1]["status"] == {"before": "paid", "after": None}
    assert Event.objects.newest_first()[0].target_id == str(key)


def test_a_secret_is_not_told() -> None:
    Order.objects.create(api_key="hunter2")

    assert told()[0][1]["api_key"] == "[redacted]"


def test_a_field_that_is_not_loaded_costs_no_query() -> None:
    key = Order.objects.create().pk
    with assertNumQueries(1):
        order = Order.objects.only("note").get(pk=key)
    order.note = "changed"
    order.save()

    assert len(told()) == 1


def test_the_event_is_one_query() -> None:
    order = Order.objects.create()
    order.status = "paid"

    with assertNumQueries(2):
        order.save()


def test_the_change_and_its_event_stand_or_fall_together() -> None:
    with transaction.atomic():
        Order.objects.create()
        transaction.set_rollback(True)

    assert told() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [Order.objects.create, lambda: Order.objects.get().delete()])
def test_a_change_that_cannot_be_recorded_does_not_happen(change: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of any transaction, where Django commits each statement."""
    Order.objects.create()

    def fail(*args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(writing, "insert_one", fail)

    with pytest.raises(ZeroDivisionError):
        change()

    assert Order.objects.count() == 1


def test_a_fixture_is_no_change(tmp_path: Any) -> None:
    path = tmp_path / "orders.json"
    path.write_text('[{"model": "shop.order", "pk": 1, "fields": {"status": "paid"}}]')

    call_command("loaddata", str(path), verbosity=0)

    assert told() == []


def test_differences() -> None:
    assert differences({"a": 1, "b": 2}, {"b": 3, "c": 4}) == {
        "a": {"before": 1, "after": None},
        "b": {"before": 2, "after": 3},
        "c": {"before": None, "after": 4},
    }


def test_the_decorator_is_found_in_the_package() -> None:
    assert auditlog.audited(fields=[]) is not None
    with pytest.raises(AttributeError):
        auditlog.nothing  # noqa: B018


def test_an_abstract_model_is_refused() -> None:
    class Priced(Model):
        class Meta:
            abstract = True

    with pytest.raises(TypeError, match="Priced is abstract"):
        auditlog.audited(fields=["amount"])(Priced)  # type: ignore[type-abstract]


def test_a_field_that_is_no_column_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry, "shop.order", Watch(Order, ("status", "colour"), triggers=False))

    assert [message.id for message in checks.check_audited()] == ["bulwark_auditlog.E009"]


@pytest.fixture
def watched() -> Iterator[None]:
    watching.install(connection)
    yield
    with connection.cursor() as cursor:
        for name in (watching.TRIGGER, watching.TRUNCATE_TRIGGER):
            cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON shop_order")


def deferred_now() -> None:
    """Run what waits for the end of the transaction, as a commit does."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


@postgres
@pytest.mark.usefixtures("watched")
def test_an_update_without_save() -> None:
    order = Order.objects.create()
    deferred_now()
    Event.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE bulwark_auditlog_event SET seq = seq WHERE false")
    other = Order(status="new", amount=Decimal("1.00"))
    Order.objects.bulk_create([other])
    deferred_now()
    Order.objects.filter(pk=other.pk).update(api_key="hunter2", status="paid")

    assert [kind for kind, _ in told()] == ["shop.order_created", "shop.order_created"]
    event = Event.objects.newest_first()[0]
    assert (event.actor_type, event.target_type, event.target_id) == ("database", "shop.order", str(other.pk))
    assert (event.reason, event.outcome) == ("not_through_save", "success")
    assert event.changes["amount"] == {"before": None, "after": 1.0}
    assert order.pk != other.pk


@postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("watched")
def test_what_nobody_has_told_is_told_by_the_database(alice: User) -> None:
    order = Order.objects.create()  # save() tells
    Order.objects.filter(pk=order.pk).update(status="paid")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE shop_order SET amount = 5, api_key = 'hunter2', customer_id = %s", [alice.pk])
        cursor.execute("UPDATE shop_order SET note = 'nobody cares'")
        cursor.execute("DELETE FROM shop_order")
        cursor.execute("TRUNCATE shop_order, shop_bulkyorder")

    assert [kind.removeprefix("shop.order_") for kind, _ in told()] == [
        "created",
        "updated",
        "updated",
        "deleted",
        "truncated",
    ]
    assert told()[1][1] == {"status": {"before": "new", "after": "paid"}}
    assert told()[2][1] == {
        "amount": {"before": 0.0, "after": 5.0},
        "customer": {"before": None, "after": str(alice.pk)},
        "api_key": {"before": "[redacted]", "after": "[redacted]"},
    }
    assert "hunter2" not in str(list(Event.objects.values()))


@postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("watched")
def test_what_save_has_told_is_not_told_again() -> None:
    with transaction.atomic():
        order = Order.objects.create()
        order.status = "paid"
        order.save()
        order.delete()

    assert [kind.removeprefix("shop.order_") for kind, _ in told()] == ["created", "updated", "deleted"]
    assert set(Event.objects.values_list("actor_type", flat=True)) == {"system"}


@postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize("model", [BulkyOrder, UrgentOrder])
def test_what_save_of_a_model_made_of_it_has_told_is_not_told_again(model: type[Order]) -> None:
    order = model.objects.create()
    order.status = "paid"
    order.save()
    order.delete()

    assert [kind.removeprefix("shop.order_") for kind, _ in told()] == ["created", "updated", "deleted"]


@postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("watched")
def test_flush_empties_a_database_that_is_watched() -> None:
    Order.objects.create()

    call_command("flush", interactive=False, verbosity=0)

    assert told() == []


@postgres
def test_the_command_installs_and_the_check_tells(capsys: pytest.CaptureFixture[str]) -> None:
    assert [message.id for message in checks.check_watched(databases=["default"])] == ["bulwark_auditlog.W005"]

    call_command("auditlog_watch")
    call_command("auditlog_watch")

    assert "shop.order" in capsys.readouterr().out
    assert list(checks.check_watched(databases=["default"])) == []


@postgres
@pytest.mark.usefixtures("watched")
def test_triggers_of_other_fields_are_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry, "shop.order", Watch(Order, ("status",), triggers=True))

    assert [watch.prefix for watch in watching.missing(connection)] == ["shop.order"]


@pytest.mark.skipif(connection.vendor == "postgresql", reason="PostgreSQL has these triggers")
def test_the_command_says_where_it_is_of_no_use() -> None:
    with pytest.raises(CommandError, match="not seen"):
        call_command("auditlog_watch")
