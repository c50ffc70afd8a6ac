"""A real browser goes from an app to the login page and back: the page's `form-action` must not stand in its way."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page

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


def register(site: Site, **more: object) -> None:
    """Register the app with the demo."""
    client = {"client_id": "spa", "name": "Spa", "redirect_uris": "http://127.0.0.1/callback", **more}
    code = f"from accounts.models import OAuthClient\nOAuthClient.objects.create(**{client!r})"
    env = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
    env |= {"DJANGO_SETTINGS_MODULE": "config.settings.local"}
    subprocess.run([sys.executable, "manage.py", "shell", "-c", code], cwd=site.folder, env=env, check=True)


def log_in(page: Page, site: Site, app_url: str) -> None:
    """Come from the app, and log in as alice."""
    alice = site.person("alice")
    query = f"response_type=code&client_id=spa&redirect_uri={app_url}&state=s&code_challenge={'x' * 43}"
    page.goto(f"{AUTHORIZE}?{query}&code_challenge_method=S256")
    page.fill("[name=identifier]", alice["email"])
    page.fill("[name=password]", alice["password"])
    page.click("form[method=post] button")


def test_a_login_ends_at_the_app_with_a_code(chromium: Browser, own_site: Site, app_url: str) -> None:
    register(own_site)
    with opened(chromium, own_site) as watched:
        log_in(watched.page, own_site, app_url)
        watched.page.wait_for_selector("text=The app")
        assert watched.page.url.startswith(f"{app_url}?code=")
        assert "&state=s&iss=" in watched.page.url


@pytest.mark.parametrize(("answer", "came"), [("Allow", "code="), ("Do not allow", "error=access_denied&")])
def test_an_app_of_somebody_elses_is_agreed_to_first(
    chromium: Browser, own_site: Site, app_url: str, answer: str, came: str
) -> None:
    register(own_site, is_first_party=False)
    width, scheme = (1280, "light") if answer == "Allow" else (390, "dark")
    with opened(chromium, own_site, width=width, scheme=scheme) as watched:
        page = watched.page
        log_in(page, own_site, app_url)
        page.wait_for_selector("text=Allow Spa?")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("button", name=answer, exact=True).click()
        page.wait_for_selector("text=The app")
        assert page.url.startswith(f"{app_url}?{came}")
        assert "state=s&iss=" in page.url
        assert watched.faults == []
