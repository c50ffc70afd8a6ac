"""The demo under attack: every scenario is stopped, and the rules find it; against nothing else can they be played."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from config.scenarios import SCENARIOS
from config.scenarios.attacker import TargetRefused, checked
from setup import ROOT
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
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^([\w-]+): ", done.stdout, re.MULTILINE) == list(SCENARIOS)
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


def test_nor_a_server_that_is_no_demo(settings: Settings, tmp_path: Any) -> None:
    settings.LOCAL_DIR = tmp_path
    for settings.DEBUG in (True, False):
        with pytest.raises(CommandError, match="demo"):
            call_command("simulate_attack", "probing", "--url", "http://127.0.0.1:9")


def test_the_buttons_of_the_landing_page_carry_the_same_names() -> None:
    source = (ROOT / "config/static/config/demo/attacks.js").read_text()
    buttons = set(re.findall(r'^    id: "([\w-]+)"', source, re.MULTILINE))
    assert {"bola-walk", "body-bombs", "mass-assignment", "ssrf", "stuffing", "token-theft"} <= buttons
    assert buttons - set(SCENARIOS) == {"forge-token", "store-script"}
