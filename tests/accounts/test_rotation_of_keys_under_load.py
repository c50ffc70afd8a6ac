"""Servers go on accepting each other's tokens while the keys are rotated beneath them, at once and planned."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from django.utils import timezone

from accounts.keys.documents import new_document, with_new_key
from accounts.keys.files import FileKeys
from accounts.keys.ring import soonest

ROOT = Path(__file__).resolve().parents[2]
#: How long the servers run, and how often the keys change in the first half of it, so that the last one signs as well.
SECONDS, ROTATIONS = 9.0, 10


def server(path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.accounts.loading", str(path), str(SECONDS)],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def carry(source: IO[str] | None, target: IO[str] | None) -> None:
    """Give every token that one server signs to the other."""
    assert source is not None
    assert target is not None
    with source, target:
        for line in source:
            target.write(line)
            target.flush()


def outcome(process: "subprocess.Popen[str]") -> Any:
    assert process.stderr is not None
    with process.stderr as errors:
        text = errors.read()
    assert process.wait(timeout=30) == 0, text
    return json.loads(text.splitlines()[-1])


def test_no_token_is_refused_while_keys_are_rotated(tmp_path: Path) -> None:
    source = FileKeys(tmp_path / "keys.json")
    source.store(new_document("EdDSA", timezone.now()))
    one, other = server(source.path), server(source.path)
    pipes = [
        threading.Thread(target=carry, args=(one.stdout, other.stdin)),
        threading.Thread(target=carry, args=(other.stdout, one.stdin)),
    ]
    for pipe in pipes:
        pipe.start()
    for _ in range(ROTATIONS):
        time.sleep(SECONDS / 2 / ROTATIONS)
        source.store(with_new_key(source.load(), "access", "EdDSA", soonest(source, timezone.now())))
    for pipe in pipes:
        pipe.join()
    for process in (one, other):
        found = outcome(process)
        assert found["refused"] == {}
        assert found["accepted"] > 100
        assert found["keys"] > 3  # the dates of keys are whole seconds: of two in one second, one signs
