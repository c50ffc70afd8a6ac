"""The log in the admin: whoever may view sees it, nobody writes it."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from auditlog.admin import EventAdmin
from auditlog.models import Event

pytestmark = pytest.mark.django_db
LIST = "/admin/bulwark_auditlog/event/"
Store = Callable[..., Event]


def page_of(event: Event) -> str:
    return reverse("admin:bulwark_auditlog_event_change", args=[event.uuid])


def test_an_auditor_sees_the_log_and_nothing_else(auditor: Client) -> None:
    index = auditor.get("/admin/")

    assertContains(index, LIST)
    models = [model["object_name"] for app in index.context["app_list"] for model in app["models"]]
    assert models == ["Event"]


def test_staff_without_the_permission_sees_nothing(client: Client, events: Store) -> None:
    client.force_login(User.objects.create_user("bob@example.com", is_staff=True))
    event = events()

    assert client.get(LIST).status_code == 403
    assert client.get(page_of(event)).status_code == 403


@pytest.mark.parametrize("who", ["erin", "admin"])
@pytest.mark.parametrize("what", ["add/", "{}/delete/"])
def test_nobody_writes(who: str, what: str, erin: User, client: Client, events: Store) -> None:
    event = events()
    client.force_login(erin if who == "erin" else User.objects.create_superuser("admin@example.com"))
    url = LIST + what.format(event.uuid)

    assert client.get(url).status_code == 403
    assert client.post(url, {"post": "yes", "type": "x"}).status_code == 403
    assert Event.objects.filter(type=event.type).count() == 1


@pytest.mark.parametrize("who", ["erin", "admin"])
def test_an_event_cannot_be_posted_to(who: str, erin: User, client: Client, events: Store) -> None:
    event = events(reason="true")
    client.force_login(erin if who == "erin" else User.objects.create_superuser("admin@example.com"))

    assert client.post(page_of(event), {"reason": "forged", "_save": "1"}).status_code == 403
    assert client.post(LIST, {"action": "delete_selected", "_selected_action": [event.seq]}).status_code in (200, 302)
    assert Event.objects.get(pk=event.pk).reason == "true"


def test_the_list_shows_what_happened(auditor: Client, events: Store) -> None:
    events(
        actor_label="alice@example.com",
        src_ip="192.0.2.7",
        reason="wrong_password",
        target_type="a.b",
        target_label="T",
    )

    page = auditor.get(LIST)

    for text in (
        "accounts.<wbr>login_<wbr>failed",
        "alice@example.com",
        "192.0.2.7",
        "wrong_password",
        "medium",
        "failed",
        "2 events",  # the other one is the login of the auditor
    ):
        assertContains(page, text)


@pytest.mark.parametrize(
    "query", ["q=alice@example.com", "actor=alice@example.com", "ip=192.0.2.0/24", "severity=5", "period=1h&q=r-1"]
)
def test_search_and_filters(query: str, auditor: Client, events: Store) -> None:
    events(actor_label="alice@example.com", src_ip="192.0.2.7", severity=5, request_id="r-1", reason="wanted")
    events(reason="unwanted")

    page = auditor.get(f"{LIST}?{query}")

    assertContains(page, "wanted", count=1)


def test_a_wrong_filter_is_told(auditor: Client, events: Store) -> None:
    events(reason="unwanted")

    page = auditor.get(LIST, {"ip": "nonsense"})

    assertContains(page, "Enter an IP address or a network")
    assertNotContains(page, "unwanted")


@pytest.mark.parametrize(
    "query",
    [
        *(
            "q=%00",
            "q=" + "x" * 5000,
            "type=nonsense",
            "older_than=nonsense",
            "newer_than=~",
            "severity=99999999999999999999",
        ),
        *(
            "p=99",
            "all=",
            "o=1",
            "actor__password=x",
            "_to_field=seq",
            "e=1",
            "since=0001-01-01T00:00",
            "until=9999-12-31T23:59",
        ),
    ],
)
def test_no_query_string_breaks_the_page(query: str, auditor: Client, events: Store) -> None:
    events()

    assert auditor.get(f"{LIST}?{query}").status_code in {200, 400, 414}  # the edge refuses NUL and long addresses


def test_pages(auditor: Client, events: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EventAdmin, "list_per_page", 2)
    for number in range(5):
        events(reason=f"event-{number}", tenant="t-1")

    first = auditor.get(LIST, {"tenant": "t-1"})
    second = auditor.get(LIST + first.context["cl"].older_url)
    back = auditor.get(LIST + second.context["cl"].newer_url)

    assert shown(first) == ["event-4", "event-3"]
    assert shown(second) == ["event-2", "event-1"]
    assert shown(back) == ["event-4", "event-3"]
    assert (first.context["cl"].newer_url, back.context["cl"].newer_url) == ("", "")
    assertContains(second, "tenant=t-1")


def shown(response: object) -> list[str]:
    return [event.reason for event in response.context["cl"].result_list]  # type: ignore[attr-defined]


def test_the_number_of_queries_does_not_grow(auditor: Client, events: Store) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            auditor.get(LIST)
        return len(captured)

    events()
    few = queries()
    for _ in range(60):
        events(actor_label="alice@example.com", target_type="a.b", target_id="1")

    assert queries() == few <= 12  # of them four say how long PostgreSQL may take


def test_the_page_of_an_event(auditor: Client, events: Store) -> None:
    event = events(
        actor_id="17",
        actor_label="alice@example.com",
        request_id="r-1",
        changes={"title": {"before": "old", "after": "new"}, "tags": {"before": ["a"], "after": None}, "odd": 7},
        data={"filters": {"status": "draft"}, "note": "<script>alert(1)</script>"},
        dropped=3,
    )

    page = auditor.get(page_of(event))

    for text in ("alice@example.com", "?q=r-1&amp;period=all", "?actor=17&amp;period=all", str(event.uuid)):
        assertContains(page, text)
    assertContains(
        page, '<tr><th scope="row">title</th><td class="audit-before">old</td><td class="audit-after">new</td></tr>'
    )
    assertContains(page, "&quot;status&quot;: &quot;draft&quot;")
    assertNotContains(page, "<script>alert(1)")
    assertNotContains(page, "_save")


def test_an_empty_event_has_a_page(auditor: Client, events: Store) -> None:
    assert auditor.get(page_of(events())).status_code == 200


@pytest.mark.parametrize("name", ["nonsense", "1", "00000000-0000-0000-0000-000000000000"])
def test_an_event_that_does_not_exist(name: str, auditor: Client) -> None:
    assert auditor.get(f"{LIST}{name}/change/").status_code == 302


@pytest.mark.parametrize("hostile", ['"><script>alert(1)</script>', "javascript:alert(1)", "' onmouseover='x"])
def test_hostile_values_are_only_text(hostile: str, auditor: Client, events: Store) -> None:
    event = events(
        **dict.fromkeys(("type", "reason", "actor_label", "tenant", "session", "request_id", "target_label"), hostile),
        target_type="a.b",
        data={hostile: hostile},
        changes={hostile: {"before": hostile, "after": hostile}},
    )

    for url in (LIST, page_of(event)):
        page = auditor.get(url)
        assertNotContains(page, "<script>alert")
        assertNotContains(page, "' onmouseover")
        assertNotContains(page, 'href="javascript')
