"""Finds and runs the real programs that the containers run: no container engine is needed to test what is in them."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"


def program(name: str, *folders: Path) -> str:
    """Return the path of a program; where it is missing the test is skipped, and fails in CI."""
    places = os.pathsep.join([*map(str, folders), os.environ.get("PATH", ""), str(Path(sys.executable).parent)])
    found = shutil.which(name, path=places)
    if found is None:
        message = f"{name} is not installed on this machine"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return found


def postgres_program(name: str) -> str:
    """Return the path of one of PostgreSQL's server programs, which Debian keeps out of PATH."""
    return program(name, *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@dataclass
class Running:
    """A program that has been started, and what it wrote."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def text(self) -> str:
        return self.log.read_text(errors="replace")


@contextlib.contextmanager
def running(
    command: Sequence[str], port: int, log: Path, *, env: Mapping[str, str], cwd: Path, user: str | None = None
) -> Iterator[Running]:
    """Run ``command`` until the block ends; enter the block when it answers on ``port``."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            **account(user),
        )
    started = Running(process, port, log)
    try:
        deadline = time.monotonic() + 60
        while not answers(port):
            assert process.poll() is None, f"{command[0]} ended\n{started.text()}"
            assert time.monotonic() < deadline, f"{command[0]} does not answer\n{started.text()}"
            time.sleep(0.1)
        yield started
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def unprivileged() -> str | None:
    """Return the user to run PostgreSQL as where the tests run as root, which PostgreSQL refuses."""
    return "postgres" if os.geteuid() == 0 else None


def account(user: str | None) -> dict[str, Any]:
    """Return the arguments that make `subprocess` run a program as ``user``, or as whoever runs the tests."""
    return {"user": user, "group": user, "extra_groups": []} if user else {}
