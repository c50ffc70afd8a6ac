"""The pages of the log in Chromium, under the policy that the site really sends."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from auditlog import rollup
from auditlog.models import Event, SavedSearch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/admin/bulwark_auditlog/event/"
SHOTS = os.environ.get("SCREENSHOTS", "")


@contextmanager
def browser_page(width: int, scheme: Literal["light", "dark"], complaints: list[str]) -> Iterator[Page]:
    """Open Chromium; what it complains about, violations of the policy included, goes to ``complaints``.

    Nothing may use the ORM in here: Playwright runs an event loop in this thread.
    """
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        chromium.close()


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def is_wider_than_the_window(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


def store_what_there_is_to_see(events: Callable[..., Event]) -> Event:
    """Store one event of each severity, and one with everything in it, which is returned."""
    for severity in range(1, 7):
        events(severity=severity, actor_label="alice@example.com", src_ip="192.0.2.7", reason="wrong_password")
    return events(
        type="articles.article_updated",
        outcome="success",
        actor_label="alice@example.com",
        actor_id="17",
        user_agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
        target_type="bulwark_articles.article",
        target_id="42",
        target_label="How to keep a log",
        request_id="0123456789abcdef0123456789abcdef",
        src_ip="2001:db8:1234:5678:9abc:def0:1234:5678",
        changes={
            "title": {"before": "How to keep a dog", "after": "How to keep a log"},
            "tags": {"before": None, "after": ["logs", "evidence"]},
        },
        data={"filters": {"status": "draft", "text": "x" * 300}},
    )


def sign_in(page: Page, session: str, url: str) -> None:
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": url, "httpOnly": True}])


def look_at_the_other_pages(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}?severity=4")
    page.click("text=Save this search")
    page.fill("#audit-save-name", "Mine")
    page.click(".audit-tools button")
    expect(page.locator(".audit-saved li")).to_have_count(2)
    shot(page, f"saved-{name}")
    page.click("text=Dashboard")
    expect(page.locator(".audit-chart")).to_have_count(3)
    shot(page, f"dashboard-{name}")
    assert not is_wider_than_the_window(page)
    page.goto(f"{url}timeline/?actor=alice@example.com")
    expect(page.locator(".audit-entry")).to_have_count(7)
    shot(page, f"timeline-{name}")
    assert not is_wider_than_the_window(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_obey_the_policy_and_fit(
    width: int,
    scheme: Literal["light", "dark"],
    auditor: Client,
    events: Callable[..., Event],
    live_server: LiveServer,
) -> None:
    event = store_what_there_is_to_see(events)
    erin, session = User.objects.get(email="erin@example.com"), auditor.cookies["sessionid"].value
    erin.user_permissions.add(*Permission.objects.filter(codename__in=["export_event", "verify_event"]))
    SavedSearch.objects.create(owner=str(erin.pk), name="Alarms of the night", query="severity=4")
    with transaction.atomic():
        rollup.add(list(rollup.counted(Event.objects.all())), "default")
    complaints: list[str] = []

    with browser_page(width, scheme, complaints) as page:
        sign_in(page, session, live_server.url)
        response = page.goto(f"{live_server.url}{LIST}")
        assert response is not None
        assert "'self'" in response.headers["content-security-policy"]
        shot(page, f"list-{scheme}-{width}")
        assert not is_wider_than_the_window(page)

        page.fill("#id_q", "192.0.2.7")
        page.select_option("#id_severity", "4")
        page.click("#audit-search input[type=submit]")
        expect(page.locator("#result_list tbody tr")).to_have_count(3)
        page.click("summary")
        shot(page, f"filters-{scheme}-{width}")

        page.goto(f"{live_server.url}{LIST}{event.uuid}/change/")
        shot(page, f"event-{scheme}-{width}")
        assert not is_wider_than_the_window(page)
        page.click("text=Verify this event")
        expect(page.locator(".messagelist")).to_contain_text("SEAL_KEYS")
        page.click("text=0123456789abcdef0123456789abcdef")
        expect(page.locator("#result_list tbody tr")).to_have_count(1)

        look_at_the_other_pages(page, f"{live_server.url}{LIST}", f"{scheme}-{width}")

    assert complaints == []
