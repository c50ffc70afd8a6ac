"""A flood is counted, and the count is exact, whoever dies meanwhile."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from auditlog import floods as module
from auditlog import journal as journals
from auditlog import record, writing
from auditlog.floods import floods, key_of
from auditlog.journal import journal
from auditlog.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.auditlog.urls")]


class Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def three_a_minute(settings: Settings, spool_folder: Path) -> Iterator[None]:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "FLOOD_LIMIT": 3, "FLOOD_WINDOW": 60}
    journal.forget()
    floods.forget()
    yield
    journal.forget()
    floods.forget()


def refuse(times: int = 1, **columns: Any) -> None:
    for _ in range(times):
        record("accounts.login_failed", outcome="refused", **columns)


def counts() -> list[int]:
    return list(Event.objects.order_by("seq").values_list("count", flat=True))


def test_what_is_over_the_limit_is_one_event_when_the_window_has_ended(clock: Clock) -> None:
    with time_machine.travel("2026-05-01T10:00:00Z", tick=False):
        refuse(3)
    with time_machine.travel("2026-05-01T10:00:05Z", tick=False):
        refuse(1)
    with time_machine.travel("2026-05-01T10:00:20Z", tick=False):
        refuse(6)
    assert counts() == [1, 1, 1]

    clock.now += 61
    refuse()

    assert counts() == [1, 1, 1, 7, 1]
    flood = Event.objects.get(count=7)
    assert (flood.ts.second, flood.last_ts and flood.last_ts.second) == (5, 20)


def test_a_request_without_events_writes_a_flood_that_has_ended(clock: Clock, client: Client) -> None:
    refuse(5)
    client.get("/clean")
    assert counts() == [1, 1, 1]

    clock.now += 61
    client.get("/clean")

    assert counts() == [1, 1, 1, 2]
    assert not floods.is_due()


def test_every_event_is_counted_over_many_windows(clock: Clock) -> None:
    for number in range(500):
        refuse()
        clock.now += 1 if number % 7 else 20
    clock.now += 61
    refuse()

    assert sum(counts()) == 501
    assert len(counts()) < 250


def test_other_kinds_and_sources_are_not_drowned(clock: Clock) -> None:
    refuse(50)
    refuse(reason="another")
    record("authz.access_denied", outcome="refused")

    assert Event.objects.filter(reason="another").count() == 1
    assert Event.objects.filter(type="authz.access_denied").count() == 1


def test_successes_are_never_counted_together(clock: Clock) -> None:
    for _ in range(10):
        record("accounts.logged_out")

    assert counts() == [1] * 10


def test_counting_that_fails_loses_no_event(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fail(events: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(floods, "sift", fail)

    refuse(5)

    assert counts() == [1] * 5
    assert "could not be counted" in caplog.text


def test_no_limit(settings: Settings, clock: Clock) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "FLOOD_LIMIT": 0}

    refuse(10)

    assert counts() == [1] * 10


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64"),
        (None, ""),
    ],
)
def test_a_source(address: str | None, source: str) -> None:
    assert key_of(Event(src_ip=address))[-1] == source


def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WINDOWS", 5)

    for number in range(50):
        refuse(reason=str(number))

    assert len(floods._windows) == 5
    assert Event.objects.count() == 50


def test_the_journal_is_empty_when_all_is_written(clock: Clock) -> None:
    refuse(5)
    path = journal.path()
    assert path is not None
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [sorted(line)[:1] for line in lines[1:]] == [["ts"]]
    assert path.stat().st_mode & 0o777 == 0o600

    clock.now += 61
    refuse()

    assert path.read_text() == ""


def test_two_floods_at_a_time(clock: Clock) -> None:
    refuse(5, reason="a")
    clock.now += 30
    refuse(6, reason="b")
    clock.now += 31
    refuse(reason="c")
    path = journal.path()
    assert path is not None
    assert path.read_text() != ""
    clock.now += 31
    refuse(reason="c")

    assert path.read_text() == ""
    assert {event.reason: event.count for event in Event.objects.filter(count__gt=1)} == {"a": 2, "b": 3}


KILLED = """
import django, os, signal, sys; django.setup()
from unittest import mock
from django.conf import settings
settings.BULWARK_AUDITLOG = {"SPOOL": sys.argv[1], "FLOOD_LIMIT": 3, "FLOOD_WINDOW": 60}
from auditlog import writing
from auditlog.models import Event
with mock.patch.object(writing, "_insert"):
    for _ in range(10):
        writing.write_or_spool([Event(type="x.y", outcome="refused", severity=2, actor_type="anonymous")])
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_process_has_counted_is_stored_by_another(spool_folder: Path, clock: Clock) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(spool_folder)], check=False)
    assert done.returncode == -signal.SIGKILL

    refuse()

    flood = Event.objects.get(type="x.y")
    assert flood.count == 7
    assert flood.last_ts is not None
    assert flood.ts < flood.last_ts
    assert journals.left_behind() == []


def test_a_dead_process_that_had_the_same_number_loses_nothing(
    spool_folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container that is started anew they have."""
    subprocess.run([sys.executable, "-c", KILLED, str(spool_folder)], check=False)
    (path,) = journals.left_behind()
    path.rename(spool_folder / f"{os.getpid()}.floods")
    monkeypatch.setattr(writing, "_store_what_waits", lambda _alias: None)  # the database is away at first
    refuse(5)
    clock.now += 61
    refuse()

    journals.recover("default")

    assert Event.objects.get(type="x.y").count == 7


def test_two_processes_with_one_number_have_a_journal_each(spool_folder: Path, clock: Clock) -> None:
    """Containers that share the folder."""
    other = journals.Journal()
    event = Event(type="x.y", outcome="refused", severity=2, actor_type="anonymous")
    other.begin(event)
    refuse(5)
    path = journal.path()
    assert path is not None
    assert path.read_text().count("accounts.login_failed") == 1
    other.end(event)
    other.forget()


def test_a_flood_that_begins_while_another_ends_stays_in_the_journal(spool_folder: Path) -> None:
    first, second = (Event(type="x.y", outcome="refused", severity=2, actor_type="anonymous") for _ in range(2))
    journal.begin(first)
    begins = threading.Thread(target=journal.begin, args=[second])

    class Active(set[str]):
        def __len__(self) -> int:
            """Tell how many there are; another begins right after."""
            found = super().__len__()
            begins.start()
            begins.join(0.2)
            return found

    journal._active = Active(journal._active)
    journal.end(first)
    begins.join()

    path = journal.path()
    assert path is not None
    assert str(second.uuid) in path.read_text()


def test_the_command_stores_it_too(spool_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(spool_folder)], check=False)

    call_command("auditlog_replay")

    assert "1 events" in capsys.readouterr().out
    assert Event.objects.get().count == 7


def test_a_journal_whose_end_is_torn_tells_what_it_can(spool_folder: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(spool_folder)], check=False)
    (path,) = journals.left_behind()
    path.write_text(path.read_text()[:-20])

    journals.recover("default")

    assert Event.objects.get().count == 6


def test_a_damaged_line_of_a_journal_does_not_hold_back_the_others(spool_folder: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(spool_folder)], check=False)
    (path,) = journals.left_behind()
    begun, *more = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([begun, begun.replace(b'"uuid": "', b'"uuid": "z'), b"\xff\n", *more]))

    journals.recover("default")

    assert Event.objects.get().count == 7
    assert journals.left_behind() == []


def test_a_living_process_keeps_its_journal(clock: Clock) -> None:
    refuse(5)
    path = journal.path()
    assert path is not None

    assert journals._recover_file(path, "default") == 0
    assert path.exists()


def test_a_child_does_not_write_what_its_parent_counts(clock: Clock) -> None:
    refuse(5)
    child = os.fork()
    if child == 0:
        os._exit(0 if not floods._windows and journal.path() is None else 1)

    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_flood_while_the_disk_is_full_is_still_counted(
    clock: Clock, spool_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool_folder.write_text("no folder can be made here")

    refuse(5)
    clock.now += 61
    refuse()

    assert counts() == [1, 1, 1, 2, 1]
    assert "cannot be written" in caplog.text


def test_a_flood_tells_some_of_those_it_was_about(clock: Clock) -> None:
    """One password tried on many accounts looks otherwise than many passwords tried on one."""
    for number in range(30):
        refuse(data={"identifier": f"account {number % 20}"})
    clock.now += 61

    refuse()

    flood = Event.objects.exclude(count=1).get()
    assert flood.count == 27
    assert flood.data["sample"] == [f"account {number}" for number in range(3, 13)]


def test_the_sample_outlives_the_process(clock: Clock) -> None:
    for number in range(6):
        refuse(data={"identifier": f"account {number}"})
    path = journal.path()
    assert path is not None
    path.rename(path.with_name("1.floods"))
    journal.forget()
    floods.forget()

    assert journals.recover("default") == 1

    flood = Event.objects.get(count=3)
    assert flood.data["sample"] == ["account 3", "account 4", "account 5"]
