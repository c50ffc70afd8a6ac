"""A version of the API announces its end, and then ends."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import path
from drf_spectacular.generators import SchemaGenerator

from edge.versions import deprecated

from .urls import Notes, OldMethod, OldNotes

pytestmark = pytest.mark.urls("tests.edge.urls")
BEFORE, AFTER = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
OLD = ["/api/v0/notes", "/api/v0/page", "/api/v0/async", "/api/v0/method"]


@pytest.mark.parametrize("url", OLD)
def test_the_end_is_announced(client: Client, url: str) -> None:
    with time_machine.travel(BEFORE):
        answer = client.get(url)
    assert answer.status_code == 200
    assert answer.headers["Deprecation"] == "@1767225600"
    assert answer.headers["Sunset"] == "Wed, 01 Jul 2026 00:00:00 GMT"
    assert '</api/v1/notes>; rel="successor-version"' in answer.headers["Link"]
    assert '<https://example.org/changes>; rel="deprecation"' in answer.headers["Link"]


def test_a_link_of_the_view_s_own_stays(client: Client) -> None:
    with time_machine.travel(BEFORE):
        assert client.get("/api/v0/page").headers["Link"].startswith("</next>; rel=next, <")


@pytest.mark.parametrize("url", OLD)
def test_then_it_is_gone(client: Client, url: str) -> None:
    with time_machine.travel(AFTER, tick=False):
        answer = client.get(url)
    assert answer.status_code == 410
    assert answer.json()["code"] == "version_ended"
    assert 'rel="successor-version"' in answer.headers["Link"]
    with time_machine.travel(AFTER - timedelta(seconds=1), tick=False):
        assert client.get(url).status_code == 200, "until that second it is served"


def test_another_method_of_the_view_goes_on(client: Client) -> None:
    with time_machine.travel(AFTER):
        assert client.post("/api/v0/method", {}, content_type="application/json").status_code == 200


@pytest.mark.parametrize(
    ("since", "sunset"),
    [(AFTER, BEFORE), (datetime(2026, 1, 1), AFTER), (BEFORE, datetime(2026, 8, 1))],  # noqa: DTZ001
)
def test_what_makes_no_sense_is_refused(since: datetime, sunset: datetime) -> None:
    with pytest.raises(ImproperlyConfigured):
        deprecated(since=since, sunset=sunset)


def test_the_document_says_so() -> None:
    views = {"old": OldNotes, "method": OldMethod, "new": Notes}
    patterns = [path(name, view.as_view()) for name, view in views.items()]
    document = SchemaGenerator(patterns=patterns).get_schema(public=True)  # type: ignore[no-untyped-call]
    found = {
        (name, method): operation.get("deprecated", False)
        for name, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert {key for key, is_deprecated in found.items() if is_deprecated} == {
        ("/old", "get"),
        ("/old", "post"),
        ("/old", "put"),
        ("/method", "get"),
    }
