"""Every page for people, in a real browser: nothing refused by its policy, nothing in the console, nothing cut off."""

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.pages.site import Site, Watched, opened

pytestmark = pytest.mark.browser

OPEN = [
    "/",
    "/api/v1/docs/",
    "/admin/login/",
]
SIGNED_IN = [
    "/admin/",
    "/admin/bulwark_auditlog/alert/",
    "/admin/bulwark_auditlog/event/",
    "/admin/bulwark_auditlog/response/respond/?action=block_network&subject=203.0.113.7",
    "/admin/bulwark_auditlog/rulesetting/add/",
]
sizes = pytest.mark.parametrize("size", [(1280, "light"), (390, "light"), (1280, "dark"), (390, "dark")], ids=str)


def check(watched: Watched, path: str, width: int) -> None:
    page = watched.page
    answer = page.goto(path, wait_until="networkidle")
    assert answer is not None
    assert answer.status == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert watched.faults == []


@sizes
@pytest.mark.parametrize("path", OPEN)
def test_an_open_page(chromium: Browser, site: Site, path: str, size: tuple[int, str]) -> None:
    with opened(chromium, site, width=size[0], scheme=size[1]) as watched:
        check(watched, path, size[0])


@sizes
@pytest.mark.parametrize("path", SIGNED_IN)
def test_a_page_for_auditors(chromium: Browser, site: Site, auditor: Any, path: str, size: tuple[int, str]) -> None:
    with opened(chromium, site, width=size[0], scheme=size[1], state=auditor) as watched:
        check(watched, path, size[0])


@sizes
def test_the_page_of_an_event(chromium: Browser, site: Site, auditor: Any, size: tuple[int, str]) -> None:
    with opened(chromium, site, width=size[0], scheme=size[1], state=auditor) as watched:
        watched.page.goto("/admin/bulwark_auditlog/event/")
        path = watched.page.get_attribute("#result_list tbody tr a", "href")
        assert path
        check(watched, path, size[0])


@sizes
def test_the_page_of_an_alert(chromium: Browser, site: Site, auditor: Any, size: tuple[int, str]) -> None:
    site.attacked()
    with opened(chromium, site, width=size[0], scheme=size[1], state=auditor) as watched:
        watched.page.goto("/admin/bulwark_auditlog/alert/")
        path = watched.page.get_attribute("#result_list tbody tr a", "href")
        assert path
        check(watched, path, size[0])
        assert "Deal with it" in watched.page.inner_text("#content")


def test_the_api_documentation_lists_every_route(watched: Watched) -> None:
    watched.page.goto("/api/v1/docs/")
    watched.page.wait_for_selector(".opblock-summary-path")
    shown = {path.replace("\u200b", "") for path in watched.page.locator(".opblock-summary-path").all_inner_texts()}
    assert {"/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/articles/", "/api/v1/link-preview/"} <= shown


@pytest.mark.parametrize(
    "trespass",
    [
        "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">styled</p>')",
        "document.body.appendChild(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))",
        "document.body.appendChild(Object.assign(document.createElement('img'), {src: 'http://127.0.0.2:9/x.png'}))",
    ],
    ids=["inline style", "inline script", "an image from elsewhere"],
)
def test_a_violation_would_be_seen(watched: Watched, trespass: str) -> None:
    watched.page.goto("/", wait_until="networkidle")
    assert watched.faults == []
    watched.page.evaluate(trespass)
    watched.page.wait_for_timeout(300)
    assert any(fault.startswith("CSP: ") for fault in watched.faults)
    assert watched.page.evaluate("window.ran") is None
