"""Somebody without our code and without our database checks what we say."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from auditlog.models import Event, Tree
from auditlog.sealing import erasing, notes, proofs, verifying
from auditlog.sealing.checkpoints import own_keys

from .conftest import Seal, attack, store
from .independent import event_of, head_of, is_consistent


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    call_command("auditlog_verify", *arguments, "--proof")
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("index", [0, 255, 256, 599])
def test_an_event_is_proved_to_be_in_the_log(
    index: int, log: list[Event], key: notes.Signer, capsys: pytest.CaptureFixture[str]
) -> None:
    event = log[index]

    proof = printed(capsys, "--event", str(event.uuid))

    assert proof["leaf_index"] == index
    columns = event_of(proof, str(key.key))
    assert (columns["seq"], columns["type"], columns["route"]) == (event.seq, event.type, event.route)
    assert columns["actor_label"] == event.actor_label
    assert json.loads(columns["data"]) == event.data


def test_a_forged_event_has_no_proof(log: list[Event], key: notes.Signer, capsys: pytest.CaptureFixture[str]) -> None:
    proof = printed(capsys, "--event", str(log[7].uuid))

    for name, forged in (("entry", proof["entry"].replace('"', "'")), ("leaf_index", 8), ("checkpoint", "")):
        with pytest.raises((AssertionError, ValueError)):
            event_of({**proof, name: forged}, str(key.key))


@pytest.mark.parametrize("grown", [0, 1, 300])
def test_the_log_is_proved_to_have_grown_out_of_a_checkpoint(
    grown: int, log: list[Event], seal: Seal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, key = tmp_path / "checkpoint", str(own_keys().keys[0])
    old.write_text(Tree.objects.get().note)
    old_size, old_root = head_of(old.read_text(), key)
    store(grown, seed=2)
    seal()

    proof = printed(capsys, "--checkpoint", str(old))

    size, root = head_of(proof["checkpoint"], key)
    assert (old_size, size) == (len(log), len(log) + grown)
    assert is_consistent(old_size, old_root, size, root, [bytes.fromhex(part) for part in proof["proof"]])


def test_old_proofs_stay_valid_when_personal_data_are_erased(log: list[Event], key: notes.Signer) -> None:
    event = next(event for event in log if event.actor_id and event.target_label)
    before = proofs.inclusion(event)

    assert erasing.erase(event.actor_id, "default") >= 1

    left = Event.objects.get(uuid=event.uuid)
    assert (left.actor_label, left.src_ip, left.user_agent, left.data) == ("", None, "", {})
    assert left.target_label == event.target_label, "that is somebody else's"
    after = proofs.inclusion(left)
    assert {name: after[name] for name in ("entry", "leaf_hash", "proof")} == {
        name: before[name] for name in ("entry", "leaf_hash", "proof")
    }
    assert set(after["openings"]) == {"whom"}
    assert event_of(before, str(key.key))["actor_label"] == event.actor_label, "who has the old proof can still use it"
    assert event_of(after, str(key.key))["target_label"] == event.target_label


def test_one_event_is_looked_at(log: list[Event], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("auditlog_verify", "--event", str(log[5].uuid))
    assert "The log is what was signed." in capsys.readouterr().out

    attack("UPDATE bulwark_auditlog_event SET reason = 'forged' WHERE seq = %s", log[5].seq)

    with pytest.raises(SystemExit):
        call_command("auditlog_verify", "--event", str(log[5].uuid))
    assert f"event {log[5].uuid}: it is not what it was" in capsys.readouterr().out
    assert verifying.check_event(Event.objects.get(uuid=log[6].uuid), own_keys()).is_good


def test_an_event_that_is_too_young_has_no_proof_yet(log: list[Event]) -> None:
    store(1, seed=2)
    young = Event.objects.latest("seq")

    with pytest.raises(CommandError, match="not sealed yet"):
        call_command("auditlog_verify", "--event", str(young.uuid), "--proof")
    assert log


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--proof"], "what is to be proved"),
        (["--event", "nonsense"], "no event nonsense"),
        (["--since", "yesterday"], "no day and no time"),
        (["--checkpoint", "/nowhere"], "No such file"),
    ],
)
def test_what_is_asked_wrongly_is_told(arguments: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("auditlog_verify", *arguments)
