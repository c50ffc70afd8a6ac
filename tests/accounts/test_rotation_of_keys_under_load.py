"""Servers go on accepting each other's tokens while the keys are rotated beneath them, at once and planned."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from accounts import jose
from accounts.keys.documents import new_document, with_new_key
from accounts.keys.files import FileKeys
from accounts.keys.ring import soonest

ROOT = Path(__file__).resolve().parents[2]
ROTATIONS = 3
#: Seconds that a busy machine may take for what takes a few.
PATIENCE = 120


def server(path: Path, stop: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.accounts.loading", str(path), str(stop)],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class Pipe(threading.Thread):
    """Gives every token that one server signs to the other, and knows the keys they were signed with."""

    def __init__(self, source: "subprocess.Popen[str]", target: "subprocess.Popen[str]") -> None:
        super().__init__()
        assert source.stdout is not None
        assert target.stdin is not None
        self.source, self.target = source.stdout, target.stdin
        self.keys: set[str] = set()

    def run(self) -> None:
        with self.source, self.target:
            for line in self.source:
                self.keys.add(kid_of(line))
                self.target.write(line)
                self.target.flush()


def kid_of(token: str) -> str:
    return str(json.loads(jose.decode_segment(token.partition(".")[0]))["kid"])


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def outcome(process: "subprocess.Popen[str]") -> Any:
    assert process.stderr is not None
    with process.stderr as errors:
        text = errors.read()
    assert process.wait(timeout=PATIENCE) == 0, text
    return json.loads(text.splitlines()[-1])


def rotate(source: FileKeys) -> str:
    """Add a key that signs as soon as it may, and one that follows it in a second; return the id of that one."""
    first = soonest(source, timezone.now())
    document = with_new_key(source.load(), "access", "EdDSA", first)
    document = with_new_key(document, "access", "EdDSA", first + timedelta(seconds=1))
    source.store(document)
    return str(document["access"][-1]["kid"])


def test_no_token_is_refused_while_keys_are_rotated(tmp_path: Path) -> None:
    source, stop = FileKeys(tmp_path / "keys.json"), tmp_path / "stop"
    source.store(new_document("EdDSA", timezone.now()))
    one, other = server(source.path, stop), server(source.path, stop)
    pipes = [Pipe(one, other), Pipe(other, one)]
    for pipe in pipes:
        pipe.start()
    try:
        until(lambda: all(pipe.keys for pipe in pipes))
        for _ in range(ROTATIONS):
            newest = rotate(source)
            until(lambda: all(newest in pipe.keys for pipe in pipes))  # noqa: B023 - it is called at once
    finally:
        stop.touch()
        for pipe in pipes:
            pipe.join()
        found = [outcome(process) for process in (one, other)]
    for each in found:
        assert each["refused"] == {}
        assert each["accepted"] > 100
        assert each["keys"] > ROTATIONS
