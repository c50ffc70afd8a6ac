"""What a new user meets: a checkout without `.local/`, and the two ways to serve it."""

import contextlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import dev


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git tracks, as a clone has it."""
    target = tmp_path_factory.mktemp("clone")
    for name in filter(None, subprocess.check_output(["git", "ls-files", "-z"], cwd=dev.ROOT, text=True).split("\0")):
        if (dev.ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(dev.ROOT / name, target / name)
    return target


@contextlib.contextmanager
def served(checkout: Path, *options: str) -> Iterator[tuple[str, Path]]:
    """Serve the checkout; yield its address and the file that holds what it printed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = checkout / "log"
    environment = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
    environment |= {"DJANGO_SETTINGS_MODULE": "config.settings.local", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "manage.py", "runserver", *options, f"127.0.0.1:{port}"]
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=checkout, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/healthz", server, log)
        yield url, log
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=10)


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.2)
    pytest.fail(f"nothing answered at {url}:\n{log.read_text()}")


def test_runserver_migrates_and_never_seeds_silently(checkout: Path) -> None:
    shutil.rmtree(checkout / ".local", ignore_errors=True)
    with served(checkout) as (url, log):
        with urllib.request.urlopen(f"{url}/api/v1/categories/") as answer:
            assert json.load(answer)["results"] == []
        assert "Migrating" in log.read_text()
    assert not (checkout / ".local" / "demo.json").exists()


def test_the_demo_greets_and_its_commands_do_what_they_say(checkout: Path) -> None:
    shutil.rmtree(checkout / ".local", ignore_errors=True)
    with served(checkout, "--demo") as (url, log):
        kept = checkout / ".local" / "demo.json"
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        demo = json.loads(kept.read_text())
        assert demo["url"] == url
        greeting = log.read_text()
        for user in demo["users"]:
            assert user.keys() == {"name", "email", "password", "tenant", "role"}
            assert user["password"] in greeting
        log_in, denied, reused = pasted(greeting, checkout)
    assert json.loads(log_in).keys() == {"access", "token_type", "expires_in", "refresh"}
    assert json.loads(denied)["status"] == 404
    first, second = reused.splitlines()
    assert "access" in json.loads(first)
    assert json.loads(second)["status"] == 401
    with served(checkout, "--demo") as (_, log):
        greeting = log.read_text()
        assert "alice@" in greeting
        assert not any(user["password"] in greeting for user in demo["users"])


def pasted(greeting: str, checkout: Path) -> list[str]:
    """Run the greeting's three commands in a shell, as a person pastes them."""
    lines = [line.strip() for line in greeting.splitlines() if line.startswith("  ")]
    login, denied, *reused = lines[:4]
    return [
        subprocess.check_output(["bash", "-c", command], cwd=checkout, text=True, timeout=60)
        for command in (login, denied, "\n".join(reused))
    ]
