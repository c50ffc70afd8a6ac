import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.pages.site import Site, Watched, opened, served

#: Debian's Chromium in a container: no sandbox of its own, and no request that no page has asked for.
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert path, "Chromium is needed: sudo apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo, for tests that leave it usable."""
    with served(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[Site]:
    """A demo that a test may use up: its limits are counted for it alone."""
    with served(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def auditor(chromium: Browser, site: Site) -> Any:
    """The cookies of erin, signed in to the admin."""
    erin = site.person("erin")
    with opened(chromium, site) as watched:
        watched.page.goto("/admin/login/")
        watched.page.fill("[name=identifier]", erin["email"])
        watched.page.fill("[name=password]", erin["password"])
        watched.page.get_by_role("button", name="Log in", exact=True).click()
        watched.page.wait_for_selector("#user-tools")
        return watched.page.context.storage_state()


@pytest.fixture
def watched(chromium: Browser, site: Site) -> Iterator[Watched]:
    with opened(chromium, site) as one:
        yield one
