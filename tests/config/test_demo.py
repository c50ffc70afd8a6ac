import os
import stat
from pathlib import Path

import pytest
from pytest_django import Settings

from config import demo

DEMO: demo.Demo = {
    "url": "http://127.0.0.1:8000",
    "users": [
        {"name": "alice", "email": "alice@acme.example", "password": "pw-alice", "tenant": "Acme", "role": "author"},
        {"name": "erin", "email": "erin@bulwark.example", "password": "pw-erin", "tenant": "", "role": "auditor"},
    ],
}


@pytest.fixture(autouse=True)
def local(settings: Settings, tmp_path: Path) -> Path:
    settings.LOCAL_DIR = tmp_path / "local"
    return tmp_path / "local"


def test_there_is_no_demo_before_it_is_written() -> None:
    assert demo.read() is None


def test_the_demo_is_read_as_it_was_written() -> None:
    demo.write(DEMO)
    assert demo.read() == DEMO


def test_nobody_else_can_read_the_demo(local: Path) -> None:
    old = os.umask(0)
    try:
        demo.write(DEMO)
    finally:
        os.umask(old)
    assert {stat.S_IMODE(file.stat().st_mode) for file in local.iterdir()} == {0o600}
    assert stat.S_IMODE(local.stat().st_mode) == 0o700


def test_passwords_are_shown_only_when_asked() -> None:
    assert "pw-alice" in demo.greeting(DEMO, with_passwords=True)
    assert "pw-alice" not in demo.greeting(DEMO, with_passwords=False)


def test_the_greeting_is_one_table_and_three_commands() -> None:
    greeting = demo.greeting(DEMO, with_passwords=False)
    lines = [line for line in greeting.splitlines() if line.startswith(("|", "+"))]
    assert len({len(line) for line in lines}) == 1
    assert sum(line.startswith("+") for line in lines) == 2
    for word in ("http://127.0.0.1:8000/", "/api/v1/docs/", "/admin/bulwark_auditlog/event/", "alice@acme.example"):
        assert word in greeting
    assert sum(line.endswith(":") for line in greeting.splitlines()) == 3
