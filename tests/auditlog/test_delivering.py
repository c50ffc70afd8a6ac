"""The outbox of alerts: what senders that overlap, clocks that jump and receivers that are choosy do to it."""

import logging
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from auditlog.alerts import delivering
from auditlog.alerts.channels import EmailChannel
from auditlog.models import Delivery
from tests.auditlog.alerts_receiver import Receiver
from tests.auditlog.detection.world import delivered, found
from tests.auditlog.test_alerts import guessed, hook, mailed, use, webhook

__all__ = ["hook", "webhook"]
pytestmark = pytest.mark.django_db


def test_what_another_sender_has_delivered_meanwhile_stays_delivered(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One sender hangs for longer than its lease, another takes over, and then the first one gives up."""
    use(settings, people=mailed())
    found(guessed())
    now, send = timezone.now(), EmailChannel.send

    def hang(*_: object, **__: object) -> None:
        monkeypatch.setattr(EmailChannel, "send", send)
        assert delivered(now + delivering.LEASE) == 1
        raise TimeoutError

    monkeypatch.setattr(EmailChannel, "send", hang)
    with caplog.at_level(logging.CRITICAL):
        delivered(now)
    assert delivered(now + timedelta(hours=1)) == 0
    assert len(mail.outbox) == 1
    assert (Delivery.objects.get().attempts, Delivery.objects.get().error) == (1, "")


def test_a_lease_begins_with_its_message(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the messages before have taken: else another sender would send the same at the same time."""
    use(settings, people=mailed())
    monkeypatch.setattr(delivering, "TOGETHER", 1)
    found([*guessed("alice"), *guessed("bob")])
    clock, meanwhile = [timezone.now()], list[Delivery]()
    monkeypatch.setattr("django.utils.timezone.now", lambda: clock[0])

    def slow(*_: object, **__: object) -> None:
        clock[0] += delivering.LEASE - timedelta(seconds=1)
        meanwhile.extend(Delivery.objects.filter(delivered_at=None, due_at__gt=clock[0])[:1])

    monkeypatch.setattr(EmailChannel, "send", slow)
    count = delivered()
    assert count == len(meanwhile) >= 2


def test_a_clock_that_was_ahead_keeps_nothing_back(webhook: Receiver) -> None:
    found(guessed())
    Delivery.objects.update(due_at=timezone.now() + timedelta(days=400))
    assert delivered() == 1


def test_what_a_receiver_will_never_take_keeps_nothing_else_back(
    webhook: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    webhook.refused = b"mallory"
    found([*guessed("alice"), *guessed("mallory"), *guessed("bob")])
    refused = Delivery.objects.filter(alert__key="mallory").count()
    now, others = timezone.now(), Delivery.objects.count() - refused
    with caplog.at_level(logging.CRITICAL):
        assert delivered(now) == others
    assert {"alice", "bob"} <= {alert["about"] for body in webhook.bodies for alert in body["data"]["alerts"]}
    webhook.refused = b"\0"
    assert delivered(now + delivering.FIRST_WAIT) == refused >= 1


@pytest.mark.parametrize("status", [401, 410, 429, 500])
def test_one_that_takes_nothing_is_asked_once_a_round(
    status: int, webhook: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    webhook.status = status
    found([*guessed("alice"), *guessed("bob")])
    now, waiting = timezone.now(), Delivery.objects.count()
    with caplog.at_level(logging.CRITICAL):
        assert delivered(now) == 0
    assert webhook.asked == 1
    webhook.status = 200
    assert delivered(now + delivering.FIRST_WAIT) == waiting >= 2
    assert len(webhook.posts) == 1
