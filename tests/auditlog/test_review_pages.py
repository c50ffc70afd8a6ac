"""The pages around the list: exports, saved searches, timelines and the dashboard; and who may do what on them."""

import csv
import io
import json
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from auditlog import rollup, scanning, timeline
from auditlog.models import Event, SavedSearch
from auditlog.timeouts import QuestionAborted

pytestmark = pytest.mark.django_db
LIST = "/admin/bulwark_auditlog/event/"
Store = Callable[..., Event]
FORMATS = ("csv", "ndjson", "ocsf", "ecs")


def allow(user: User, *codenames: str) -> None:
    user.user_permissions.add(
        *Permission.objects.filter(content_type__app_label="bulwark_auditlog", codename__in=codenames)
    )


@pytest.fixture
def exporter(auditor: Client, erin: User) -> Client:
    allow(erin, "export_event")
    return auditor


def text_of(response: Any) -> str:
    assert isinstance(response, StreamingHttpResponse)
    return b"".join(response.streaming_content).decode()  # type: ignore[arg-type]


# Who may do what


@pytest.mark.parametrize("page", ["dashboard/", "timeline/?actor=17", "export/"])
def test_who_may_not_view_events_sees_no_page_of_them(page: str, client: Client) -> None:
    bob = User.objects.create_user("bob@example.com", is_staff=True)
    allow(bob, "export_event", "verify_event", "respond_event")
    client.force_login(bob)

    assert client.get(LIST + page).status_code == 403
    assert client.post(f"{LIST}searches/", {"name": "x"}).status_code == 403


@pytest.mark.parametrize("page", ["dashboard/", "timeline/", "export/"])
def test_strangers_are_sent_to_the_door(page: str, client: Client) -> None:
    assert client.get(LIST + page).status_code == 302


def test_to_view_is_not_to_export(auditor: Client, events: Store) -> None:
    events()

    assert auditor.get(f"{LIST}export/").status_code == 403
    assertNotContains(auditor.get(LIST), "/export/")
    assert not Event.objects.filter(type="auditlog.events_exported").exists()


def test_each_right_is_a_permission_of_its_own() -> None:
    found = Permission.objects.filter(content_type__app_label="bulwark_auditlog", content_type__model="event")

    assert {*found.values_list("codename", flat=True)} == {
        *("export_event", "respond_event", "verify_event", "view_event")
    }


# Looking is an event


def test_looking_at_an_event_is_an_event(auditor: Client, erin: User, events: Store) -> None:
    event = events(tenant="t-1")
    auditor.get(reverse("admin:bulwark_auditlog_event_change", args=[event.uuid]))
    auditor.get(LIST)

    told = Event.objects.get(type="auditlog.event_viewed")
    assert (told.actor_id, told.data) == (str(erin.pk), {"id": str(event.uuid), "type": event.type})
    assert (told.target_id, told.tenant, told.outcome) == (str(event.seq), "t-1", "success")


def test_an_event_that_is_not_there_is_not_looked_at(auditor: Client) -> None:
    auditor.get(f"{LIST}00000000-0000-0000-0000-000000000000/change/")

    assert not Event.objects.filter(type="auditlog.event_viewed").exists()


# Exports


@pytest.mark.parametrize("kind", FORMATS)
def test_an_export_holds_the_filtered_set_and_is_an_event(
    kind: str, exporter: Client, erin: User, events: Store
) -> None:
    wanted = [events(tenant="t-1", reason=f"wanted-{number}") for number in range(5)]
    events(tenant="t-2", reason="unwanted")
    response = exporter.get(f"{LIST}export/", {"tenant": "t-1", "format": kind, "period": "all"})
    text = text_of(response)

    told = Event.objects.get(type="auditlog.events_exported")
    assert (told.actor_id, told.data) == (
        str(erin.pk),
        {"format": kind, "filters": {"tenant": "t-1", "period": "all"}},
    )
    assert [text.count(event.reason) for event in wanted] == [1] * 5
    assert "unwanted" not in text
    assert "attachment" in response["Content-Disposition"]
    lines = list(csv.reader(io.StringIO(text)))[1:] if kind == "csv" else [*map(json.loads, text.splitlines())]
    assert len(lines) == 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_an_export_leaves_piece_by_piece_under_asgi(
    kind: str, erin: User, events: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django would take all of it into memory first."""
    allow(erin, "export_event")
    for number in range(5):
        events(reason=f"no {number}")
    monkeypatch.setattr(scanning.every, "__defaults__", (2,))
    client = AsyncClient()

    async def read() -> list[bytes]:
        await client.aforce_login(erin)
        response: Any = await client.get(f"{LIST}export/", {"format": kind, "type": "accounts.login_failed"})
        return [part async for part in response.streaming_content]

    parts = async_to_sync(read)()

    assert len(parts) == 3 + (kind == "csv")
    assert [number for number in range(5) if f"no {number}".encode() in b"".join(parts)] == list(range(5))


def test_what_cannot_be_told_is_not_exported(exporter: Client, events: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("auditlog.admin.exports.record", broken)
    with pytest.raises(ZeroDivisionError):
        exporter.get(f"{LIST}export/")


@pytest.mark.parametrize("query", ["format=xml", "format=", "ip=nonsense", "q=%00", "since=yesterday"])
def test_a_wrong_export_is_refused(query: str, exporter: Client) -> None:
    assert exporter.get(f"{LIST}export/?{query}").status_code == 400
    assert not Event.objects.filter(type="auditlog.events_exported").exists()


def test_the_memory_of_an_export_does_not_grow(
    exporter: Client, events: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times the events take no more memory: they are read and written a batch at a time."""
    monkeypatch.setattr(scanning.every, "__defaults__", (50,))

    def peak(period: str) -> tuple[int, int]:
        tracemalloc.start()
        response: Any = exporter.get(f"{LIST}export/", {"format": "ndjson", "period": period})
        length = sum(len(piece) for piece in response.streaming_content)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return length, highest

    now = timezone.now()
    for number in range(1100):
        ts = now - (timedelta(minutes=number / 10) if number < 100 else timedelta(days=2))
        events(ts=ts, user_agent="x" * 400)
    peak("1h")  # what is imported and compiled once
    few, many = peak("1h"), peak("7d")
    assert many[0] > few[0] * 8
    assert many[1] < few[1] * 1.5


# Saved searches


def test_a_saved_search_comes_back_and_goes(auditor: Client, erin: User) -> None:
    saved = auditor.post(
        f"{LIST}searches/", {"name": "My <tenant>", "query": "tenant=t-1&severity=4&invented=1&older_than=x"}
    )

    search = SavedSearch.objects.get()
    assert (search.owner, search.query) == (str(erin.pk), "severity=4&tenant=t-1")
    assert saved["Location"].endswith("?severity=4&tenant=t-1")
    assertContains(auditor.get(LIST), '<a href="?severity=4&amp;tenant=t-1">My &lt;tenant&gt;</a>')
    auditor.post(f"{LIST}searches/{search.pk}/delete/")
    assert not SavedSearch.objects.exists()


def test_searches_are_their_owners(auditor: Client, alice: User) -> None:
    hers = SavedSearch.objects.create(owner=str(alice.pk), name="hers", query="")

    assertNotContains(auditor.get(LIST), "hers")
    assert auditor.post(f"{LIST}searches/{hers.pk}/delete/").status_code == 404
    assert SavedSearch.objects.get() == hers


def test_a_search_is_not_saved_twice_nor_without_end(auditor: Client, erin: User) -> None:
    for _ in range(2):
        auditor.post(f"{LIST}searches/", {"name": "same", "query": ""})
    assert SavedSearch.objects.count() == 1
    for number in range(60):
        auditor.post(f"{LIST}searches/", {"name": str(number), "query": ""})
    assert SavedSearch.objects.count() == 50


@pytest.mark.parametrize(
    "form",
    [
        {"name": "", "query": ""},
        {"name": "x" * 61},
        {"name": "x", "query": "ip=nonsense"},
        {"name": "x", "query": "q=%00"},
        {"name": "a\0b"},
        {"name": "x", "query": "a" * 3000},
        {},
    ],
)
def test_a_wrong_search_is_not_saved(form: dict[str, str], auditor: Client) -> None:
    assert auditor.post(f"{LIST}searches/", form).status_code == 302
    assert not SavedSearch.objects.exists()


def test_searches_are_changed_by_posts_with_a_token_only(erin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(erin)
    search = SavedSearch.objects.create(owner=str(erin.pk), name="mine", query="")

    assert client.get(f"{LIST}searches/{search.pk}/delete/").status_code == 405
    assert client.post(f"{LIST}searches/{search.pk}/delete/").status_code == 403
    assert client.post(f"{LIST}searches/", {"name": "x"}).status_code == 403
    assert SavedSearch.objects.get() == search


# Timelines


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ({"request": "17"}, "request_id"),
        ({"session": "17"}, "session"),
        ({"actor": "17"}, "actor_id"),
        ({"actor": "17"}, "actor_label"),
        ({"target": "17"}, "target_id"),
    ],
)
def test_a_timeline_has_what_belongs_to_it_in_order(
    query: dict[str, str], column: str, auditor: Client, events: Store
) -> None:
    now = timezone.now()
    made = [events(ts=now - timedelta(days=400 - number), **{column: "17"}) for number in range(3)]
    events(**{column: "18"})
    page = auditor.get(f"{LIST}timeline/", query)

    assert [entry.event.seq for entry in page.context["entries"]] == [event.seq for event in made]
    assertContains(page, "+1.0 d", count=2)


def test_a_target_is_told_from_another_of_the_same_id(auditor: Client, events: Store) -> None:
    events(target_type="shop.order", target_id="1")
    events(target_type="shop.item", target_id="1")
    page = auditor.get(f"{LIST}timeline/", {"target": "1", "target_type": "shop.item"})

    assert [entry.event.target_type for entry in page.context["entries"]] == ["shop.item"]


def test_a_long_timeline_begins_at_its_end_and_has_pages(
    auditor: Client, events: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "SIZE", 2)
    for number in range(5):
        events(session="s", reason=str(number))

    def reasons(page: Any) -> list[str]:
        return [entry.event.reason for entry in page.context["entries"]]

    last = auditor.get(f"{LIST}timeline/?session=s")
    middle = auditor.get(f"{LIST}timeline/{last.context['earlier_url']}")
    again = auditor.get(f"{LIST}timeline/{middle.context['later_url']}")
    assert (reasons(last), reasons(middle), reasons(again)) == (["3", "4"], ["1", "2"], ["3", "4"])
    assert (last.context["later_url"], again.context["later_url"]) == ("", "")


@pytest.mark.parametrize("query", ["", "actor=1&session=2", "request=" + "x" * 300, "older_than=x"])
def test_a_wrong_timeline_is_empty_and_says_how(query: str, auditor: Client, events: Store) -> None:
    events()

    assertContains(auditor.get(f"{LIST}timeline/?{query}"), "open an event and follow its links")


def test_an_event_links_to_its_timelines(auditor: Client, events: Store) -> None:
    event = events(
        actor_id="17", session="s&1", request_id="r-1", target_type="shop.item", target_id="9", target_label="Nine"
    )
    page = auditor.get(reverse("admin:bulwark_auditlog_event_change", args=[event.uuid]))

    for query in ("actor=17", "session=s%261", "request=r-1", "target=9&amp;target_type=shop.item"):
        assertContains(page, f'href="{LIST}timeline/?{query}"')


# The dashboard


def test_a_log_that_nobody_counts_says_so(auditor: Client, events: Store) -> None:
    events()

    assertContains(auditor.get(f"{LIST}dashboard/"), "No events are counted yet")


@pytest.mark.django_db(transaction=True)
def test_the_dashboard_shows_what_was_counted(auditor: Client, events: Store, settled: Callable[[], None]) -> None:
    for _ in range(7):
        events(type="accounts.login_failed", outcome="failed", src_ip="192.0.2.7", route="login")
    events(type="authz.access_denied", outcome="refused", route="api/<uuid:pk>/", src_ip="192.0.2.8")
    events(type="edge.request_throttled", outcome="refused", route="api/", src_ip="192.0.2.8", count=40)
    settled()
    rollup.count_new("default")
    page = auditor.get(f"{LIST}dashboard/")

    found = {figure["name"]: figure["chart"].rows for figure in page.context["charts"]}
    assert [row[1:] for row in found["logins"]] == [["7"]]
    assert [row[1:] for row in found["limits"]] == [["40"]]
    assert found["sources"] == [["192.0.2.8", "41"], ["192.0.2.7", "7"]]
    assert found["routes"] == [["api/<uuid:pk>/", "1"]]
    assertContains(page, 'class="audit-chart"', count=5)
    assertContains(page, "api/&lt;uuid:pk&gt;/")
    assertNotContains(page, "style=")


@pytest.mark.parametrize("period", ["24h", "7d", "30d", "nonsense"])
def test_every_period_has_a_page(period: str, auditor: Client) -> None:
    with CaptureQueriesContext(connection) as captured:
        assert auditor.get(f"{LIST}dashboard/?period={period}").status_code == 200
    assert len(captured) <= 14


# A database that is asked too much


@pytest.mark.parametrize("page", ["", "dashboard/", "timeline/?actor=17"])
def test_a_question_that_takes_too_long_is_told(
    page: str, auditor: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: Any, **__: Any) -> None:
        raise QuestionAborted(5.0)

    monkeypatch.setattr("auditlog.admin.changelist.look", slow)
    monkeypatch.setattr("auditlog.timeline.look", slow)
    monkeypatch.setattr("auditlog.admin.pages.figures", slow)
    assertContains(auditor.get(LIST + page), "This took longer than 5 s")


def test_a_search_that_went_only_so_far_says_so(
    auditor: Client, events: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "BOUND", 3)
    events(reason="wanted", outcome="refused", ts=timezone.now() - timedelta(hours=1))
    for _ in range(4):
        events()
    page = auditor.get(LIST, {"outcome": "refused"})

    assertContains(page, "Searched back to")
    further = auditor.get(LIST + page.context["cl"].older_url)
    assertContains(further, "wanted")


def test_a_search_that_finds_nothing_says_how_to_ask(auditor: Client, events: Store) -> None:
    events(actor_label="alice@example.com")
    assertContains(auditor.get(f"{LIST}?q=alice"), "Names and ids are compared as a whole")
    assertNotContains(auditor.get(f"{LIST}?q=alice@example.com"), "compared as a whole")
    assertNotContains(auditor.get(f"{LIST}?ip=10.0.0.300"), "compared as a whole")
