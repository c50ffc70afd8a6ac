"""Three server processes and sixty logins at once, on PostgreSQL and Redis: five passwords are checked."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from tests.accounts.conftest import make_user

ROOT = Path(__file__).resolve().parents[3]
PROCESSES, EACH = 3, 20


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
def test_sixty_parallel_guesses_in_three_processes_run_five_password_checks(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["tests.accounts.counting_hasher.CountingHasher"]
    make_user("alice")
    name, limits = str(connection.settings_dict["NAME"]), settings.BULWARK_EDGE["REDIS_URL"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test"}
    command = [sys.executable, "-m", "tests.accounts.guessing.flooding", name, limits]
    started = [
        subprocess.Popen(
            [*command, str(number * EACH), str(EACH)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = []
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        out, _ = process.communicate(timeout=60)
        answers.append(json.loads(out.splitlines()[-1]))
    statuses: Counter[str] = Counter()
    for answer in answers:
        statuses.update(answer["statuses"])
    assert statuses == {"401": 5, "429": 55}
    assert sum(answer["checks"] for answer in answers) == 5
