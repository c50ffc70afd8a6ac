"""The login page's challenge, solved by its own script in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.pages.site import opened, served

pytestmark = pytest.mark.browser


def test_a_person_waits_a_moment_and_logs_in(chromium: Browser, tmp_path: Path) -> None:
    due = 'BULWARK_ACCOUNTS["GUESSES_BEFORE_CHALLENGE"] = 1\n'  # the others keep their sizes
    with served(tmp_path, due) as site, opened(chromium, site) as watched:
        page, alice = watched.page, site.person("alice")

        def log_in(password: str) -> None:
            page.fill("[name=identifier]", alice["email"])
            page.fill("[name=password]", password)
            page.click("form button.primary")

        page.goto("/account/login")
        log_in("a wrong one")
        expect(page.locator("[data-challenge]")).to_have_count(0)
        log_in("a wrong one")
        done = "Your browser is checked"
        expect(page.locator("[data-challenge] [role=status]")).to_contain_text(done, timeout=30_000)
        solution = page.input_value("[name=challenge]")
        log_in("a wrong one")
        expect(page.locator("[data-challenge] [role=status]")).to_contain_text(done, timeout=30_000)
        assert page.input_value("[name=challenge]") not in {"", solution}, "another challenge for another guess"
        page.set_viewport_size({"width": 390, "height": 800})
        page.screenshot(path=tmp_path / "challenge.png", full_page=True)
        log_in(alice["password"])
        expect(page).not_to_have_url(f"{site.url}/account/login")
        assert any("device" in str(cookie.get("name")) for cookie in page.context.cookies())
        assert [fault for fault in watched.faults if "status of 4" not in fault] == []
