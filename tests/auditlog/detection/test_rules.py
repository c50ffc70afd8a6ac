"""Each rule finds its attack; a day of a thousand ordinary people raises nothing above informational."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from mmdb_writer import MMDBWriter
from netaddr import IPSet
from pytest_django import Settings

from auditlog.detection.engine import detect_new, detect_standing
from auditlog.detection.rules import RULES, active
from auditlog.models import Alert, Event, Follower, Outcome, RuleSetting, Severity, Tree
from tests.auditlog.detection.world import (
    DAY,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    event,
    failure,
    found,
    login,
    names,
    ordinary_day,
    series,
    store,
)

pytestmark = pytest.mark.django_db
Attack = Callable[[], list[Event]]


def status_spike(status: int, column: str, count: int) -> Attack:
    values = {"src_ip": "192.0.2.66"} if column == "src_ip" else {column: "somebody", "src_ip": None}
    return lambda: series(lambda ts, _: event("edge.request_refused", ts, status=status, **values), count)


def stuffed() -> list[Event]:
    """Stuffing from a thousand addresses, after a quiet day."""
    quiet = series(lambda ts, n: failure(ts, f"u{n}", src_ip=f"10.1.0.{n}"), 24, began=NOON - DAY, every=HOUR)
    return quiet + series(lambda ts, n: failure(ts, f"u{n}", src_ip=f"10.{n}.3.4"), 120)


def walked(**columns: object) -> list[Event]:
    return series(lambda ts, n: event("authz.access_denied", ts, status=404, data={"object": str(n)}, **columns), 26)


def resets() -> list[Event]:
    return series(lambda ts, n: event("accounts.password_reset_requested", ts, src_ip=f"10.0.{n}.1"), 25)


def probed() -> list[Event]:
    paths = ("/.env", "/wp-login.php", "/phpmyadmin/index.php")
    return series(
        lambda ts, n: event("edge.request_refused", ts, status=404, data={"path": paths[n], "code": "not_found"}), 3
    )


ATTACKS: dict[str, Attack] = {
    "bulk_export": lambda: series(
        lambda ts, _: event("articles.articles_exported", ts, actor_id="mallory", outcome=Outcome.SUCCESS), 5
    ),
    "csp_burst": lambda: series(lambda ts, _: event("edge.csp_violated", ts), 20),
    "login_failures_by_account": lambda: series(lambda ts, n: failure(ts, "alice", src_ip=f"10.0.0.{n}"), 10),
    "login_failures_by_ip": lambda: series(lambda ts, n: failure(ts, f"u{n % 3}"), 15),
    "login_failures_by_subnet": lambda: series(lambda ts, n: failure(ts, f"u{n}", src_ip=f"192.0.2.{n}"), 40),
    "login_failures_overall": stuffed,
    "mfa_failures": lambda: series(lambda ts, _: event("accounts.mfa_failed", ts, actor_id="alice"), 5),
    "new_country": lambda: [login(NOON - DAY, "alice", country="DE"), login(NOON, "alice", country="VN")],
    "new_device": lambda: [login(NOON - DAY, "alice", user_agent="a"), login(NOON, "alice", user_agent="b")],
    "new_ip": lambda: [login(NOON - DAY, "alice"), login(NOON, "alice", src_ip="192.0.2.1")],
    "object_walking": lambda: walked(actor_id="mallory", src_ip=None),
    "object_walking_by_ip": walked,
    "password_reset_spike": resets,
    "password_spraying": lambda: series(lambda ts, n: failure(ts, f"u{n}"), 8, every=2 * MINUTE),
    "probing": probed,
    "revoked_token_used": lambda: series(
        lambda ts, _: event("accounts.token_used_after_revocation", ts, session="s1"), 3
    ),
    "scraping": lambda: series(lambda ts, _: event("edge.request_throttled", ts, status=429), 60),
    "scraping_volume": lambda: [
        event(
            "edge.volume_reached", NOON + HOUR * n, outcome=Outcome.SUCCESS, data={"who": "mallory", "count": 400 * n}
        )
        for n in (1, 2, 3)
    ],
    "secret_read_first": lambda: [
        event("secrets.secret_read", NOON - DAY, actor_id="deploy", target_id="db"),
        event("secrets.secret_read", NOON, actor_id="deploy", target_id="payments"),
    ],
    "self_granted_role": lambda: [
        event("authz.role_granted", NOON, actor_id="mallory", outcome=Outcome.SUCCESS, data={"self_granted": True})
    ],
    "success_after_failures": lambda: [
        *series(lambda ts, n: failure(ts, "alice", src_ip=f"10.0.{n}.1"), 8),
        login(NOON + MINUTE, "alice", src_ip="10.0.9.1"),
    ],
    "rule_broken": lambda: [event("auditlog.rule_failed", NOON, data={"rule": "probing", "error": "KeyError"})],
    "success_after_failures_by_ip": lambda: [
        *series(lambda ts, n: failure(ts, f"u{n}"), 15),
        login(NOON + MINUTE, "u77"),
    ],
    "token_forged": lambda: [event("accounts.token_forged", NOON)],
    "token_reuse": lambda: [event("accounts.token_reuse_detected", NOON, session="s1")],
    "unusual_user_agent": lambda: series(
        lambda ts, _: event("edge.request_refused", ts, user_agent="sqlmap/1.8", data={"path": "/x"}), 3
    ),
    **{f"spike_{status}_by_ip": status_spike(status, "src_ip", 40) for status in (401, 403, 404, 422, 429)},
    **{f"spike_{status}_by_user": status_spike(status, "actor_id", 40) for status in (401, 403, 404, 422, 429)},
    **{f"spike_{status}_by_tenant": status_spike(status, "tenant", 120) for status in (401, 403, 404, 422, 429)},
}
#: Tested below, each by itself: they need a file of places, or time that passes.
APART = {"events_stopped", "impossible_travel", "sealing_stalled"}


def test_every_rule_has_an_attack() -> None:
    assert {rule.name for rule in RULES} == {*ATTACKS, *APART}
    assert all(rule.title and rule.why.endswith(".") and rule.first.endswith((".", "?")) for rule in RULES)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_attack_is_found(name: str) -> None:
    alerts = found(ATTACKS[name]())
    assert name in names(alerts)
    alert = next(alert for alert in alerts if alert.rule == name)
    assert alert.evidence
    assert Event.objects.filter(uuid__in=alert.evidence).count() == len(alert.evidence)


@pytest.mark.parametrize("name", ATTACKS)
def test_switched_off_it_is_not(name: str) -> None:
    RuleSetting.objects.create(rule=name, is_enabled=False)
    assert name not in names(found(ATTACKS[name]()))


@pytest.mark.parametrize("seed", [3, 6, 7])
def test_an_ordinary_day_is_quiet(seed: int, settings: Settings, tmp_path: Path) -> None:
    """A thousand people, a day: nothing above informational, wherever they are."""
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "GEOIP_FILE": str(places(tmp_path))}
    events = ordinary_day(seed=seed)
    assert len(events) > 7000
    assert len([made for made in events if made.country == "FR"]) > 40
    loud = [alert for alert in found(events) if alert.severity > Severity.INFORMATIONAL]
    assert [(alert.rule, alert.key, alert.count) for alert in loud] == []


def test_one_short_of_the_limit_is_quiet() -> None:
    assert "password_spraying" not in names(found(series(lambda ts, n: failure(ts, f"u{n}"), 7, every=2 * MINUTE)))


def test_a_window_slides() -> None:
    """Twice half of the limit, with more than the window between: never so many at any one time."""
    first = series(lambda ts, n: failure(ts, "alice", src_ip=f"10.0.{n}.1"), 6)
    second = series(lambda ts, n: failure(ts, "alice", src_ip=f"10.0.{n}.1"), 6, began=NOON + 16 * MINUTE)
    assert "login_failures_by_account" not in names(found(first + second))
    third = series(lambda ts, n: failure(ts, "alice", src_ip=f"10.0.{n}.1"), 6, began=NOON + 29 * MINUTE)
    assert "login_failures_by_account" in names(found(third))  # second and third lie across no border of a window


def test_a_flood_that_was_counted_counts() -> None:
    """One row that stands for a hundred is a hundred."""
    assert "login_failures_by_ip" in names(found([failure(NOON, "alice", count=100, last_ts=NOON + MINUTE)]))


@pytest.mark.parametrize("count", [4, 1])
def test_what_is_usual_for_a_key_is_no_spike(count: int) -> None:
    """An integration that sent forty invalid requests in ten minutes yesterday goes on doing so."""

    def day(began: datetime, minutes: int) -> list[Event]:
        return series(
            lambda ts, _: event("edge.validation_failed", ts, status=422, src_ip="192.0.2.5", count=count),
            minutes * 4 // count,
            began=began,
            every=MINUTE * count / 4,
        )

    assert "spike_422_by_ip" in names(found(day(NOON - DAY, 24 * 60)))  # what began yesterday was new then
    Alert.objects.all().delete()
    assert "spike_422_by_ip" not in names(found(day(NOON, 60)))
    sixfold = series(
        lambda ts, _: event("edge.validation_failed", ts, status=422, src_ip="192.0.2.5"), 300, began=NOON + HOUR
    )
    assert "spike_422_by_ip" in names(found(sixfold))


def test_limits_are_set_in_settings_and_over_them_in_the_admin(settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "RULES": {"probing": {"limit": 9, "window": 60}}}
    rule = next(rule for rule in active("default") if rule.name == "probing")
    assert (rule.detector.limit, rule.detector.window) == (9, MINUTE)
    RuleSetting.objects.create(rule="probing", limit=2, severity=Severity.CRITICAL)
    rule = next(rule for rule in active("default") if rule.name == "probing")
    assert (rule.detector.limit, rule.detector.window, rule.severity) == (2, MINUTE, Severity.CRITICAL)


@pytest.mark.django_db(transaction=True)
def test_an_event_is_looked_at_once_and_in_however_small_steps(settled: Callable[[], None]) -> None:
    store(ATTACKS["login_failures_by_ip"]())
    settled()
    assert detect_new("default", size=4) >= 15  # the alert is an event too
    settled()
    detect_new("default")
    assert detect_new("default") == 0
    assert Alert.objects.get(rule="login_failures_by_ip").count == 15


@pytest.mark.django_db(transaction=True)
def test_the_queries_do_not_grow_with_the_sources(settled: Callable[[], None]) -> None:
    def queries(sources: int) -> int:
        store(series(lambda ts, n: failure(ts, f"u{n}", src_ip=f"10.0.{n % sources}.1"), 200, every=2 * HOUR))
        settled()
        with CaptureQueriesContext(connection) as captured:
            detect_new("default")
        return len(captured)

    queries(1)  # the first look makes the detector's place in the log
    assert queries(150) <= queries(2)


def test_events_that_stop(settings: Settings) -> None:
    for days in (1, 7):
        store(series(lambda ts, _: login(ts, "monitor"), 30, began=NOON - days * DAY - 25 * MINUTE, every=30 * SECOND))
    detect_standing("default", now=NOON)
    assert names(list(Alert.objects.all())) == {"events_stopped"}


def test_events_that_go_on_or_never_came_are_no_silence() -> None:
    detect_standing("default", now=NOON)
    store([login(NOON - MINUTE, "monitor")])
    detect_standing("default", now=NOON)
    assert not Alert.objects.exists()


def test_a_sealer_that_stands_still() -> None:
    store([login(NOON - HOUR, "alice")])
    Follower.objects.create(name="seal")
    Follower.objects.update(updated_at=NOON - HOUR)
    detect_standing("default", now=NOON)
    assert names(list(Alert.objects.all())) == {"sealing_stalled"}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
def test_a_sealer_that_an_open_transaction_holds_up() -> None:
    """It looks again and again, and seals nothing: whoever keeps a transaction open keeps the log unsealed."""
    store([login(NOON - HOUR, "alice")])  # the test's own transaction is open
    Follower.objects.create(name="seal")
    Follower.objects.update(updated_at=NOON)
    tree = Tree.objects.create(number=1, format=1, incarnation="x", reason="first", sealed_at=NOON - MINUTE)
    detect_standing("default", now=NOON)
    assert not Alert.objects.exists()  # it gets on
    tree.sealed_at = NOON - HOUR
    tree.save()
    detect_standing("default", now=NOON)
    assert names(list(Alert.objects.all())) == {"sealing_stalled"}


@pytest.mark.django_db(transaction=True)
def test_an_old_event_that_has_come_just_now_holds_up_nobody(settled: Callable[[], None]) -> None:
    """It had waited on disk for the database."""
    store([login(NOON - HOUR, "alice")])
    Follower.objects.create(name="seal")
    Follower.objects.update(updated_at=NOON)
    settled()
    detect_standing("default", now=NOON)
    assert not Alert.objects.exists()


def test_an_event_of_a_clock_that_was_ahead_hides_no_sealer_that_stands_still() -> None:
    store([login(NOON + 400 * DAY, "alice")])
    read = Event.objects.get()
    Follower.objects.create(name="seal", epoch=read.epoch, tx=read.tx, seq=read.seq, ts=read.ts)
    Follower.objects.update(updated_at=NOON - HOUR)
    detect_standing("default", now=NOON)
    assert not Alert.objects.exists()  # that one was read
    store([login(NOON - HOUR, "alice")])
    detect_standing("default", now=NOON)
    assert names(list(Alert.objects.all())) == {"sealing_stalled"}


@pytest.mark.parametrize("keys", ["", "a key"])
def test_a_sealer_that_never_ran(keys: str, settings: Settings) -> None:
    """Where there are keys, somebody counts on the seal."""
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SEAL_KEYS": keys}
    store([login(NOON - HOUR, "alice")])
    detect_standing("default", now=NOON)
    assert names(list(Alert.objects.all())) == ({"sealing_stalled"} if keys else set())


def places(folder: Path) -> Path:
    """Write a file of places, as MaxMind's are: Berlin with Potsdam, and Hanoi; and where ordinary people are."""
    writer = MMDBWriter(4, "Test-City", languages=["en"])
    for network, code, latitude, longitude in (
        ("2.125.160.216/29", "DE", 52.5, 13.4),
        ("81.2.69.160/27", "VN", 21.0, 105.8),
        ("203.0.113.0/24", "DE", 52.5, 13.4),
        ("10.0.0.0/14", "DE", 52.5, 13.4),
        ("10.7.0.0/16", "FR", 48.9, 2.4),
    ):
        place = {"location": {"latitude": latitude, "longitude": longitude}, "country": {"iso_code": code}}
        writer.insert_network(IPSet([network]), place)
    path = folder / "places.mmdb"
    writer.to_db_file(str(path))
    return path


def test_a_journey_that_nobody_makes(settings: Settings, tmp_path: Path) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "GEOIP_FILE": str(places(tmp_path))}
    berlin, hanoi, potsdam = "2.125.160.217", "81.2.69.160", "2.125.160.218"
    alerts = found([login(NOON, "alice", src_ip=berlin), login(NOON + HOUR, "alice", src_ip=hanoi)])
    assert "impossible_travel" in names(alerts)
    Alert.objects.all().delete()
    slow = [login(NOON, "bob", src_ip=berlin), login(NOON + 20 * HOUR, "bob", src_ip=hanoi)]
    near = [login(NOON, "erin", src_ip=berlin), login(NOON + timedelta(seconds=9), "erin", src_ip=potsdam)]
    assert "impossible_travel" not in names(found(slow + near))


@pytest.mark.parametrize("networks", [1, 60])
def test_who_changes_addresses_within_an_ipv6_network_is_one_source(networks: int) -> None:
    def probe(ts: datetime, number: int) -> Event:
        address = f"2001:db8:0:{number % networks:x}::{number + 1:x}"
        return failure(ts, f"u{number}", src_ip=address)

    found(series(probe, 8 * networks))
    raised = Alert.objects.filter(rule="password_spraying").values_list("key", "count")
    assert set(raised) == {
        (f"2001:db8:0:{number:x}::/64" if number else "2001:db8::/64", 8) for number in range(networks)
    }


def test_a_network_beside_it_is_another_source() -> None:
    found(series(lambda ts, n: failure(ts, f"u{n}", src_ip=f"2001:db8:0:{n:x}::1"), 8))
    assert not Alert.objects.filter(rule="password_spraying").exists()
