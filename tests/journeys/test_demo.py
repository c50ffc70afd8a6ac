"""Whoever starts the demo finds it whole: attacks raise alerts, events are counted and sealed, apps find the issuer."""

import sqlite3
import time
from pathlib import Path

import httpx

from tests.pages.site import PROBED, served

QUESTIONS = {
    "alerts": "SELECT count(*) FROM bulwark_auditlog_alert WHERE rule = 'probing'",
    "counts": "SELECT count(*) FROM bulwark_auditlog_hourlycount",
    "seals": "SELECT coalesce(max(size), 0) FROM bulwark_auditlog_tree",
}


def test_the_demo_looks_after_its_own_log(tmp_path: Path) -> None:
    with served(tmp_path) as site:
        issuer = httpx.get(f"{site.url}/.well-known/oauth-authorization-server").json()
        assert (issuer["issuer"], issuer["token_endpoint"]) == (site.url, f"{site.url}/oauth/token")
        for path in PROBED:
            httpx.get(f"{site.url}{path}")
        deadline = time.monotonic() + 60
        while not all(found := asked(tmp_path)) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert all(found), dict(zip(QUESTIONS, found, strict=True))


def asked(folder: Path) -> list[int]:
    with sqlite3.connect(folder / ".local/db.sqlite3", timeout=20) as database:
        return [database.execute(question).fetchone()[0] for question in QUESTIONS.values()]
