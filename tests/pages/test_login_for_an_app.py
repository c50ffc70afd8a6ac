"""A real browser goes from an app to the login page and back: the page's `form-action` must not stand in its way."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser

from tests.accounts.oauth.app import AUTHORIZE
from tests.pages.site import Site, opened

pytestmark = pytest.mark.browser


class _App(BaseHTTPRequestHandler):
    """The app's page behind its redirect URI."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>app</title><h1>The app</h1>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def app_url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _App)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/callback"
    server.shutdown()
    server.server_close()


def register(site: Site) -> None:
    """Register the app with the demo."""
    code = (
        "from accounts.models import OAuthClient\n"
        "OAuthClient.objects.create(client_id='spa', name='Spa', redirect_uris='http://127.0.0.1/callback')"
    )
    env = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings.local"}
    subprocess.run([sys.executable, "manage.py", "shell", "-c", code], cwd=site.folder, env=env, check=True)


def test_a_login_ends_at_the_app_with_a_code(chromium: Browser, own_site: Site, app_url: str) -> None:
    register(own_site)
    alice = own_site.person("alice")
    query = f"response_type=code&client_id=spa&redirect_uri={app_url}&state=s&code_challenge={'x' * 43}"
    with opened(chromium, own_site) as watched:
        page = watched.page
        page.goto(f"{AUTHORIZE}?{query}&code_challenge_method=S256")
        page.fill("[name=identifier]", alice["email"])
        page.fill("[name=password]", alice["password"])
        page.click("form[method=post] button")
        page.wait_for_selector("text=The app")
        assert page.url.startswith(f"{app_url}?code=")
        assert "&state=s&iss=" in page.url
