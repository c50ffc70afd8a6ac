"""From an attack to the pager: a detector and a receiver of their own, and a site that goes on serving meanwhile."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.auditlog.alerts_receiver import never_done, receiver
from tests.pages.site import served

SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtMTI="  # pragma: allowlist secret
#: What is promised, in seconds.
PROMISED = 60


def channel(url: str) -> dict[str, object]:
    return {"BACKEND": "auditlog.alerts.channels.WebhookChannel", "OPTIONS": {"url": f"{url}/", "secret": SECRET}}


def test_the_pager_rings_within_a_minute_whatever_another_receiver_does(tmp_path: Path) -> None:
    with receiver() as pager, ExitStack() as hanging:
        channels = {"slow": channel(hanging.enter_context(never_done())), "pager": channel(pager.url)}
        more = f'\nBULWARK_AUDITLOG = {{**BULWARK_AUDITLOG, "ALERT_CHANNELS": {channels}}}\n'
        with served(tmp_path, more) as site:
            env = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
            env |= {"DJANGO_SETTINGS_MODULE": "config.settings.local"}
            command = [sys.executable, "manage.py", "auditlog_detect", "--loop", "0.5"]
            detector = subprocess.Popen(command, cwd=site.folder, env=env)
            try:
                began = time.monotonic()
                for path in ("/.env", "/wp-login.php", "/phpmyadmin/", "/.git/config"):
                    httpx.get(f"{site.url}{path}")
                while not pager.posts and time.monotonic() - began < PROMISED:
                    httpx.get(f"{site.url}/api/v1/categories/")  # the site goes on serving
                    time.sleep(0.05)
            finally:
                hanging.close()
                detector.terminate()
                assert detector.wait(timeout=30) == 0  # it ends when it is told to
    assert pager.posts, "nobody was told within a minute"
    assert [each["rule"] for each in pager.bodies[0]["data"]["alerts"]] == ["probing"]
