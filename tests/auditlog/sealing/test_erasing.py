from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from auditlog import rollup
from auditlog.models import ErasedPart, Event, Follower, HourlyCount
from auditlog.sealing import erasing
from auditlog.sealing.entries import CURRENT, Leaves, rows

from .conftest import Seal, Verify

Store = Callable[..., Event]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_transaction_is_over")]
PERSON = settings.AUTH_USER_MODEL.lower()
ON_ALICE = {"target_id": "7", "target_type": PERSON, "target_label": "alice@example.com"}
ON_BOB = {"target_id": "5", "target_type": PERSON, "target_label": "bob@example.com"}
ALICE = {"actor_id": "7", "actor_label": "alice@example.com", "src_ip": "192.0.2.7", "user_agent": "hers"}


def test_every_column_is_covered_by_a_leaf() -> None:
    """A new column has to get into a new format, or nobody would see that it was edited."""
    columns = {field.name for field in Event._meta.concrete_fields}

    assert set(CURRENT.columns) == columns
    assert len(CURRENT.columns) == len(columns)


def test_an_actors_data_go_and_the_rest_stays(events: Store, seal: Seal, verify: Verify) -> None:
    acted = events(
        **ALICE,
        target_id="5",
        target_type=PERSON,
        target_label="bob@example.com",
        changes={"a": 1},
        data={"reason": "x"},
    )
    suffered = events(
        actor_label="bob@example.com",
        src_ip="192.0.2.8",
        target_id="7",
        target_type=PERSON,
        target_label="alice@example.com",
    )
    other = events(actor_id="77", actor_label="alicex@example.com", src_ip="192.0.2.9")
    seal()

    assert erasing.erase("7", "default") == 2

    acted.refresh_from_db()
    suffered.refresh_from_db()
    other.refresh_from_db()
    assert (acted.actor_id, acted.actor_label, acted.src_ip, acted.user_agent, acted.data) == ("7", "", None, "", {})
    assert (acted.target_label, acted.changes) == ("bob@example.com", {"a": 1})
    assert (suffered.actor_label, suffered.src_ip, suffered.target_label) == ("bob@example.com", "192.0.2.8", "")
    assert other.src_ip == "192.0.2.9"
    told = Event.objects.get(type="auditlog.subject_erased")
    assert told.data["events"] == 2
    assert "alice" not in str(vars(told))
    assert verify().is_good
    seal()
    assert verify().is_good


def test_her_address_goes_from_the_hourly_counts_and_the_counts_stay(events: Store) -> None:
    first, second = (datetime(2026, 11, 3, hour, 30, tzinfo=UTC) for hour in (9, 10))
    events(**ALICE, ts=first, count=5)
    events(**{**ALICE, "src_ip": "2001:db8::7"}, ts=first)
    events(**ALICE, ts=second)
    events(**ALICE, ts=second, outcome="success")
    events(actor_id="5", src_ip="192.0.2.7", ts=second)  # bob sits beside her
    rollup.count_new("default")
    before = _counts("all")
    events(**ALICE, ts=second)  # is counted when it has no address any more

    erasing.erase("7", "default")

    assert _counts("source") == {
        (9, "accounts.login_failed", ""): 6,
        (10, "accounts.login_failed", ""): 1,
        (10, "accounts.login_failed", "192.0.2.7"): 1,
    }
    assert _counts("all") == before
    rollup.count_new("default")
    assert _counts("source")[10, "accounts.login_failed", ""] == 2
    assert _counts("source")[10, "accounts.login_failed", "192.0.2.7"] == 1


def test_counts_that_were_lost_do_not_stand_in_the_way(events: Store) -> None:
    events(**ALICE)
    rollup.count_new("default")
    HourlyCount.objects.all().delete()

    assert erasing.erase("7", "default") == 1
    assert not HourlyCount.objects.exists()


def test_where_nobody_counts_nobody_is_waited_for(events: Store) -> None:
    """Retention keeps a month until each reader that there is has read it."""
    events(**ALICE)

    erasing.erase("7", "default")

    assert not Follower.objects.filter(name=rollup.NAME).exists()


def _counts(facet: str) -> dict[tuple[int, str, str], int]:
    found = HourlyCount.objects.filter(facet=facet, type="accounts.login_failed").exclude(outcome="success")
    return {(one.hour.hour, one.type, one.value): one.count for one in found}


def test_an_order_with_the_same_number_is_nobodys_account(events: Store) -> None:
    """Where accounts have small numbers, much else has."""
    events(**ALICE)
    order = events(target_id="7", target_type="shop.order", target_label="Order 7", changes={"total": 9})

    assert erasing.erase("7", "default") == 1
    assert erasing.names_of("7", "default") <= {"7", "alice@example.com"}
    order.refresh_from_db()
    assert (order.target_label, order.changes) == ("Order 7", {"total": 9})


def test_nobody_can_guess_what_stood_there(events: Store, seal: Seal) -> None:
    """Whoever has the commitment, and every salt that is left, cannot try addresses until one fits."""
    event = events(**ALICE)
    seal()
    (before,) = rows(Event.objects.filter(pk=event.pk), CURRENT)
    erasing.erase("7", "default")

    (after,) = rows(Event.objects.filter(pk=event.pk), CURRENT)
    commitment = ErasedPart.objects.get(uuid=event.uuid, part="who").commitment

    salts, values = Leaves(CURRENT).salts(after[-1]), Leaves(CURRENT).values(before)
    guessed = Leaves(CURRENT).commitments((*before[:-1], after[-1]), {})
    assert commitment not in guessed
    assert salts[0] == bytes(32)
    assert values[0] == (ALICE["actor_label"], ALICE["src_ip"], ALICE["user_agent"])
    assert before[-1] not in after[-1]


def test_what_is_erased_in_two_steps_stays_proved(events: Store, seal: Seal, verify: Verify) -> None:
    event = events(**ALICE, **ON_BOB, data={"reason": "x"})
    seal()

    assert erasing.erase("alice@example.com", "default") == 1
    assert verify().is_good
    assert erasing.erase("5", "default") == 1
    assert verify().is_good

    event.refresh_from_db()
    assert (event.actor_label, event.target_label, event.data) == ("", "", {})
    assert erasing.erase("5", "default") == 0, "nothing is left"


def test_events_that_are_not_sealed_yet_can_be_erased(events: Store, seal: Seal, verify: Verify) -> None:
    events(**ALICE)

    assert erasing.erase("7", "default") == 1

    seal()
    assert verify().is_good


def test_the_command_asks_first(
    events: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    events(**ALICE)
    monkeypatch.setattr("builtins.input", lambda _: "no")
    with pytest.raises(CommandError, match="Nothing was erased"):
        call_command("auditlog_erase", "--subject", "7")
    with pytest.raises(CommandError, match="everybody without a name"):
        call_command("auditlog_erase", "--subject", "", "--no-input")
    assert Event.objects.get().src_ip == ALICE["src_ip"]

    call_command("auditlog_erase", "--subject", "7", "--no-input")
    assert (
        capsys.readouterr().out == "Erased personal data from 1 events and 0 notes about them: alerts, incidents, ...\n"
    )
    with pytest.raises(CommandError, match="Nothing holds"):
        call_command("auditlog_erase", "--subject", "nobody", "--no-input")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
def test_the_applications_role_cannot_erase(events: Store) -> None:
    events(**ALICE)
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE bulwark_test_eraser; GRANT bulwark_test_eraser TO CURRENT_USER")
        cursor.execute("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO bulwark_test_eraser")
        cursor.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO bulwark_test_eraser")
        cursor.execute("SET LOCAL ROLE bulwark_test_eraser")
    with pytest.raises(CommandError, match=r"Nothing was erased: .*only ever added"):
        call_command("auditlog_erase", "--subject", "7", "--no-input")
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE; DROP OWNED BY bulwark_test_eraser; DROP ROLE bulwark_test_eraser")
    assert Event.objects.get().src_ip == ALICE["src_ip"]
