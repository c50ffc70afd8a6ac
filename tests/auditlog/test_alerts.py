"""Alerts: told once, kept until taken, dealt with by people."""

import logging
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from auditlog.alerts import raising
from auditlog.alerts.channels import EmailChannel
from auditlog.alerts.raising import acknowledge, add_note, close, raise_alert
from auditlog.detection.detectors import Each, New
from auditlog.detection.engine import look
from auditlog.detection.findings import Finding
from auditlog.detection.rules import BY_NAME
from auditlog.models import Alert, AlertState, Delivery, Event, Follower, Silence
from tests.auditlog.alerts_receiver import Receiver, receiver
from tests.auditlog.detection.world import MINUTE, NOON, delivered, event, failure, found, login, series

CHANNELS = "auditlog.alerts.channels"
SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtMTI="  # pragma: allowlist secret
pytestmark = pytest.mark.django_db


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


@pytest.fixture
def webhook(settings: Settings, hook: Receiver) -> Receiver:
    options = {"url": f"{hook.url}/hook", "secret": SECRET}
    use(settings, pager={"BACKEND": f"{CHANNELS}.WebhookChannel", "OPTIONS": options})
    return hook


def mailed(**options: object) -> dict[str, object]:
    return {"BACKEND": f"{CHANNELS}.EmailChannel", "OPTIONS": {"to": ["oncall@example.com"], **options}}


def use(settings: Settings, **channels: Mapping[str, object]) -> None:
    settings.BULWARK_AUDITLOG = {
        **settings.BULWARK_AUDITLOG,
        "ALERT_CHANNELS": channels,
        "SITE_URL": "https://api.example.com",
    }


def guessed(who: str = "alice", minutes: int = 0) -> list[Event]:
    return series(lambda ts, n: failure(ts, who, src_ip=f"10.0.{n}.1"), 10, began=NOON + minutes * MINUTE)


def the_alert() -> Alert:
    return Alert.objects.get(rule="login_failures_by_account")


def test_a_webhook_gets_it_signed(webhook: Receiver) -> None:
    found(guessed())
    assert delivered() == 1
    [(path, headers, body)] = webhook.posts
    assert path == "/hook"
    told = Webhook(SECRET).verify(body, headers)["data"]["alerts"][0]
    assert (told["rule"], told["about"], told["state"]) == ("login_failures_by_account", "alice", "open")
    assert told["why"]
    assert told["first"]
    assert told["url"] == f"https://api.example.com/admin/bulwark_auditlog/alert/{the_alert().pk}/change/"
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"alice", b"bobby"), headers)
    assert delivered() == 0  # once


def test_more_of_the_same_joins_and_is_not_told_again(webhook: Receiver) -> None:
    found(guessed())
    found(guessed(minutes=1))
    assert delivered() == 1
    assert the_alert().count == 20
    assert the_alert().last_ts > NOON + MINUTE


def test_what_comes_together_goes_in_one_message(webhook: Receiver) -> None:
    found(guessed("alice") + guessed("bob"))
    assert delivered() >= 2
    assert len(webhook.posts) == 1
    assert {each["about"] for each in webhook.bodies[0]["data"]["alerts"]} >= {"alice", "bob"}


def test_a_dead_receiver_loses_nothing_and_holds_up_nobody(
    settings: Settings, hook: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    dead = {"BACKEND": f"{CHANNELS}.WebhookChannel", "OPTIONS": {"url": "http://127.0.0.1:9/", "secret": SECRET}}
    people = mailed()
    use(settings, dead=dead, people=people)
    found(guessed())
    now = timezone.now()
    with caplog.at_level(logging.CRITICAL):
        assert delivered(now) == 1
        assert len(mail.outbox) == 1
        waits = []
        for _ in range(12):
            delivery = Delivery.objects.get(channel="dead")
            waits.append(delivery.due_at - now)
            assert delivered(delivery.due_at - timedelta(seconds=1)) == 0
            now = delivery.due_at
            assert delivered(now) == 0
    assert waits[0] == timedelta(seconds=5)
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(minutes=15)
    assert Delivery.objects.get(channel="dead").error
    use(settings, dead={**dead, "OPTIONS": {"url": hook.url, "secret": SECRET}}, people=people)  # it is back
    assert delivered(Delivery.objects.get(channel="dead").due_at) == 1
    assert len(hook.posts) == 1
    assert len(mail.outbox) == 1


def test_a_line_break_in_what_it_is_about_holds_up_no_mail(settings: Settings) -> None:
    use(settings, people=mailed())
    found(guessed("alice\r\nBcc: eve@example.com"))
    assert delivered() >= 1
    assert "\n" not in mail.outbox[0].subject
    assert mail.outbox[0].recipients() == ["oncall@example.com"]


def test_a_rule_that_breaks_stops_no_other(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def breaks(*_: object) -> Iterator[Finding]:
        raise RuntimeError("an event that the rule cannot take")

    monkeypatch.setattr(New, "findings", breaks)
    with caplog.at_level(logging.CRITICAL):
        found([*guessed(), login(NOON + MINUTE, "alice")])
    assert the_alert().count == 10


def test_who_was_told_of_an_alert_is_told_of_its_end(webhook: Receiver, settings: Settings) -> None:
    """People close it on a page, whose server has no channels: those are the detector's."""
    found(guessed())
    delivered()
    described = settings.BULWARK_AUDITLOG["ALERT_CHANNELS"]
    use(settings)
    close(the_alert(), by=None, note="a test that we ordered")
    assert delivered() == 0
    use(settings, **described)
    assert delivered() == 1
    assert webhook.bodies[-1]["data"]["alerts"][0]["state"] == "closed"


def test_a_message_that_takes_long_is_nobody_elses_and_no_transaction(
    settings: Settings, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database ends sessions that idle in a transaction, and what was told would be told again."""
    use(settings, people=mailed())
    found(guessed())
    blocks, meanwhile = len(connection.savepoint_ids), []

    def slow(_channel: EmailChannel, _deliveries: object, **_: object) -> None:
        meanwhile.append((len(connection.savepoint_ids), delivered()))

    monkeypatch.setattr(EmailChannel, "send", slow)
    assert delivered() == 1
    assert meanwhile == [(blocks, 0)]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL gives up statements")
def test_a_rule_whose_query_takes_too_long_blinds_no_other(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def slow(*_: object) -> Iterator[Finding]:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 20; SELECT pg_sleep(5)")
        yield from ()

    monkeypatch.setattr(New, "findings", slow)
    with caplog.at_level(logging.CRITICAL):
        found([*guessed(), login(NOON + MINUTE, "alice")])
    assert the_alert().count == 10
    assert Event.objects.filter(type="auditlog.rule_failed", data__rule="new_device").exists()


def test_a_rule_that_breaks_is_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def breaks(*_: object) -> Iterator[Finding]:
        raise RuntimeError("an event that the rule cannot take")

    failures = Event.objects.filter(type="auditlog.rule_failed")
    monkeypatch.setattr(New, "findings", breaks)
    with caplog.at_level(logging.CRITICAL):
        found([login(NOON, "alice")])
        look(failures, "default")
    assert "new_device" in Alert.objects.filter(rule="rule_broken").values_list("key", flat=True)
    monkeypatch.setattr(Each, "findings", breaks)
    with caplog.at_level(logging.CRITICAL):
        found([event("accounts.token_forged", NOON)])
        look(failures, "default")
    assert failures.filter(data__rule="token_forged").count() == 1
    assert not failures.filter(data__rule="rule_broken").exists()  # it would tell of itself without end


def test_a_receiver_that_refuses_gets_it_later(webhook: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    webhook.status = 503
    found(guessed())
    with caplog.at_level(logging.CRITICAL):
        assert delivered() == 0
    assert "503" in Delivery.objects.get().error
    webhook.status = 200
    assert delivered(timezone.now() + timedelta(minutes=1)) == 1


def test_a_silence_keeps_the_alert_and_tells_nobody(webhook: Receiver) -> None:
    now = timezone.now()
    Silence.objects.create(rule="login_failures_by_account", key="alice", ends_at=now + timedelta(hours=1), reason="x")
    found(guessed("alice") + guessed("bob"))
    delivered()
    told = [each["about"] for body in webhook.bodies for each in body["data"]["alerts"]]
    assert "bob" in told
    assert "alice" not in told
    assert Alert.objects.get(rule="login_failures_by_account", key="alice").is_silenced


def test_a_silence_that_has_ended_silences_nothing(webhook: Receiver) -> None:
    now = timezone.now()
    Silence.objects.create(starts_at=now - 2 * MINUTE, ends_at=now - MINUTE, reason="over")
    found(guessed())
    assert delivered() == 1


def test_of_two_detectors_the_slower_one_loses_no_finding(webhook: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds no alert, is beaten to raising one, and by then somebody has closed that."""
    found(guessed())
    join, looks = raising._join, []

    def slower(*arguments: Any) -> Alert | None:
        looks.append(arguments)
        if len(looks) == 2:
            close(the_alert(), by=None, note="a test")
        return join(*arguments) if len(looks) > 2 else None

    monkeypatch.setattr(raising, "_join", slower)
    finding = Finding("alice", 10, NOON, NOON, new=10)
    raised = raise_alert(BY_NAME["login_failures_by_account"], finding, "default")
    assert raised.pk
    assert Alert.objects.filter(rule=raised.rule).count() == 2
    delivered()
    told = [alert["state"] for body in webhook.bodies for alert in body["data"]["alerts"] if alert["id"] == raised.pk]
    assert told == ["open"]


def test_what_goes_on_after_a_silence_is_told_once(webhook: Receiver, settings: Settings) -> None:
    """An attack that begins while a release is silenced must not stay unheard of when the release is done."""
    acts = {"login_failures_by_account": {"respond": {"action": "lock_account"}}}
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "RULES": acts}
    silence = Silence.objects.create(ends_at=timezone.now() + timedelta(hours=1), reason="a release")
    found(guessed())
    found(guessed(minutes=1))
    assert delivered() == 0
    assert not Event.objects.filter(type="auditlog.response_withheld").exists()  # nor has a rule acted
    Silence.objects.filter(pk=silence.pk).update(starts_at=timezone.now() - 2 * MINUTE, ends_at=timezone.now() - MINUTE)
    found(guessed(minutes=2))
    found(guessed(minutes=3))
    delivered()
    told = [each for body in webhook.bodies for each in body["data"]["alerts"]]
    assert [each["state"] for each in told if each["rule"] == "login_failures_by_account"] == ["open"]
    assert Event.objects.filter(type="auditlog.response_withheld").count() == 1  # tried: alice has no account here


def test_people_take_it_on_and_close_it(webhook: Receiver) -> None:
    erin = get_user_model().objects.create(email="erin@example.com")
    found(guessed())
    alert = the_alert()
    acknowledge(alert, by=erin)
    add_note(alert, by=erin, note="asked alice")
    close(alert, by=erin, note="alice forgot")
    delivered()
    assert [each["state"] for each in webhook.bodies[0]["data"]["alerts"]] == ["open", "acknowledged", "closed"]
    assert [step.text for step in alert.steps.order_by("pk")][1:] == [
        "acknowledged",
        "asked alice",
        "closed: alice forgot",
    ]
    assert (the_alert().state, the_alert().owner) == (AlertState.CLOSED, erin)
    kinds = Event.objects.filter(target_type="bulwark_auditlog.alert").order_by("seq").values_list("type", flat=True)
    assert list(kinds) == [f"auditlog.alert_{step}" for step in ("raised", "acknowledged", "noted", "closed")]
    assert Event.objects.get(type="auditlog.alert_noted").data["note"] == "asked alice"
    found(guessed(minutes=1))  # it begins anew: that is another alert
    assert Alert.objects.filter(rule="login_failures_by_account").count() == 2


def test_closing_twice_tells_once(webhook: Receiver) -> None:
    found(guessed())
    close(the_alert(), by=None, note="first")
    close(the_alert(), by=None, note="second")
    assert Delivery.objects.filter(news=AlertState.CLOSED).count() == 1


def test_a_channel_takes_what_is_severe_enough(settings: Settings) -> None:
    use(settings, people=mailed(minimum=5))
    found(guessed())
    assert delivered() == 0
    assert not mail.outbox


def test_the_mail_says_what_to_do(settings: Settings) -> None:
    use(settings, people=mailed())
    found(guessed())
    delivered()
    assert mail.outbox[0].subject == "[alert] Many failed logins of one account: alice"
    assert "First: One address or many?" in mail.outbox[0].body


@pytest.mark.django_db(transaction=True)
def test_the_command_looks_and_delivers(
    webhook: Receiver, capsys: pytest.CaptureFixture[str], settled: Callable[[], None]
) -> None:
    for each in guessed():
        each.save()
    settled()
    call_command("auditlog_detect")
    assert "1 alerts were delivered" in capsys.readouterr().out
    assert len(webhook.posts) == 1


@pytest.mark.django_db(transaction=True)
def test_the_check_fails_when_nobody_looks(settled: Callable[[], None]) -> None:
    Event.objects.insert([failure(timezone.now() - timedelta(hours=1), "alice")])
    settled()
    call_command("auditlog_detect")
    call_command("auditlog_detect", "--check")
    Event.objects.insert([failure(timezone.now() - timedelta(minutes=30), "alice")])
    Follower.objects.update(updated_at=timezone.now() - timedelta(minutes=20))
    with pytest.raises(CommandError):
        call_command("auditlog_detect", "--check")


def test_the_check_fails_when_nobody_ever_looked() -> None:
    Event.objects.insert([failure(timezone.now() - timedelta(minutes=30), "alice")])
    with pytest.raises(CommandError):
        call_command("auditlog_detect", "--check")


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("prometheus-alertmanager")
    if program is None:
        pytest.skip("needs prometheus-alertmanager")
    (tmp_path / "am.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"127.0.0.1:{probe.getsockname()[1]}"
    arguments = [f"--config.file={tmp_path}/am.yml", f"--storage.path={tmp_path}", f"--web.listen-address={url}"]
    server = subprocess.Popen([program, *arguments, "--cluster.listen-address="], stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://{url}/-/ready")
        yield f"http://{url}"
    finally:
        server.terminate()
        server.wait()


def wait_for(url: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"{url} does not answer")


def test_alertmanager_takes_it_and_resolves_it(settings: Settings, alertmanager: str) -> None:
    use(settings, prometheus={"BACKEND": f"{CHANNELS}.AlertmanagerChannel", "OPTIONS": {"url": alertmanager}})
    found(guessed())
    assert delivered() == 1
    assert '"alertname":"login_failures_by_account"' in read(f"{alertmanager}/api/v2/alerts")
    close(the_alert(), by=None, note="over")
    assert delivered() == 1
    assert "login_failures_by_account" not in read(f"{alertmanager}/api/v2/alerts")


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        text: str = answer.read().decode()
    return text
