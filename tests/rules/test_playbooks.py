"""What the playbooks and the operations pages promise can be done: their commands run, their rules and panels exist."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.login import start_session
from articles.models import Article
from auditlog.detection.rules import BY_NAME
from auditlog.incidents.running import open_incident
from auditlog.sealing.notes import new_signer
from setup import ROOT
from tests.accounts.conftest import make_user
from tests.config.test_metrics import page

BOOKS = sorted((ROOT / "docs" / "playbooks").glob("[a-z]*.md"))
OPS = ROOT / "docs" / "ops"
WANTED = {
    *("bola-exploitation", "credential-leak", "ddos", "leaked-signing-key", "log-tampering", "mass-scraping"),
    *("supply-chain-attack", "token-theft"),
}
#: Run apart: what it does is not done to the settings of a test.
APART = {"check --deploy", "auditlog_verify"}
#: They speak with the servers through Redis, and say so where there is none.
SHARED = ("block_ip", "ratelimit")
COMMAND = re.compile(r"^\$ manage\.py (.+)$", re.MULTILINE)


def test_all_of_them_are_there() -> None:
    assert {book.stem for book in BOOKS} == WANTED


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_each_has_its_parts_and_names_rules_that_exist(book: Path) -> None:
    text = book.read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Detect", "Contain", "Tell", "Learn"]
    detect = text.partition("## Detect")[2].partition("## Contain")[0]
    named = [word for word in re.findall(r"`(\w+)`", detect) if not word.startswith(("bulwark_", "auditlog_"))]
    assert named or "auditlog_verify" in detect
    assert [word for word in named if word not in BY_NAME] == []


@pytest.mark.django_db
@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_its_commands_run(book: Path, settings: Settings, tmp_path: Path) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SEAL_KEYS": new_signer("bulwark").secret_line}
    settings.BULWARK_ACCOUNTS = {
        **settings.BULWARK_ACCOUNTS,
        "KEY_PROVIDER": "accounts.keys.files.FileKeys",
        "KEY_OPTIONS": {"path": tmp_path / "keys.json", "generate": True},
    }
    alice = make_user("alice")
    start_session(alice, transport="body", amr=["pwd"], request=None, now=timezone.now())
    incident = open_incident("A drill", by="test")
    filled = {
        "ACCOUNT": alice.email,
        "NETWORK": "203.0.113.0/24",
        "ROUTE": "bulwark_articles:export",
        "INCIDENT": str(incident.pk),
        "OBJECT": f"{Article._meta.label}:00000000-0000-0000-0000-000000000000",
    }
    commands = COMMAND.findall(book.read_text())
    assert len(commands) >= 3
    for command in commands:
        if command in APART or command.startswith("authz_explain"):
            continue
        if command.startswith(SHARED) and not os.environ.get("REDIS_URL"):
            continue
        call_command(*[filled.get(word, word) for word in shlex.split(command)])


def test_the_rules_of_prometheus_are_good() -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("needs promtool")
    for arguments in (["check", "rules", "prometheus-rules.yml"], ["test", "rules", "prometheus-rules.test.yml"]):
        done = subprocess.run([program, *arguments], cwd=OPS, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
def test_rules_and_panels_stand_on_metrics_that_exist() -> None:
    rules = (OPS / "prometheus-rules.yml").read_text()
    panels = [
        target["expr"]
        for panel in json.loads((OPS / "grafana-dashboard.json").read_text())["panels"]
        for target in panel["targets"]
    ]
    named = set(re.findall(r"\bbulwark_\w+", " ".join([rules, *panels])))
    known = set(re.findall(r"^(?:# TYPE )?(bulwark_\w+)", page(), re.MULTILINE))
    assert sorted(named - known) == ["bulwark_alert_deliveries_waiting"] or named <= known
    books = set(re.findall(r"docs/playbooks/([\w-]+)\.md", rules))
    assert books <= WANTED
