import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gunicorn.config import KNOWN_SETTINGS

import dev
from tests.docker.programs import DOCKER

CONFIG = DOCKER / "gunicorn.conf.py"
KNOWN = {setting.name for setting in KNOWN_SETTINGS}


def load() -> dict[str, Any]:
    values = runpy.run_path(str(CONFIG))
    return {name: value for name, value in values.items() if name in KNOWN}


def test_gunicorn_accepts_it_and_can_load_the_application() -> None:
    command = [sys.executable, "-m", "gunicorn", "--check-config", "--config", str(CONFIG), "config.wsgi:application"]
    done = subprocess.run(
        command, cwd=dev.ROOT, env={**os.environ, **dev.production()}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_lower_case_name_is_a_setting_of_gunicorn() -> None:
    """Gunicorn ignores a name that it does not know: a misspelt limit would be none."""
    names = {name for name in runpy.run_path(str(CONFIG)) if name.islower() and not name.startswith("_")}
    assert names - KNOWN == {"os"}


def test_the_environment_says_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    monkeypatch.setenv("WEB_THREADS", "7")
    settings = load()
    assert (settings["workers"], settings["threads"]) == (3, 7)
    monkeypatch.delenv("WEB_CONCURRENCY")
    assert load()["workers"] == len(os.sched_getaffinity(0))


def test_only_the_proxy_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", "172.30.10.2")
    assert load()["forwarded_allow_ips"] == "172.30.10.2"
    # Unset must not become everybody.
    monkeypatch.setenv("TRUSTED_PROXIES", "")
    assert load()["forwarded_allow_ips"] == "127.0.0.1,::1"
    assert load()["forwarder_headers"] == ""


def test_metrics_of_an_earlier_run_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    (folder / "counter_1.db").touch()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    load()["on_starting"](None)
    assert list(folder.iterdir()) == []


def test_it_needs_no_place_to_write_to() -> None:
    settings = load()
    assert settings["control_socket_disable"] is True
    assert settings["worker_tmp_dir"] in {"/dev/shm", None}
