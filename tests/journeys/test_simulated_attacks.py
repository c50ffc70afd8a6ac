"""The demo under attack: every scenario is stopped, and the rules find it; against nothing else can they be played."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from config import demo
from config.scenarios import SCENARIOS
from config.scenarios.attacker import TargetRefused, checked, confirm
from config.scenarios.catalogue import SOURCES
from setup import ROOT
from tests.edge.conftest import free_port
from tests.pages.site import served

WANTED = {
    *("stuffing", "spraying", "token-theft", "bola-walk", "scraping", "probing"),
    *("mass-assignment", "ssrf", "body-bombs"),
}


def test_every_attack_is_stopped_and_found(tmp_path: Path) -> None:
    with served(tmp_path) as site:
        env = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
        env |= {"DJANGO_SETTINGS_MODULE": "config.settings.local"}
        command = [sys.executable, "manage.py", "simulate_attack", "all", "--url", site.url]
        done = subprocess.run(command, cwd=site.folder, env=env, capture_output=True, text=True, check=False)
        erin = {name: site.person("erin")[name] for name in ("email", "password")}
        reader = httpx.post(f"{site.url}/api/v1/auth/login", json=erin)
    assert done.returncode == 0, done.stdout + done.stderr
    sources = set(re.findall(r" ip=([\d.]+)", (tmp_path / "log").read_text()))
    assert sources >= {*SOURCES, "203.0.113.5"}, "addresses that no machine has to have"
    assert re.findall(r"^([\w-]+): ", done.stdout, re.MULTILINE) == list(SCENARIOS)
    assert reader.status_code == 200, "whoever attacks the demo can still log in to read what was found"
    assert done.stdout.endswith(f"The alerts: {site.url}/admin/bulwark_auditlog/alert/ (erin or admin)\n")
    assert done.stdout.count("  stopped; alerts: ") == len(SCENARIOS)
    assert " x 500 " not in done.stdout
    for scenario in SCENARIOS.values():
        if scenario.alerts:
            assert any(rule in done.stdout for rule in scenario.alerts)


def test_all_that_are_promised_are_there() -> None:
    assert set(SCENARIOS) == WANTED


@pytest.mark.parametrize(
    "url",
    [
        *("https://example.com", "http://10.0.0.1:8000", "http://127.0.0.1.example.com", "ftp://127.0.0.1"),
        *("http://0.0.0.0:8000", "http://[2001:db8::1]/", "//127.0.0.1", "127.0.0.1:8000", ""),
    ],
)
def test_no_other_machine_is_attacked(url: str) -> None:
    with pytest.raises(TargetRefused):
        checked(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/", "http://localhost:9", "http://[::1]:8000"])
def test_this_machine_is(url: str) -> None:
    assert checked(url) == url.rstrip("/")


@pytest.mark.parametrize("debug", [False, True])
def test_nor_another_server_on_this_machine(tmp_path: Path, settings: Settings, debug: bool) -> None:
    """Not one without DEBUG, though it has the demo's accounts; nor one with DEBUG and other accounts."""
    settings.LOCAL_DIR, settings.DEBUG = tmp_path / ".local", True
    alice = demo.DemoUser(name="alice", email="alice@example.com", password="x", tenant="", role="author")
    demo.write({"url": "", "users": [alice]})
    with served(tmp_path, f"DEBUG = {debug}\n", is_demo=False) as site:
        if debug:
            demo.write({"url": "", "users": [{**alice, "password": "y"}]})
            confirm(site.url, demo.MARK_HEADER, demo.mark([{**alice, "password": "y"}]))
            settings.LOCAL_DIR = tmp_path / "elsewhere"
            demo.write({"url": "", "users": [alice]})
        with pytest.raises(CommandError, match="not the demo of this checkout"):
            call_command("simulate_attack", "probing", "--url", site.url)
    seen = (tmp_path / "log").read_text()  # whole, once the server has stopped
    assert "method=HEAD" in seen
    assert ".env" not in seen


def test_nor_where_nobody_answers(settings: Settings, tmp_path: Path) -> None:
    settings.LOCAL_DIR, settings.DEBUG = tmp_path, True
    demo.write({"url": f"http://127.0.0.1:{free_port()}", "users": []})
    with pytest.raises(CommandError, match="does not answer"):
        call_command("simulate_attack", "probing")


def test_nor_a_server_that_is_no_demo(settings: Settings, tmp_path: Any) -> None:
    settings.LOCAL_DIR = tmp_path
    for settings.DEBUG in (True, False):
        with pytest.raises(CommandError, match="demo"):
            call_command("simulate_attack", "probing", "--url", "http://127.0.0.1:9")


def test_the_buttons_of_the_landing_page_carry_the_same_names() -> None:
    source = (ROOT / "config/static/config/demo/attacks.js").read_text()
    buttons = set(re.findall(r'^    id: "([\w-]+)"', source, re.MULTILINE))
    assert set(SCENARIOS) <= buttons
    assert buttons - set(SCENARIOS) == {"forge-token", "store-script"}
