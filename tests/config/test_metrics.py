"""`/metrics` of the whole house: what is promised is there at 0, counts what happens, and reads as Prometheus wants."""

import re
import shutil
import subprocess
from datetime import timedelta

import pytest
from django.core.cache import cache, caches
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.counters import ENDED
from accounts.first_factor import LoginFault
from accounts.login import start_session
from accounts.models import EndReason, TokenFamily
from accounts.sessions import end_all
from articles.policies import ArticlePolicy
from auditlog.alerts.raising import close
from auditlog.detection.rules import RULES
from auditlog.models import Alert, Event, Follower
from auditlog.recording import record
from tests.accounts.browser import Browser
from tests.accounts.conftest import make_user
from tests.accounts.counting import queries
from tests.auditlog.detection.world import failure, found, series

pytestmark = pytest.mark.django_db

PROMISED = {
    *("bulwark_login_attempts_total", "bulwark_token_reuses_total", "bulwark_sessions_ended_total"),
    *("bulwark_denials_total", "bulwark_ratelimit_decisions_total", "bulwark_validation_failures_total"),
    *("bulwark_unknown_paths_total", "bulwark_csp_reports_total", "bulwark_alerts_total", "bulwark_alerts_open"),
    *("bulwark_audit_write_failures_total", "bulwark_audit_write_seconds_bucket", "bulwark_audit_unread_events"),
    *("bulwark_audit_lag_seconds", "bulwark_audit_spool_bytes", "bulwark_sessions_active", "bulwark_responses_active"),
    *("bulwark_key_age_seconds", "bulwark_metrics_source_up", "bulwark_mails_withheld_total"),
}


def page() -> str:
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    return answer.content.decode()


def value(name: str, **labels: str) -> float:
    """Return the value of a sample on the page."""
    wanted = ",".join(f'{key}="{word}"' for key, word in labels.items())
    line = re.search(
        rf"^{re.escape(name)}{re.escape('{' + wanted + '}') if wanted else ''} (\S+)$", page(), re.MULTILINE
    )
    assert line is not None, f"{name} {wanted}"
    return float(line[1])


def test_everything_promised_is_there() -> None:
    names = set(re.findall(r"^(\w+)", page(), re.MULTILINE))
    assert names >= PROMISED


def test_every_value_of_a_label_starts_at_0() -> None:
    text = page()
    for fault in LoginFault:
        assert f'bulwark_login_attempts_total{{outcome="refused",reason="{fault}"}}' in text
    for reason in EndReason.values:
        assert f'bulwark_sessions_ended_total{{reason="{reason}"}}' in text
    for rule in RULES:
        assert f'bulwark_alerts_total{{rule="{rule.name}"}} 0.0' in text
    for action in ArticlePolicy.rules()[0]:
        assert f'bulwark_denials_total{{action="{action}"}}' in text
    assert 'bulwark_audit_write_failures_total{kept="spool"}' in text


def test_prometheus_itself_finds_nothing_wrong() -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("needs promtool")
    found(series(lambda ts, n: failure(ts, f"u{n % 3}"), 15))
    done = subprocess.run([program, "check", "metrics"], input=page(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_logins_are_counted_by_why_they_failed() -> None:
    make_user("alice")
    labels = {"outcome": "refused", "reason": "wrong_password"}
    before, logins = (
        value("bulwark_login_attempts_total", **labels),
        value("bulwark_login_attempts_total", outcome="success", reason=""),
    )
    browser = Browser()
    browser.send("POST", "login", {"email": "alice@example.com", "password": "wrong password here"})
    browser.log_in("alice@example.com")
    assert value("bulwark_login_attempts_total", **labels) == before + 1
    assert value("bulwark_login_attempts_total", outcome="success", reason="") == logins + 1
    cache.delete("bulwark:accounts:sessions_active")
    assert value("bulwark_sessions_active") == 1


def test_live_sessions_are_counted_once_a_minute_whoever_asks() -> None:
    with queries() as sql:
        assert value("bulwark_sessions_active") == 0
    assert len([each for each in sql if "tokenfamily" in each]) == 1
    start_session(make_user("alice"), transport="body", amr=["pwd"], request=None, now=timezone.now())
    with queries() as sql:
        assert value("bulwark_sessions_active") == 0
    assert not [each for each in sql if "tokenfamily" in each]
    cache.delete("bulwark:accounts:sessions_active")
    assert value("bulwark_sessions_active") == 1


def test_live_sessions_are_counted_without_the_cache_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(caches["default"], "get", fail)
    start_session(make_user("alice"), transport="body", amr=["pwd"], request=None, now=timezone.now())
    assert value("bulwark_sessions_active") == 1


def test_ended_sessions_are_counted_and_peoples_words_are_one_kind() -> None:
    alice = make_user("alice")
    before = ENDED.labels("other")._value.get()
    for reason in ("logout", "we lost a laptop in Vienna"):
        start_session(alice, transport="body", amr=["pwd"], request=None, now=timezone.now())
        end_all(TokenFamily.objects.of(alice), now=timezone.now(), reason=reason)
    assert ENDED.labels("other")._value.get() == before + 1


def test_unknown_paths_are_counted() -> None:
    before = value("bulwark_unknown_paths_total")
    Client().get("/.env")
    assert value("bulwark_unknown_paths_total") == before + 1


def test_alerts_lag_and_verification_are_looked_up() -> None:
    found(series(lambda ts, n: failure(ts, f"u{n % 3}"), 15))
    assert value("bulwark_alerts_total", rule="login_failures_by_ip") == 1
    assert value("bulwark_alerts_open", severity="medium") >= 1
    assert value("bulwark_audit_unread_events", reader="seal") >= 15
    for alert in Alert.objects.all():
        close(alert, by=None, note="over")
    assert value("bulwark_alerts_open", severity="medium") == 0
    assert not re.search("^bulwark_audit_verified ", page(), re.MULTILINE)
    record("auditlog.log_verified", outcome="failed")
    assert value("bulwark_audit_verified") == 0
    record("auditlog.log_verified")
    assert value("bulwark_audit_verified") == 1


def test_an_event_of_a_clock_that_was_ahead_hides_no_lag() -> None:
    Event.objects.insert([failure(timezone.now() + timedelta(days=400), "alice")])
    read = Event.objects.get()
    Follower.objects.create(name="seal", epoch=read.epoch, tx=read.tx, seq=read.seq, ts=read.ts)
    assert value("bulwark_audit_lag_seconds", reader="seal") == 0
    Event.objects.insert([failure(timezone.now() - timedelta(hours=1), "alice")])
    assert value("bulwark_audit_lag_seconds", reader="seal") >= 3600


def test_what_waits_for_a_channel_is_told_by_a_server_that_has_none(settings: Settings) -> None:
    """In docker/ the channels are the detector's, and the web server is asked."""
    channel = {"BACKEND": "auditlog.alerts.channels.EmailChannel", "OPTIONS": {"to": ["oncall@example.com"]}}
    ours = settings.BULWARK_AUDITLOG
    settings.BULWARK_AUDITLOG = {**ours, "ALERT_CHANNELS": {"people": channel}}
    assert value("bulwark_alert_deliveries_waiting", channel="people") == 0
    found(series(lambda ts, n: failure(ts, f"u{n % 3}"), 15))
    settings.BULWARK_AUDITLOG = ours
    assert value("bulwark_alert_deliveries_waiting", channel="people") >= 1
    assert value("bulwark_alert_deliveries_total", channel="people") == 0


def test_a_source_that_fails_takes_nothing_else_along(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    sources = ["no.such.source", "auditlog.metrics.collected"]
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "METRICS_SOURCES": sources}
    with caplog.at_level("CRITICAL"):
        assert value("bulwark_metrics_source_up", source="no.such.source") == 0
        assert value("bulwark_metrics_source_up", source="auditlog.metrics.collected") == 1


def test_the_queries_do_not_grow_with_the_log() -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            page()
        return len(captured)

    page()  # the sessions are counted once a minute
    Event.objects.insert(series(lambda ts, n: failure(ts, f"u{n}"), 3))
    first = asked()
    Event.objects.insert(series(lambda ts, n: failure(ts, f"u{n}"), 300))
    assert asked() == first
