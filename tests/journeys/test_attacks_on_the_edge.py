"""Attacks on what every request passes. Each is tried twice: it fails, and with its control switched off it works."""

import pytest
from django.test import Client
from pytest_django import Settings

from auditlog.models import Event
from edge import csp_reports
from edge.blocks import block, disable, enable, unblock
from edge.signals import csp_violated

pytestmark = pytest.mark.django_db
SCRAPER = "198.51.100.77"


def without(settings: Settings, *paths: str) -> None:
    """Take middleware out."""
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if path not in paths]


# Going on after having been noticed


def scrape() -> int:
    return Client(REMOTE_ADDR=SCRAPER).get("/api/v1/categories/").status_code


def test_who_is_blocked_does_not_go_on() -> None:
    assert scrape() == 200
    block("198.51.100.0/24", seconds=60, reason="scraping")
    assert scrape() == 403
    event = Event.objects.get(type="edge.network_blocked")
    assert (event.data, event.reason) == ({"network": "198.51.100.0/24", "seconds": 60}, "scraping")
    assert unblock("198.51.100.0/24")
    assert scrape() == 200


def test_it_is_the_block_that_stops_it(settings: Settings) -> None:
    block(SCRAPER, reason="scraping")
    without(settings, "edge.blocks.BlockMiddleware")
    assert scrape() == 200
    unblock(SCRAPER)


# Making a database choke (a NUL is an error of PostgreSQL's, and would be one of ours)


def nul() -> int:
    return Client().get("/?q=%00").status_code


def test_a_nul_reaches_no_view() -> None:
    assert nul() == 400
    assert Event.objects.get(type="edge.request_refused").data["code"] == "nul_character"


def test_it_is_the_bounds_that_keep_it_out(settings: Settings) -> None:
    without(settings, "edge.bounds.BoundsMiddleware")
    assert nul() == 200


# Using a hole while it is being mended


def test_a_route_with_a_hole_is_closed_to_all() -> None:
    disable("bulwark_articles:categories", reason="a hole")
    assert scrape() == 503
    assert Event.objects.get(type="edge.route_disabled").data["route"] == "bulwark_articles:categories"
    assert enable("bulwark_articles:categories")
    assert scrape() == 200


def test_it_is_the_switch_that_closes_it(settings: Settings) -> None:
    disable("bulwark_articles:categories", reason="a hole")
    without(settings, "edge.blocks.BlockMiddleware")
    assert scrape() == 200
    enable("bulwark_articles:categories")


# Flooding the audit log with inventions (CSP reports, which anybody can send)


def invent() -> int:
    """Send reports of what never happened, each another one, and return how many are told to the audit log."""
    told: list[object] = []

    def listen(sender: type, **_: object) -> None:
        told.append(sender)

    csp_violated.connect(listen)
    csp_reports.seen.clear()
    client = Client(REMOTE_ADDR=SCRAPER)
    for number in range(10):
        reports = [
            {"type": "csp-violation", "body": {"documentURL": f"https://x/{number}/{each}"}} for each in range(20)
        ]
        client.post("/csp-report", reports, content_type="application/reports+json")
    csp_reports.seen.clear()
    csp_violated.disconnect(listen)
    return len(told)


def test_invented_reports_do_not_flood_the_log() -> None:
    assert 0 < invent() <= csp_reports.MAX_TOLD


def test_it_is_the_cap_that_holds_them_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csp_reports, "MAX_TOLD", 10_000)
    assert invent() == 200


# Filling the disk with a form


def upload() -> int:
    """Send a form with a file to a page; Django writes files to disk before any view runs."""
    head = 'multipart/form-data; boundary="x"'
    return (
        Client().generic("POST", "/admin/login/", b"--x--", content_type=head, CONTENT_LENGTH=str(1 << 30)).status_code
    )


def test_a_file_without_end_is_refused_unread() -> None:
    assert upload() == 413


def test_it_is_the_limit_that_refuses_it(settings: Settings) -> None:
    without(settings, "edge.bodies.BodyLimitMiddleware")
    with pytest.raises(AssertionError, match="Cannot read more"):
        upload()  # it is being read
