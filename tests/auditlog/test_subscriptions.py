"""Signals become events."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth import authenticate, user_logged_in, user_login_failed
from django.db import OperationalError
from django.dispatch import Signal
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from accounts import signals
from accounts.models import User
from accounts.models.user import UserManager
from auditlog import subscriptions
from auditlog.models import Event
from auditlog.subscriptions import event_name, signal_at

pytestmark = pytest.mark.django_db

something_happened = Signal()
PATH = f"{__name__}.something_happened"


@pytest.fixture
def subscribed(settings: Settings) -> Iterator[None]:
    settings.BULWARK_AUDITLOG = {
        "SIGNALS": [PATH],
        "TYPES": {"auditlog.something_happened": {"severity": 4, "fields": ["colour"]}},
    }
    subscriptions.subscribe()
    yield
    something_happened.disconnect(dispatch_uid=subscriptions.uid(PATH))


@contextmanager
def only(path: str, settings: Settings) -> Iterator[None]:
    """Record a signal besides those that are recorded here, until the block ends."""
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SIGNALS": [path]}
    subscriptions.subscribe()
    yield
    subscriptions.signal_at(path).disconnect(dispatch_uid=subscriptions.uid(path))


def send(**arguments: Any) -> None:
    given: dict[str, Any] = {"request": None, "user": None, "target": None, "outcome": "success", "data": {}}
    something_happened.send(sender=User, **{**given, **arguments})


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("accounts.signals.token_rotated", "accounts.token_rotated"),
        ("django.contrib.auth.signals.user_logged_in", "auth.user_logged_in"),
        ("shop.signals.order_placed", "shop.order_placed"),
    ],
)
def test_the_name_of_an_event_leads_to_the_code(path: str, name: str) -> None:
    assert event_name(path) == name


@pytest.mark.parametrize("path", ["no.such.module", "accounts.signals.no_such_signal", "accounts.models.User", "word"])
def test_a_path_that_leads_to_no_signal(path: str) -> None:
    with pytest.raises(ImportError):
        signal_at(path)


@pytest.mark.usefixtures("subscribed")
def test_a_signal_is_one_event(alice: User, rf: RequestFactory) -> None:
    subscriptions.subscribe()  # once more: dispatch_uid keeps it one

    send(
        request=rf.get("/admin/"),
        user=alice,
        target=alice,
        outcome="refused",
        data={"colour": "red", "size": 1, "reason": "because", "changes": {"a": {"before": 1, "after": 2}}},
    )

    event = Event.objects.get()
    assert (event.type, event.outcome, event.severity) == ("auditlog.something_happened", "refused", 4)
    assert (event.actor_label, event.target_id, event.method) == ("alice@example.com", str(alice.pk), "GET")
    assert (event.reason, event.data, event.dropped) == ("because", {"colour": "red"}, 1)
    assert event.changes == {"a": {"before": 1, "after": 2}}


@pytest.mark.usefixtures("subscribed")
@pytest.mark.parametrize("data", [None, {}, {"reason": None}, {"changes": None}])
def test_a_signal_with_little_to_say(data: dict[str, Any] | None) -> None:
    send(data=data)

    assert Event.objects.get().reason == ""


@pytest.mark.usefixtures("subscribed")
def test_an_outcome_that_does_not_exist_counts_as_failed(caplog: pytest.LogCaptureFixture) -> None:
    send(outcome="perhaps")

    assert Event.objects.get().outcome == "failed"
    assert "perhaps" in caplog.text


@pytest.mark.usefixtures("subscribed")
@pytest.mark.parametrize("wrong", [{"target": "a string"}, {"data": "a string"}, {"user": "a string"}, {"request": 1}])
def test_a_signal_that_is_sent_wrongly_is_still_an_event(wrong: dict[str, Any]) -> None:
    send(**wrong)

    assert Event.objects.get().type == "auditlog.something_happened"


def test_a_path_that_leads_nowhere_does_not_stop_the_start(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BULWARK_AUDITLOG = {"SIGNALS": ["no.such.signal"]}

    subscriptions.subscribe()

    assert "no.such.signal" in caplog.text


def test_our_own_signals_are_subscribed(alice: User) -> None:
    signals.profile_changed.send(
        sender=User, request=None, user=alice, target=alice, outcome="success", data={"fields": ["name"]}
    )

    event = Event.objects.get()
    assert (event.type, event.data) == ("accounts.profile_changed", {"fields": ["name"]})


def test_a_login_through_django(alice: User, rf: RequestFactory, settings: Settings) -> None:
    with only("django.contrib.auth.signals.user_logged_in", settings):
        user_logged_in.send(sender=User, request=rf.post("/admin/login/"), user=alice)

    event = Event.objects.get(type="auth.user_logged_in")
    assert (event.outcome, event.actor_label, event.route) == ("success", "alice@example.com", "admin/login/")


@pytest.mark.urls("tests.accounts.stock_admin")
@pytest.mark.parametrize(("typed", "target"), [("alice@example.com", "alice@example.com"), ("hunter2", "")])
def test_a_failed_login_through_django(
    typed: str, target: str, alice: User, client: Client, settings: Settings
) -> None:
    with only("django.contrib.auth.signals.user_login_failed", settings):
        client.post("/admin/login/", {"username": typed, "password": "hunter3"})

    event = Event.objects.get(type="auth.user_login_failed")
    assert (event.outcome, event.target_label, event.status) == ("failed", target, 200)
    assert len(event.data["identifier"]) == 16
    assert "hunter" not in str({**vars(event), "_state": None})


@pytest.mark.parametrize("error", [User.MultipleObjectsReturned, AttributeError, OperationalError])
def test_an_account_that_cannot_be_found_keeps_no_event_out(
    error: type[Exception], rf: RequestFactory, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host's manager does what it likes, and its backend logs people in without it."""

    def fail(self: object, name: str) -> None:
        raise error

    monkeypatch.setattr(UserManager, "get_by_natural_key", fail)
    with only("django.contrib.auth.signals.user_login_failed", settings):
        user_login_failed.send(sender=None, credentials={"username": "alice"}, request=rf.post("/admin/login/"))

    assert Event.objects.get(type="auth.user_login_failed").target_id == ""


def test_credentials_of_another_shape(rf: RequestFactory) -> None:
    authenticate(rf.get("/admin/"), token="a key that no backend knows")

    assert "a key" not in str(list(Event.objects.values()))
