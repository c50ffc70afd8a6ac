"""A host tells which secrets its service accounts read; what is new is found."""

from collections.abc import Callable

import pytest

import auditlog
from accounts.models import User
from auditlog.detection.engine import detect_new
from auditlog.models import Alert
from tests.accounts.conftest import make_user
from tests.auditlog.shop.models import Order

pytestmark = pytest.mark.django_db(transaction=True)


def read_key(order: Order, service: User) -> str:
    """A function of the host: whoever reads the key of an order is noted."""
    auditlog.record("secrets.secret_read", user=service, target=order)
    return order.api_key


def told(settled: Callable[[], None]) -> list[tuple[str, str]]:
    settled()
    detect_new("default")
    found = Alert.objects.filter(rule="secret_read_first").order_by("pk")
    return [(alert.key, alert.summary.rpartition("(")[2].rstrip(")")) for alert in found]


def test_a_secret_that_an_account_never_read_is_found(settled: Callable[[], None]) -> None:
    deploy, intruder = make_user("deploy"), make_user("intruder")
    usual, payments = (Order.objects.create(api_key=f"key {number}") for number in range(2))
    assert read_key(usual, deploy) == "key 0"
    assert told(settled) == [(str(deploy.pk), str(usual.pk))]
    Alert.objects.all().delete()  # known from now on
    for _ in range(3):
        read_key(usual, deploy)
    assert told(settled) == []
    read_key(payments, deploy)
    read_key(usual, intruder)  # of an account that never read any
    assert told(settled) == [(str(deploy.pk), str(payments.pk)), (str(intruder.pk), str(usual.pk))]
