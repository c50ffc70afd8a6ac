"""The page that tells who may do what, in Chromium, under the policy that the site really sends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.authz.conftest import Cast
from tests.authz.library.models import Book

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
URL = "/admin/bulwark_authz/membership/access/"
PASSWORD = "correct horse battery"  # pragma: allowlist secret
SHOTS = os.environ.get("SCREENSHOTS", "")


@contextmanager
def opened(width: int, scheme: Literal["light", "dark"], complaints: list[str]) -> Iterator[Page]:
    """Open Chromium; what it complains about, violations of the policy included, goes to ``complaints``."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        chromium.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_obeys_the_policy_and_fits(
    width: int, scheme: Literal["light", "dark"], cast: Cast, live_server: LiveServer
) -> None:
    book = Book.objects.create(tenant=cast.acme, owner=cast.alice, title="a book")
    get_user_model().objects.create_superuser("admin@example.com", PASSWORD)
    complaints: list[str] = []
    with opened(width, scheme, complaints) as page:
        page.goto(f"{live_server.url}/admin/login/?next={URL}")
        page.fill("[name=identifier]", "admin@example.com")
        page.fill("[name=password]", PASSWORD)
        page.get_by_role("button", name="Log in", exact=True).click()
        page.get_by_label("User").fill("dora@example.com")
        page.get_by_label("Kind of object").select_option("library.Book")
        page.get_by_label("Key of the object").fill(str(book.pk))
        page.get_by_label("Action").select_option("publish")
        page.get_by_role("button", name="Ask").press("Enter")
        expect(page.get_by_role("heading", name="Denied")).to_be_visible()
        assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"access-{width}.png", full_page=True)
        page.get_by_label("From the address").fill("127.0.0.1")
        page.get_by_role("button", name="Ask").click()
        expect(page.get_by_role("heading", name="Allowed")).to_be_visible()
        expect(page.get_by_role("region", name="library.Book").get_by_role("row")).to_have_count(7)
    assert complaints == []
