"""Serves the demo as `make run` does, from a copy of the checkout, and watches what Chromium thinks of it."""

import contextlib
import email
import email.policy
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

import dev

PARTS = ("accounts", "articles", "auditlog", "authz", "config", "edge", "manage.py")
#: What the demo client looks for in vain.
PROBED = {"/.env", "/.git/config", "/wp-login.php", "/phpmyadmin/", "/actuator/env", "/server-status"}
#: Tells the console of a violation, wherever it happens; the browser's own message could be worded otherwise.
TELL = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} refused ${event.blockedURI || event.sample}`));"""


@dataclass(frozen=True)
class Site:
    """A demo that is being served."""

    url: str
    folder: Path

    def person(self, name: str) -> dict[str, str]:
        """Return the demo's account of that name."""
        users = json.loads((self.folder / ".local/demo.json").read_text())["users"]
        found: dict[str, str] = next(user for user in users if user["name"] == name)
        return found

    def attacked(self) -> None:
        """Let a scanner ask for what is not there, and the rules look at it."""
        for path in ("/.env", "/wp-login.php", "/phpmyadmin/", "/.git/config"):
            httpx.get(f"{self.url}{path}")
        command = [sys.executable, "manage.py", "auditlog_detect"]
        env = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
        env |= {"DJANGO_SETTINGS_MODULE": "config.settings.local"}
        subprocess.run(command, cwd=self.folder, env=env, check=True, capture_output=True)

    def mailed_link(self, address: str) -> str:
        """Return the newest link that was mailed to ``address``; mail is sent in the background."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for path in sorted((self.folder / ".local/mail").glob("*.log"), reverse=True):
                message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                body = message.get_body()
                link = re.search(r"http\S+#token=\S+", body.get_content() if body else "")
                if message["To"] == address and link:
                    return link[0]
            time.sleep(0.2)
        raise AssertionError(f"no mail to {address}")


@contextlib.contextmanager
def served(folder: Path, more_settings: str = "", *, is_demo: bool = True) -> Iterator[Site]:
    """Serve the demo from ``folder``, an empty one, until the block ends.

    :param more_settings: lines that follow those of `config.settings.local`.
    :param is_demo: seed the demo's accounts, which is refused without DEBUG.
    """
    for part in PARTS:
        source = dev.ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    with (folder / "config/settings/local.py").open("a") as settings:
        settings.write(more_settings)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings.local"}
    options = ["--demo", "--noreload"] if is_demo else ["--noreload"]
    command = [sys.executable, "manage.py", "runserver", *options, f"127.0.0.1:{port}"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)
    try:
        site = Site(f"http://127.0.0.1:{port}", folder)
        wait_for(site, server)
        yield site
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(site: Site, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"{site.url}/healthz", trust_env=False)
            return
        time.sleep(0.2)
    raise AssertionError((site.folder / "log").read_text())


@dataclass
class Watched:
    """A page, and what went wrong in it."""

    page: Page
    faults: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        # A refusal that the demo client asks for on purpose is in the console too. Anything else is a fault.
        asked = urlsplit(message.location.get("url", "")).path
        is_on_purpose = asked.startswith("/api/v1/") or asked in PROBED
        refused = is_on_purpose and "the server responded with a status of 4" in message.text
        if message.type in {"error", "warning"} and not refused:
            self.faults.append(f"{message.text} {message.location.get('url', '')}")

    def _request(self, request: Any) -> None:
        header = request.headers.get("authorization", "")
        if header:
            self.tokens.append(header.removeprefix("Bearer "))


@contextlib.contextmanager
def opened(
    chromium: Browser, site: Site, *, width: int = 1280, scheme: Any = "light", state: Any = None
) -> Iterator[Watched]:
    """Open a window of its own, with its own cookies."""
    context: BrowserContext = chromium.new_context(
        base_url=site.url, viewport={"width": width, "height": 900}, color_scheme=scheme, storage_state=state
    )
    context.set_default_timeout(15_000)
    context.add_init_script(TELL)
    try:
        watched = Watched(context.new_page())
        watched.listen()
        yield watched
    finally:
        context.close()
