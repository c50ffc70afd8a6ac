"""When the database is away, events wait on disk, and come back once each."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from auditlog import spool, writing
from auditlog.models import Event
from auditlog.recording import record
from auditlog.signals import events_replayed, events_spooled

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.auditlog.urls"), pytest.mark.usefixtures("spool_folder")]


@pytest.fixture
def heard() -> Iterator[list[dict[str, Any]]]:
    """What the log tells of itself."""
    told: list[dict[str, Any]] = []

    def hear(**arguments: Any) -> None:
        told.append(arguments)

    events_spooled.connect(hear)
    events_replayed.connect(hear)
    yield told
    events_spooled.disconnect(hear)
    events_replayed.disconnect(hear)


def an_event(**columns: Any) -> Event:
    return Event(**{"type": "x.y", "outcome": "failed", "severity": 3, "actor_type": "system", **columns})


class AwayError(Exception):
    """The database does not answer."""


@pytest.fixture
def away() -> Iterator[Callable[[], None]]:
    """The database refuses every INSERT until the function that this gives is called."""
    is_away = True

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if is_away and sql.startswith("INSERT"):
            raise AwayError
        return execute(sql, params, many, context)

    def back() -> None:
        nonlocal is_away
        is_away = False

    with connection.execute_wrapper(refuse):
        yield back


@pytest.mark.django_db(transaction=True)
def test_a_refusal_while_the_database_is_away_is_stored_when_it_is_back(
    client: Client, away: Callable[[], None], heard: list[dict[str, Any]]
) -> None:
    assert client.get("/refuse?reason=first").status_code == 401
    assert client.get("/refuse?reason=second").status_code == 401
    assert not Event.objects.exists()
    assert [told["count"] for told in heard] == [1, 1]
    assert isinstance(heard[0]["error"], AwayError)

    away()
    client.get("/refuse?reason=third")

    assert list(Event.objects.order_by("ts").values_list("reason", "status")) == [
        ("first", 401),
        ("second", 401),
        ("third", 401),
    ]
    assert spool.waiting() == []
    assert heard[-1]["count"] == 2


@pytest.mark.django_db(transaction=True)
def test_what_waits_is_stored_in_nobody_elses_transaction() -> None:
    """It may be rolled back, when the file is gone already."""
    spool.keep([an_event(reason="kept")], error=AwayError())
    with suppress(KeyError), transaction.atomic():
        record("x.y", outcome="refused")  # of a command: stored at once
        raise KeyError
    assert len(spool.waiting()) == 1
    record("x.y", outcome="refused")
    assert spool.waiting() == []
    assert Event.objects.filter(reason="kept").count() == 1


def test_a_worker_that_is_ended_while_the_database_does_not_answer_keeps_its_events(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As gunicorn ends one after its time-out."""

    def hang(*_: object) -> None:
        raise SystemExit(1)

    monkeypatch.setattr(writing, "_insert", hang)
    with pytest.raises(SystemExit):
        client.get("/refuse")

    assert spool.replay("default") == 1


def test_what_was_kept_is_what_comes_back() -> None:
    event = an_event(data={"ä": [1, None]}, src_ip="2001:db8::1", status=401, changes={"a": {"before": 1, "after": 2}})

    spool.keep([event], error=AwayError())
    spool.replay("default")

    stored = Event.objects.get()
    for field in spool._FIELDS:
        assert getattr(stored, field.name) == getattr(event, field.name), field.name


def test_an_event_that_was_stored_already_is_not_stored_again() -> None:
    """A connection can die after the database has committed and before it has said so."""
    event = an_event()
    writing.write_or_spool([event])

    spool.keep([event, an_event()], error=AwayError())

    assert spool.replay("default") == 1
    assert Event.objects.count() == 2


def test_the_command_replays(capsys: pytest.CaptureFixture[str]) -> None:
    spool.keep([an_event(), an_event()], error=AwayError())

    call_command("auditlog_replay")

    assert "2 events" in capsys.readouterr().out
    assert Event.objects.count() == 2


def test_a_torn_line_is_set_aside_and_the_others_come_back(spool_folder: Path) -> None:
    spool.keep([an_event()], error=AwayError())
    spool.keep([an_event()], error=AwayError())
    (path,) = spool.waiting()
    first, second = path.read_text().splitlines()
    path.write_text("\n".join([first, '{"type": "x.y", "ts"', "{}", "[]", second]))

    assert spool.replay("default") == 2
    assert path.with_suffix(".rejected").read_text().splitlines() == ['{"type": "x.y", "ts"', "{}", "[]"]


def test_what_is_kept_after_half_a_line_is_not_torn_with_it(spool_folder: Path) -> None:
    """A disk that was full, or a killed process that had the same number in its container."""
    spool.keep([an_event()], error=AwayError())
    (path,) = spool.waiting()
    with path.open("a") as file:
        file.write('{"type": "x.y", "ts"')
    spool.keep([an_event()], error=AwayError())

    assert spool.replay("default") == 2
    assert path.with_suffix(".rejected").read_text() == '{"type": "x.y", "ts"\n'


@pytest.mark.parametrize(
    ("there", "damaged"),
    [
        (b'"uuid": "', b'"uuid": "z'),
        (b'"severity": 3', b'"severity": "z"'),
        (b'"count": 1', b'"count": 1000000000000000000000'),
        (b'"system"', b'"syst\xffm"'),
        (b'"system"', b'"syst\xffm'),
        (b'"system"', b'"syst\\ud800m"'),
    ],
)
def test_a_damaged_line_does_not_hold_back_the_others(spool_folder: Path, there: bytes, damaged: bytes) -> None:
    spool.keep([an_event(), an_event(), an_event()], error=AwayError())
    (path,) = spool.waiting()
    first, second, third = path.read_bytes().splitlines()
    assert there in second
    path.write_bytes(b"\n".join([first, second.replace(there, damaged), third]))

    assert spool.replay("default") == 2
    assert len(path.with_suffix(".rejected").read_bytes().splitlines()) == 1
    assert spool.waiting() == []


def test_an_event_that_the_database_will_never_take_does_not_hold_back_the_others(spool_folder: Path) -> None:
    spool.keep([an_event(), an_event(severity=9), an_event()], error=AwayError())
    (path,) = spool.waiting()

    assert spool.replay("default") == 2
    assert json.loads(path.with_suffix(".rejected").read_text())["severity"] == 9
    assert spool.waiting() == []


def test_only_the_owner_may_read_what_waits(spool_folder: Path) -> None:
    spool.keep([an_event()], error=AwayError())

    assert stat.S_IMODE(spool_folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(spool.waiting()[0].stat().st_mode) == 0o600
    spool.replay("default")


def test_a_disk_that_is_full_leaves_the_events_in_the_log_of_the_process(
    spool_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool_folder.write_text("this is a file, so no folder can be made here")

    spool.keep([an_event(reason="the last resort")], error=AwayError())

    assert "the last resort" in caplog.text


def test_a_file_that_another_process_reads_is_left_to_it() -> None:
    spool.keep([an_event()], error=AwayError())
    (path,) = spool.waiting()
    code = (
        "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        assert spool.replay("default") == 0
        reader.communicate()

    assert spool.replay("default") == 1


def test_a_file_that_was_emptied_while_waiting_for_it_is_opened_anew() -> None:
    path = spool.own_file()
    stale = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
    path.unlink()
    os.close(stale)

    spool.keep([an_event()], error=AwayError())

    assert spool.replay("default") == 1


def test_the_last_word_of_a_process_survives_its_death(spool_folder: Path) -> None:
    """Killed right after the write: the line is on disk, with nothing left in a buffer."""
    code = (
        "import django, os, signal, sys; django.setup()\n"
        "from django.conf import settings; settings.BULWARK_AUDITLOG = {'SPOOL': sys.argv[1]}\n"
        "from auditlog import spool; from auditlog.models import Event\n"
        "spool.keep([Event(type='x.y', outcome='failed', severity=3, actor_type='system')], error=OSError())\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(spool_folder)], check=False)
    assert done.returncode == -signal.SIGKILL

    assert spool.replay("default") == 1
