"""What concurrent requests with one token come to, on each database.

Peers, measured the same way: every racer wins in simplejwt (8 lineages from one token), and everybody is logged out or
gets a 500 in others.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from pytest_django import Settings

from tests.accounts import racing

ROOT = Path(__file__).resolve().parents[2]
IDENTICAL = {"statuses": [200], "successors": 1, "rows": 1, "live": 1}
on_a_server = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="needs PostgreSQL (DATABASE_URL)"
)


@pytest.fixture(params=["autocommit", "ATOMIC_REQUESTS"])
def atomic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> bool:
    """Run the test with and without a transaction around each request; limits would end the race."""
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}
    is_atomic = bool(request.param == "ATOMIC_REQUESTS")
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", is_atomic)
    return is_atomic


def on_a_sqlite_file(path: Path, *arguments: str, atomic: bool) -> Any:
    """Race in a process of its own, on a database file."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": f"sqlite:///{path / 'race.sqlite3'}",
        "ATOMIC_REQUESTS": "1" if atomic else "",
    }
    command = [sys.executable, "-m", "tests.accounts.racing", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@on_a_server
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_eight_refreshes_at_once_get_one_successor_on_postgresql(atomic: bool) -> None:
    assert connection.vendor == "postgresql"
    assert racing.race_of_refreshes(40, 8) == {**IDENTICAL, "generation": 41}


@on_a_server
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_no_session_survives_a_logout_that_races_refreshes_on_postgresql(atomic: bool) -> None:
    outcome = racing.race_of_logouts(60, 4)
    assert (outcome["live"], outcome["alive"]) == (0, 0)
    assert set(outcome["statuses"]) <= {200, 204, 401}


def test_eight_refreshes_at_once_get_one_successor_on_sqlite(tmp_path: Path, atomic: bool) -> None:
    assert on_a_sqlite_file(tmp_path, "refreshes", "20", "8", atomic=atomic) == {**IDENTICAL, "generation": 21}


def test_no_session_survives_a_logout_that_races_refreshes_on_sqlite(tmp_path: Path, atomic: bool) -> None:
    outcome = on_a_sqlite_file(tmp_path, "logouts", "20", "4", atomic=atomic)
    assert (outcome["live"], outcome["alive"]) == (0, 0)
    assert set(outcome["statuses"]) <= {200, 204, 401}
