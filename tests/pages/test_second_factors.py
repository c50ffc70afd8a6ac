"""Second factors in Chromium: an app by its picture and code, passkeys by Chromium's own virtual authenticator."""

import time
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, Page

from tests.pages.site import Site, Watched, opened, served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A demo by the name for which browsers have passkeys without TLS; each test has a person of its own."""
    with served(tmp_path_factory.mktemp("second-factors")) as running:
        yield Site(running.url.replace("127.0.0.1", "localhost"), running.folder)


@pytest.fixture
def visitor(chromium: Browser, local: Site) -> Iterator[Watched]:
    with opened(chromium, local) as one:
        yield one


class Key:
    """Chromium's virtual authenticator, over CDP."""

    def __init__(self, page: Page) -> None:
        self.cdp = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.id = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found

    def rewind(self) -> None:
        """Put a copy of the key in its place that has signed less often."""
        (credential,) = self.credentials()
        self.cdp.send("WebAuthn.clearCredentials", {"authenticatorId": self.id})
        self.cdp.send(
            "WebAuthn.addCredential", {"authenticatorId": self.id, "credential": {**credential, "signCount": 1}}
        )

    def forget_its_owner(self) -> None:
        """Have the next signature asked for without a PIN or a finger."""
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": False})


def log_in(page: Page, site: Site, name: str) -> None:
    person = site.person(name)
    page.goto("/account/login?next=/account/mfa")
    page.get_by_label("E-mail address").fill(person["email"])
    page.get_by_label("Password").fill(person["password"])
    page.get_by_role("button", name="Log in", exact=True).click()


def log_out(page: Page) -> None:
    page.goto("/account/logout")
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/account/login*")


def heading(page: Page, text: str) -> None:
    page.get_by_role("heading", level=1, name=text).wait_for()


def test_an_app_is_set_up_and_asked_for(visitor: Watched, local: Site) -> None:
    page = visitor.page
    log_in(page, local, "alice")
    heading(page, "Second factors")
    page.get_by_role("link", name="Set up an app").click()
    page.get_by_role("button", name="Show the picture").click()
    image = page.get_by_role("img", name="QR code")
    image.wait_for()
    assert image.evaluate("image => image.complete && image.naturalWidth") > 100
    page.get_by_text("Type it in instead").click()
    app = pyotp.TOTP(page.locator(".secret").inner_text())
    page.get_by_label("Code that the app shows").fill(app.at(int(time.time()), counter_offset=-1))
    page.get_by_role("button", name="Use this app").click()
    heading(page, "Your recovery codes")
    codes = page.locator(".codes code").all_inner_texts()
    assert len(set(codes)) == 10
    log_out(page)
    log_in(page, local, "alice")
    heading(page, "Second step")
    assert page.evaluate("document.activeElement.name") == "code"
    page.get_by_label("Code").fill("000000")
    page.keyboard.press("Enter")
    page.get_by_role("alert").get_by_text("not right").wait_for()
    page.get_by_label("Code").fill(app.at(int(time.time())))
    page.keyboard.press("Enter")
    heading(page, "Second factors")
    assert [fault for fault in visitor.faults if "422" not in fault] == []


def test_a_passkey_is_added_and_logs_in(visitor: Watched, local: Site) -> None:
    page = visitor.page
    key = Key(page)
    log_in(page, local, "bob")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add a passkey").click()
    heading(page, "Your recovery codes")
    (credential,) = key.credentials()
    assert (credential["rpId"], credential["isResidentCredential"]) == ("localhost", True)
    log_out(page)
    page.get_by_role("button", name="Log in with a passkey").click()
    page.wait_for_url(lambda url: "/account/login" not in url)
    log_out(page)
    log_in(page, local, "bob")
    heading(page, "Second step")
    page.get_by_role("button", name="Use a passkey").click()
    heading(page, "Second factors")
    page.get_by_text("Laptop").wait_for()
    log_out(page)
    key.rewind()
    page.get_by_role("button", name="Log in with a passkey").click()
    page.get_by_text("This passkey was not accepted").wait_for()
    assert [fault for fault in visitor.faults if "422" not in fault] == []  # the refusal itself


def test_a_passkey_without_its_owner_opens_nothing(visitor: Watched, local: Site) -> None:
    page = visitor.page
    key = Key(page)
    log_in(page, local, "charlie")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_role("button", name="Add a passkey").click()
    heading(page, "Your recovery codes")
    log_out(page)
    key.forget_its_owner()
    page.get_by_role("button", name="Log in with a passkey").click()
    page.get_by_text("The browser gave no passkey").wait_for()
    assert page.url.startswith(f"{local.url}/account/login")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_fit_and_are_named(chromium: Browser, local: Site, width: int, scheme: str) -> None:
    with opened(chromium, local, width=width, scheme=scheme) as watched:
        page = watched.page
        log_in(page, local, "erin")
        heading(page, "Second factors")
        for path in ("/account/mfa", "/account/mfa/totp", "/account/mfa/passkeys/add", "/account/reauthenticate"):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            unnamed = page.locator("input:visible, button:visible").evaluate_all(
                "all => all.filter(each => !(each.labels?.length || each.innerText || each.ariaLabel)).length"
            )
            assert unnamed == 0, path
        assert watched.faults == []
