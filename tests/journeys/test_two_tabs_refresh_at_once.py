"""Two tabs of one browser share the refresh cookie, and wake up at the same moment."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.pages.conftest import chromium  # noqa: F401 - a fixture
from tests.pages.site import Site, opened, served

pytestmark = pytest.mark.browser

LOG_IN = """async ({email, password}) => {
  const body = JSON.stringify({email, password, transport: "cookie"});
  const headers = {"Content-Type": "application/json"};
  return (await fetch("/api/v1/auth/login", {method: "POST", headers, body})).status;
}"""

# Starts at a moment that both tabs agree on, and returns what came of it: the status, and whether the API accepts it.
REFRESH_AT = """async (moment) => {
  const csrf = /refresh_csrf=([^;]+)/.exec(document.cookie)[1];
  const headers = {"Content-Type": "application/json", "X-CSRF-Token": csrf};
  await new Promise((resolve) => setTimeout(resolve, moment - Date.now()));
  const answer = await fetch("/api/v1/auth/refresh", {method: "POST", headers, body: "{}"});
  const {access} = await answer.json();
  const me = await fetch("/api/v1/auth/me", {headers: {Authorization: `Bearer ${access}`}});
  return [answer.status, me.status];
}"""

START = f"(moment) => {{ window.outcome = ({REFRESH_AT})(moment); }}"


@contextlib.contextmanager
def two_tabs(browser: Browser, site: Site) -> Iterator[tuple[Page, Page]]:
    with opened(browser, site) as watched:
        first = watched.page
        first.goto("/")
        alice = site.person("alice")
        credentials = {"email": alice["email"], "password": alice["password"]}
        assert first.evaluate(LOG_IN, credentials) == 200
        second = first.context.new_page()
        second.goto("/")
        yield first, second


def at_once(tabs: tuple[Page, Page]) -> list[Any]:
    """Let both tabs refresh at the same moment and return what each got."""
    moment = tabs[0].evaluate("Date.now() + 400")
    for tab in tabs:
        tab.evaluate(START, moment)
    return [tab.evaluate("() => window.outcome") for tab in tabs]


def test_two_tabs_that_refresh_at_once_both_stay_logged_in(chromium: Browser) -> None:  # noqa: F811 - the fixture
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as site, two_tabs(chromium, site) as tabs:
        for _ in range(5):
            assert at_once(tabs) == [[200, 200], [200, 200]]
        cookie = next(each for each in tabs[0].context.cookies() if each.get("name") == "refresh")
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Strict"
        assert "refresh=" not in tabs[0].evaluate("document.cookie")
