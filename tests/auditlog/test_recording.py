"""`record()`: the one way into the log."""

from contextlib import closing
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

import auditlog
from accounts.models import User
from auditlog import request_log
from auditlog.models import Event

pytestmark = pytest.mark.django_db


def test_everything_that_is_known_is_stored(rf: RequestFactory, alice: User) -> None:
    request = rf.delete("/admin/", headers={"user-agent": "curl/8"})
    vars(request)["request_id"] = "r-1"

    made = auditlog.record(
        "articles.article_deleted",
        request=request,
        user=alice,
        target=alice,
        reason="asked",
        changes={"title": {"before": "a", "after": None}},
    )

    event = Event.objects.get(pk=made.pk)
    assert {name: getattr(event, name) for name in ("type", "outcome", "severity", "reason")} == {
        "type": "articles.article_deleted",
        "outcome": "success",
        "severity": 2,
        "reason": "asked",
    }
    assert (event.actor_type, event.actor_id, event.actor_label) == ("user", str(alice.pk), "alice@example.com")
    assert (event.target_type, event.target_id) == ("bulwark_accounts.user", str(alice.pk))
    assert (event.request_id, event.method, event.user_agent) == ("r-1", "DELETE", "curl/8")
    assert event.changes == {"title": {"before": "a", "after": None}}


def test_names_stay_when_the_user_goes(alice: User) -> None:
    auditlog.record("accounts.profile_changed", user=alice)

    alice.delete()

    assert Event.objects.get().actor_label == "alice@example.com"


def test_a_field_that_the_type_does_not_list_is_dropped_and_counted() -> None:
    event = auditlog.record(
        "accounts.token_rotated", data={"generation": 3, "token": "secret", "email": "alice@example.com"}
    )

    assert (event.data, event.dropped) == ({"generation": 3}, 2)


def test_an_unknown_type_is_recorded_without_its_data() -> None:
    event = auditlog.record("shop.order_placed", data={"card": "4111111111111111"})

    assert (event.data, event.dropped) == ({}, 1)
    assert Event.objects.get().type == "shop.order_placed"


@pytest.mark.parametrize(("outcome", "severity"), [("success", 1), ("refused", 2), ("failed", 2)])
def test_a_refusal_is_more_severe_than_a_success(outcome: str, severity: int) -> None:
    assert auditlog.record("accounts.profile_changed", outcome=outcome).severity == severity


def test_the_caller_may_know_the_severity_better() -> None:
    assert auditlog.record("accounts.profile_changed", severity=6).severity == 6


@pytest.mark.parametrize("wrong", [{"outcome": "maybe"}, {"severity": 9}])
def test_a_wrong_word_is_an_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        auditlog.record("accounts.profile_changed", **wrong)


def test_a_success_that_cannot_be_stored_ends_the_change() -> None:
    """Fail closed: what is not recorded does not happen."""

    @transaction.atomic
    def change() -> None:
        User.objects.create_user("new@example.com")
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE bulwark_auditlog_event RENAME TO gone")
        auditlog.record("accounts.user_registered")

    with pytest.raises(DatabaseError):
        change()

    assert not User.objects.exists()
    assert not Event.objects.exists()


def test_a_refusal_outside_of_a_request_is_written_at_once() -> None:
    auditlog.record("accounts.login_failed", outcome="refused")

    assert Event.objects.get().actor_type == "system"


def test_code_without_the_request_at_hand_still_records_it(rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    with request_log.opened(request):
        auditlog.record("accounts.profile_changed")

    assert Event.objects.get().method == "GET"


def test_a_log_that_is_closed_takes_no_more(rf: RequestFactory) -> None:
    """A thread may outlive the request that started it."""
    with request_log.opened(rf.get("/admin/")) as log:
        log.close(200)
        auditlog.record("accounts.login_failed", outcome="refused")

    assert Event.objects.get().method == "GET"
    assert log.events == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_died_between_two_requests_is_replaced_before_an_event_is_sent() -> None:
    """As Django does for its own statements (CONN_HEALTH_CHECKS): the event may be the first one of its request."""
    auditlog.record("accounts.profile_changed")
    asking: Any = connection  # its stubs do not know of the two
    asking.health_check_enabled, asking.health_check_done = True, False  # as when a request begins
    pid = connection.connection.info.backend_pid
    with closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    auditlog.record("accounts.profile_changed")

    assert Event.objects.count() == 2


def test_an_event_is_a_statement_like_any_other(django_assert_num_queries: Any) -> None:
    """What watches or forbids statements sees it."""
    with django_assert_num_queries(1) as seen:
        auditlog.record("accounts.profile_changed")

    assert seen[0]["sql"].startswith('INSERT INTO "bulwark_auditlog_event"')
    with connection.execute_wrapper(_refuse), pytest.raises(ZeroDivisionError):
        auditlog.record("accounts.profile_changed")


def _refuse(*_: Any) -> None:
    raise ZeroDivisionError
