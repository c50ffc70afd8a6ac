"""The pages about an account, in a real browser: by mouse, by keyboard, and without scripts."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.site import Site, Watched, opened
from tests.pages.test_clean_pages import check, sizes

pytestmark = pytest.mark.browser

OPEN = [
    "login",
    "register",
    "forgot",
    "verify/again",
    "verify",
    "reset#token=abc",
    "email/confirm",
    "email/undo#token=abc",
]
OWN = ["security", "password", "email", "sessions", "delete", "mfa", "reauthenticate", "logout"]
NEW = "another password, just as long"


@pytest.fixture(scope="session")
def member(chromium: Browser, site: Site) -> Any:
    """The cookies of alice, logged in by the page."""
    alice = site.person("alice")
    with opened(chromium, site) as watched:
        log_in(watched.page, alice["email"], alice["password"])
        return watched.page.context.storage_state()


def log_in(page: Page, email: str, password: str) -> None:
    page.goto("/account/login")
    page.fill("[name=identifier]", email)
    page.fill("[name=password]", password)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()


@sizes
def test_every_page_is_clean(chromium: Browser, site: Site, member: Any, size: tuple[int, str]) -> None:
    with opened(chromium, site, width=size[0], scheme=size[1], state=member) as watched:
        for path in (*OPEN, *OWN):
            check(watched, f"/account/{path}", size[0])


@sizes
def test_a_refused_form_is_clean(chromium: Browser, site: Site, size: tuple[int, str]) -> None:
    with opened(chromium, site, width=size[0], scheme=size[1]) as watched:
        page = watched.page
        page.goto("/account/register")
        page.fill("[name=email]", "nonsense")
        page.get_by_role("button", name="Make an account").click()
        expect(page.locator("[name=email]")).to_be_focused()
        expect(page.get_by_label("E-mail address")).to_have_accessible_description("Enter a valid email address.")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert [fault for fault in watched.faults if "status of 422" not in fault] == []


def test_by_keyboard_alone(chromium: Browser, site: Site) -> None:
    alice = site.person("alice")
    with opened(chromium, site) as watched:
        page = watched.page
        page.goto("/account/login")
        expect(page.locator("[name=identifier]")).to_be_focused()
        page.keyboard.type(alice["email"])
        page.keyboard.press("Tab")
        page.keyboard.type(alice["password"])
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Your account")).to_be_visible()
        for _ in range(20):
            page.keyboard.press("Tab")
            focused = page.locator(":focus")
            if focused.get_attribute("aria-label") == "Show the devices that are logged in":
                break
        assert focused.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Devices")).to_be_visible()


def test_a_link_is_used_and_its_secret_is_gone_from_the_address(chromium: Browser, own_site: Site) -> None:
    alice = own_site.person("alice")
    with opened(chromium, own_site) as watched:
        page = watched.page
        page.goto("/account/forgot")
        page.fill("[name=email]", alice["email"])
        page.get_by_role("button", name="Mail the link").click()
        expect(page.locator(".note")).to_contain_text("a message is on its way")
        page.goto(own_site.mailed_link(alice["email"]))
        assert "token" not in page.url
        expect(page.get_by_label("The link from the message")).to_be_hidden()
        page.fill("[name=new_password]", "short")
        page.get_by_role("button", name="Set the password").click()
        expect(page.get_by_label("New password")).to_be_focused()
        page.fill("[name=new_password]", NEW)
        page.get_by_role("button", name="Set the password").click()
        expect(page.locator(".note")).to_contain_text("The password is set")
        log_in(page, alice["email"], NEW)


def test_without_scripts_a_link_is_pasted(chromium: Browser, own_site: Site) -> None:
    alice = own_site.person("alice")
    context = chromium.new_context(base_url=own_site.url, java_script_enabled=False)
    watched = Watched(context.new_page())
    watched.listen()
    page = watched.page
    page.goto("/account/forgot")
    page.fill("[name=email]", alice["email"])
    page.get_by_role("button", name="Mail the link").click()
    link = own_site.mailed_link(alice["email"])
    page.goto(link)
    page.get_by_label("The link from the message").fill(link)
    page.fill("[name=new_password]", NEW)
    page.get_by_role("button", name="Set the password").click()
    log_in(page, alice["email"], NEW)
    page.get_by_role("link", name="Show the devices").click()
    page.get_by_role("button", name="Log out this device").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.locator(".note")).to_contain_text("You are logged out.")
    assert watched.faults == []
    context.close()
