"""The demo client of the landing page, as a visitor uses it."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.site import Site, Watched, opened

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery staple"  # pragma: allowlist secret
TEXT = (
    "What the reader finds here was written in a browser, saved as a draft, and published with one press of a button."
)
ATTACKS = [
    "bola-walk",
    "token-theft",
    "forge-token",
    "mass-assignment",
    "ssrf",
    "store-script",
    "body-bombs",
    "probing",
    "spraying",
    "stuffing",
    "scraping",
]


def sign_in_as(page: Page, name: str) -> None:
    page.goto("/#demo")
    page.click(f"[data-person={name}]")
    expect(page.locator("#who")).to_be_visible()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def me(site: Site, token: str) -> int:
    """Ask the API with an access token that was taken from the browser."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{site.url}/api/v1/auth/me", headers=headers, trust_env=False).status_code


def refresh_cookie(page: Page) -> Any:
    return next(cookie for cookie in page.context.cookies() if cookie.get("name") == "refresh")


def sign_in(page: Page, email: str) -> None:
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    press(page, "Sign in")
    expect(page.locator("#who")).to_be_visible()


def test_from_registration_to_logout(chromium: Browser, own_site: Site) -> None:
    with opened(chromium, own_site) as watched:
        page = watched.page
        page.goto("/#demo")
        page.get_by_role("tab", name="Register").click()
        page.fill("[name=name]", "Dora")
        page.fill("[name=email]", "dora@example.com")
        page.fill("[name=password]", PASSWORD)
        press(page, "Register")
        expect(page.locator("#you [role=status]")).to_be_visible()

        page.goto(own_site.mailed_link("dora@example.com"))
        assert "#" not in page.url
        press(page, "Confirm this address")
        expect(page.locator(".note")).to_contain_text("confirmed")

        page.goto("/#demo")
        sign_in(page, "dora@example.com")
        expect(page.locator("#who")).to_have_text("Dora")

        page.fill("[name=title]", "Written in a browser")
        page.fill("[name=body]", TEXT)
        press(page, "Save as draft")
        article = page.locator(".written li", has_text="Written in a browser")
        expect(article.locator(".state")).to_have_text("draft")
        article.get_by_text("Publish").click()
        expect(article.locator(".state")).to_have_text("published")

        stolen = refresh_cookie(page)
        for _ in range(2):
            with page.expect_response("**/auth/refresh") as answered:
                press(page, "Refresh")
            assert answered.value.status == 200
            expect(page.locator("#you [role=status]")).to_contain_text("replaced")
        assert refresh_cookie(page)["value"] != stolen["value"]
        newest = watched.tokens[-1]
        assert me(own_site, newest) == 200
        page.context.add_cookies([stolen])
        press(page, "Refresh")
        expect(page.locator("#you [role=status]")).to_contain_text("used before")
        assert me(own_site, newest) == 401

        sign_in(page, "dora@example.com")
        newest = watched.tokens[-1]
        press(page, "Sign out")
        expect(page.locator("#you [role=status]")).to_contain_text("ended")
        assert me(own_site, newest) == 401
        assert watched.faults == []


def test_every_attack_is_stopped_and_recorded(chromium: Browser, own_site: Site) -> None:
    erin = own_site.person("erin")
    with opened(chromium, own_site) as watched:
        page = watched.page
        page.goto("/admin/login/")
        page.fill("[name=identifier]", erin["email"])
        page.fill("[name=password]", erin["password"])
        page.get_by_role("button", name="Log in", exact=True).click()
        sign_in_as(page, "alice")
        links = {}
        for attack in ATTACKS:
            card = page.locator(f"#attack-{attack}")
            card.locator("> button").click()
            expect(card.locator(".note.good")).to_contain_text("Stopped.", timeout=30_000)
            links[attack] = card.locator(".step >> text=audit events").last.get_attribute("href") or ""
        assert watched.faults == []
        for attack, link in links.items():
            page.goto(link)
            assert page.locator("#result_list tbody tr").count() >= 1, f"{attack} left no event"


def test_the_visitor_is_still_signed_in_after_the_attacks_of_others(watched: Watched, site: Site) -> None:
    page = watched.page
    sign_in_as(page, "bob")
    kept = refresh_cookie(page)["value"]
    page.locator("#attack-bola-walk > button").click()
    expect(page.locator("#attack-bola-walk .note")).to_contain_text("Stopped.")
    assert refresh_cookie(page)["value"] == kept
    press(page, "Refresh")
    expect(page.locator("#you [role=status]")).to_contain_text("replaced")


def test_no_script_can_take_the_tokens(watched: Watched) -> None:
    page = watched.page
    sign_in_as(page, "alice")
    refresh = refresh_cookie(page)
    assert (refresh["httpOnly"], refresh["sameSite"]) == (True, "Strict")
    reachable = page.evaluate(
        "[document.cookie, JSON.stringify({localStorage, sessionStorage}), document.documentElement.outerHTML,"
        " ...Object.getOwnPropertyNames(window).map((name) => String(window[name]))].join('\\n')"
    )
    assert watched.tokens
    for token in (refresh["value"], *watched.tokens):
        assert token not in reachable


def test_a_session_is_taken_up_after_a_reload(watched: Watched) -> None:
    sign_in_as(watched.page, "charlie")
    watched.page.reload()
    expect(watched.page.locator("#who")).to_have_text("Charlie")


def test_signing_out_while_the_server_is_away_leaves_nobody_signed_in_on_the_page(watched: Watched) -> None:
    """ASVS 5.0, V14.3.1: not even after a reload, when the server is back."""
    page = watched.page
    sign_in_as(page, "alice")
    page.context.set_offline(True)
    press(page, "Sign out")
    expect(page.locator("#you [role=status]")).to_contain_text("cannot be reached")
    expect(page.locator("#who")).to_have_count(0)
    expect(page.locator("#write")).to_be_hidden()
    page.context.set_offline(False)
    page.goto("/#demo")
    page.reload()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(page.locator("#who")).to_have_count(0)
    sign_in_as(page, "alice")


def test_a_fault_is_shown_beside_its_field(watched: Watched) -> None:
    page = watched.page
    page.goto("/#demo")
    page.get_by_role("tab", name="Register").click()
    page.fill("[name=email]", "not an address")
    press(page, "Register")
    expect(page.locator(".field.wrong [name=email]")).to_be_visible()
    expect(page.locator("[data-fault=email]")).not_to_be_empty()


def test_with_the_keyboard_alone(watched: Watched) -> None:
    """The demo's people can be reached and chosen without a pointer."""
    page = watched.page
    page.goto("/")
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.person") == "alice":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#who")).to_have_text("Alice")
