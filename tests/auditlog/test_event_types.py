import pytest
from pytest_django.fixtures import Settings

from auditlog.event_types import EventType, is_listed, kind_of, names
from auditlog.models import Severity
from auditlog.redaction import is_secret_name


def test_the_types_are_in_alphabetical_order_and_named_after_their_member() -> None:
    labels = [member.label for member in EventType]

    assert labels == sorted(labels)
    assert [member.name for member in EventType] == [label.replace(".", "_").upper() for label in labels]


@pytest.mark.parametrize("member", EventType)
def test_the_fields_are_in_alphabetical_order_and_name_no_secret(member: EventType) -> None:
    fields = member.value[2].split()

    assert fields == sorted(set(fields))
    assert not any(is_secret_name(field) for field in fields)


def test_a_host_has_types_of_its_own_and_the_last_word_on_ours(settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {
        "TYPES": {"shop.paid": {"fields": ["amount"]}, "accounts.logged_out": {"severity": 4}},
    }

    assert kind_of("shop.paid").split({"amount": 1, "card": 2}) == ({"amount": 1}, 1)
    assert kind_of("shop.paid").severity is Severity.LOW
    assert kind_of("accounts.logged_out").severity is Severity.HIGH
    assert is_listed("shop.paid")
    assert not is_listed("shop.refunded")
    assert "shop.paid" in names()
