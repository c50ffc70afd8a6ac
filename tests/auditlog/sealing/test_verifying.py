from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from auditlog.models import Event, Tree
from auditlog.sealing import notes
from auditlog.signals import tampering_found

from .conftest import EVENTS, Seal, Verify, attack, store


def test_the_command_names_the_first_bad_event(log: list[Event], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("auditlog_verify")
    assert f"Read {EVENTS} events" in capsys.readouterr().out

    for index in (500, 20):
        attack("UPDATE bulwark_auditlog_event SET reason = 'forged' WHERE seq = %s", log[index].seq)

    with pytest.raises(SystemExit) as exited:
        call_command("auditlog_verify")
    assert exited.value.code == 1
    assert f"THE LOG IS NOT WHAT WAS SIGNED. First: event {log[20].uuid}" in capsys.readouterr().out


def test_a_checkpoint_that_was_kept_elsewhere_is_compared(
    log: list[Event], seal: Seal, tmp_path: Path, key: notes.Signer, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    kept.write_text(Tree.objects.get().note)
    store(10, seed=2)
    seal()

    call_command("auditlog_verify", "--checkpoint", str(kept))
    assert "compared 2 signed checkpoints" in capsys.readouterr().out

    kept.write_text(key.sign("audit.example.com/1\n300\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"))
    with pytest.raises(SystemExit):
        call_command("auditlog_verify", "--checkpoint", str(kept))
    assert "changed together with its hash" in capsys.readouterr().out
    kept.write_text(notes.new_signer("audit.example.com").sign(f"audit.example.com/1\n{len(log)}\nAAAA\n"))
    with pytest.raises(CommandError, match="None of the keys"):
        call_command("auditlog_verify", "--checkpoint", str(kept))
    kept.write_text(key.sign(f"other.example.com/1\n{len(log)}\nAAAA\n"))
    with pytest.raises(CommandError, match="of 'other"):
        call_command("auditlog_verify", "--checkpoint", str(kept))


def test_a_place_whose_word_is_missing_is_told(
    log: list[Event], published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published.mkdir()
    call_command("auditlog_verify")
    assert "CHECKPOINTS" not in capsys.readouterr().out
    (published / "1.checkpoint").write_text("")

    call_command("auditlog_verify")

    told = capsys.readouterr().out
    assert "THE CHECKPOINTS AT disk cannot all be read" in told
    assert "The log is what was signed." in told


@pytest.mark.parametrize("since", ["", "yesterday", "2026-02-30", "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"])
def test_a_time_that_there_is_not_is_told(since: str, log: list[Event]) -> None:
    with pytest.raises(CommandError):
        call_command("auditlog_verify", "--since", since)


def test_since_reads_the_young_and_compares_the_hashes_of_the_old(log: list[Event], verify: Verify) -> None:
    since = log[400].ts
    verdict = verify(since=since)
    assert verdict.is_good
    assert 200 <= verdict.events < EVENTS
    assert verify(since=log[-1].ts + timedelta(days=1)).events <= 256

    attack("UPDATE bulwark_auditlog_event SET reason = 'forged' WHERE seq = %s", log[450].seq)
    assert verify(since=since).findings[0].event == log[450].uuid


def test_somebody_is_told(log: list[Event], verify: Verify) -> None:
    told: list[object] = []

    def receive(**arguments: object) -> None:
        told.append(arguments["event"])

    tampering_found.connect(receive)
    try:
        verify()
        assert told == []
        attack("DELETE FROM bulwark_auditlog_event WHERE seq = %s", log[2].seq)
        verify()
    finally:
        tampering_found.disconnect(receive)
    assert told == [log[2].uuid]


def test_events_that_are_not_sealed_yet_are_counted(log: list[Event], capsys: pytest.CaptureFixture[str]) -> None:
    store(3, seed=2)

    call_command("auditlog_verify")

    assert "3 events are not sealed yet, the oldest of" in capsys.readouterr().out
    assert log


@pytest.mark.django_db
def test_a_log_without_a_seal_is_not_called_good(settings: Settings) -> None:
    store(3)

    with pytest.raises(CommandError, match="Nothing is sealed"):
        call_command("auditlog_verify")
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SEAL_KEYS": ""}
    with pytest.raises(CommandError, match="SEAL_KEYS has no key"):
        call_command("auditlog_verify")
