"""The log over HTTP: for auditors alone, page after page, and nothing missed by who comes back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from auditlog import scanning
from auditlog.models import Event
from auditlog.timeouts import QuestionAborted

pytestmark = pytest.mark.django_db
URL = "/api/v1/audit/events/"
Store = Callable[..., Event]


def reader(*codenames: str) -> APIClient:
    user = User.objects.create_user(f"{'.'.join(codenames) or 'nobody'}@example.com", "correct horse battery staple")
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="bulwark_auditlog", codename__in=codenames)
    )
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def siem() -> APIClient:
    return reader("view_event", "export_event")


def ask(client: APIClient, url: str = URL, **parameters: Any) -> Any:
    return client.get(url, parameters, secure=True)


def walk(client: APIClient, **parameters: Any) -> list[str]:
    """Follow `next` to the end and return the reasons of the events."""
    found, answer = [], ask(client, **parameters).json()
    while answer["results"]:
        found += [event["reason"] for event in answer["results"]]
        if answer["next"] is None:
            break
        answer = ask(client, answer["next"]).json()
    return [reason for reason in found if reason]


def test_strangers_and_users_read_nothing(events: Store) -> None:
    event = events()
    assert ask(APIClient()).status_code == 401
    for client in (reader(), reader("export_event"), reader("verify_event", "respond_event")):
        assert ask(client).status_code == 403
        assert ask(client, f"{URL}{event.uuid}/").status_code == 403
    assert not Event.objects.filter(type__startswith="auditlog.").exists()


def test_to_view_is_not_to_take_away(events: Store) -> None:
    client, event = reader("view_event"), events()
    assert ask(client).status_code == 403
    assert ask(client, f"{URL}{event.uuid}/").json()["id"] == str(event.uuid)


def test_an_access_token_of_the_site_opens_it(events: Store) -> None:
    reader("view_event", "export_event")
    User.objects.update(email_verified_at=timezone.now())
    login = {"email": "view_event.export_event@example.com", "password": "correct horse battery staple"}
    tokens = Client().post(
        "/api/v1/auth/login", {**login, "transport": "body"}, content_type="application/json", secure=True
    )
    assert tokens.status_code == 200, tokens.content
    bearer = {"Authorization": f"Bearer {tokens.json()['access']}"}
    assert Client().get(URL, headers=bearer, secure=True).status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written(method: str, siem: APIClient, events: Store) -> None:
    event = events()
    for url in (URL, f"{URL}{event.uuid}/"):
        assert getattr(siem, method)(url, {"type": "x"}, format="json", secure=True).status_code == 405


def test_the_filters_are_those_of_the_admin(siem: APIClient, events: Store) -> None:
    events(reason="wanted", tenant="t-1", severity=5, src_ip="192.0.2.7", ts=timezone.now() - timedelta(days=3))
    events(reason="unwanted", tenant="t-2")

    for query in ({"tenant": "t-1"}, {"ip": "192.0.2.0/24"}, {"severity": 4}, {"q": "192.0.2.7"}):
        assert walk(siem, **query) == ["wanted"]
    since = (timezone.now() - timedelta(days=4)).isoformat()
    until = (timezone.now() - timedelta(days=2)).isoformat()
    assert walk(siem, since=since, until=until) == ["wanted"]


@pytest.mark.parametrize(
    "asked",
    [
        {"order": order, "limit": limit, **query}
        for order in ("newest", "log")
        for limit in ("1", "7", "100")
        for query in ({}, {"tenant": "t-1"}, {"tenant": "t-1", "outcome": "failed"})
    ],
)
@pytest.mark.django_db(transaction=True)
def test_a_walk_meets_each_event_once(
    asked: dict[str, str],
    siem: APIClient,
    events: Store,
    settled: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scanning, "BOUND", 3)
    for number in range(12):
        events(reason=str(number), tenant=f"t-{number % 3 % 2}", outcome=("failed", "refused")[number % 4 // 2])
    settled()
    query = {name: value for name, value in asked.items() if name not in {"order", "limit"}}
    expected = [event.reason for event in Event.objects.filter(**query).order_by("seq") if event.reason]

    assert walk(siem, **asked) == (expected if asked["order"] == "log" else expected[::-1])


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_who_comes_back_misses_no_slow_transaction(siem: APIClient, events: Store, settled: Callable[[], None]) -> None:
    """An event that was numbered first and committed last is behind every number that was seen."""
    settled()
    slow = connections.create_connection("default")  # a second connection, with a transaction of its own
    try:
        slow.set_autocommit(False)
        with slow.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {Event._meta.db_table} ({', '.join(columns())}) SELECT {', '.join(columns())} "
                f"FROM (SELECT (jsonb_populate_record(NULL::{Event._meta.db_table}, %s::jsonb)).*) AS made",
                [as_json(Event(type="a.slow", reason="slow", outcome="success", severity=1, actor_type="system"))],
            )
        events(reason="quick")
        seen = ask(siem, order="log", type="").status_code
        first = ask(siem, order="log").json()
        assert seen == 422
        slow.commit()
    finally:
        slow.close()
    settled()
    second = ask(siem, first["next"]).json()
    assert {event["reason"] for event in first["results"] + second["results"]} >= {"slow", "quick"}


def columns() -> list[str]:
    return [str(field.column) for field in Event._meta.concrete_fields if field.name != "seq"]


def as_json(event: Event) -> str:
    import json

    values = {
        field.column: field.get_prep_value(getattr(event, field.attname))
        for field in Event._meta.concrete_fields
        if field.name not in {"seq", "salt"}
    }
    return json.dumps({**values, "salt": "\\x00"}, default=str)


@pytest.mark.django_db(transaction=True)
def test_the_end_of_the_log_is_where_to_come_back_to(
    siem: APIClient, events: Store, settled: Callable[[], None]
) -> None:
    events(reason="before")
    settled()
    end = ask(siem, order="log", limit=1000).json()["next"]
    settled()
    end = ask(siem, end).json()["next"]
    assert ask(siem, end).json()["results"] == []
    events(reason="after")
    settled()
    assert [event["reason"] for event in ask(siem, end).json()["results"]] == ["after"]


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ({"tennant": "t-1"}, "/tennant", "unknown_parameter"),
        ({"tenant": ["a", "b"]}, "/tenant", "repeated_parameter"),
        ({"tenant": ""}, "/tenant", "blank"),
        ({"ip": "nonsense"}, "/ip", "invalid"),
        ({"severity": "9"}, "/severity", "invalid_choice"),
        ({"order": "random"}, "/order", "invalid_choice"),
        ({"schema": "xml"}, "/schema", "invalid_choice"),
        ({"limit": "0"}, "/limit", "invalid"),
        ({"limit": "1001"}, "/limit", "invalid"),
        ({"limit": "9" * 50}, "/limit", "invalid"),
        ({"limit": "\u0663"}, "/limit", "invalid"),
        ({"cursor": "forged"}, "/cursor", "invalid_cursor"),
        ({"cursor": "[1]:x"}, "/cursor", "invalid_cursor"),
        ({"cursor": "x" * 900}, "/cursor", "invalid_cursor"),
        ({"since": "yesterday"}, "/since", "invalid"),
        ({"since": "9999-12-31T23:59:59-23:59"}, "/since", "max_value"),
    ],
)
def test_a_wrong_question_is_told(query: dict[str, Any], pointer: str, code: str, siem: APIClient) -> None:
    for order in ({}, {"order": "log"}) if "order" not in query else ({},):
        answer = ask(siem, **query, **order)
        assert answer.status_code == 422
        assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
        assert answer["Content-Type"] == "application/problem+json"


def test_a_cursor_is_its_callers_and_its_questions(siem: APIClient, events: Store) -> None:
    """Else a walk of which the log knows could go on as one of which it does not."""
    for _ in range(3):
        events(tenant="t-1")
    url = ask(siem, tenant="t-1", limit=1).json()["next"]

    assert ask(siem, url).status_code == 200
    assert ask(siem, url.replace("tenant=t-1", "tenant=t-2")).status_code == 422
    assert ask(siem, url.replace("&tenant=t-1", "").replace("tenant=t-1&", "")).status_code == 422
    assert ask(siem, f"{url}&order=log").status_code == 422
    other = reader("view_event", "export_event", "verify_event")
    assert ask(other, url).status_code == 422


def test_a_walk_is_told_once_and_a_look_each_time(siem: APIClient, events: Store) -> None:
    event = events(tenant="t-1")
    events(tenant="t-1")
    ask(siem, ask(siem, tenant="t-1", limit=1).json()["next"])
    told = Event.objects.get(type="auditlog.events_exported")
    assert told.data == {"format": "api.ndjson", "filters": {"tenant": "t-1", "order": "newest"}}
    assert told.actor_label == "view_event.export_event@example.com"
    for _ in range(2):
        ask(siem, f"{URL}{event.uuid}/")
    assert Event.objects.filter(type="auditlog.event_viewed").count() == 2


@pytest.mark.parametrize(("schema", "member"), [("record", "type"), ("ocsf", "class_uid"), ("ecs", "ecs")])
def test_events_are_written_as_asked(schema: str, member: str, siem: APIClient, events: Store) -> None:
    events(tenant="t-1")
    (found,) = ask(siem, tenant="t-1", schema=schema).json()["results"]
    assert member in found
    assert "salt" not in found


def test_an_event_that_is_not_there_is_not_found(siem: APIClient) -> None:
    assert ask(siem, f"{URL}00000000-0000-0000-0000-000000000000/").status_code == 404
    assert ask(siem, f"{URL}nonsense/").status_code == 404


def test_a_question_that_takes_too_long_is_a_problem(
    siem: APIClient, events: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: Any, **__: Any) -> None:
        raise QuestionAborted(5.0)

    monkeypatch.setattr("auditlog.api.views.look", slow)
    answer = ask(siem)
    assert (answer.status_code, answer.json()["code"]) == (503, "query_timeout")


def test_it_is_in_the_document(tmp_path: Any) -> None:
    target = tmp_path / "schema.yml"
    call_command("spectacular", "--file", str(target), "--fail-on-warn")
    text = target.read_text()
    assert "/api/v1/audit/events/:" in text
    assert "audit_events_read" in text


def test_the_general_limit_counts_its_calls(siem: APIClient) -> None:
    assert "RateLimit" in ask(siem).headers
    assert connection.vendor
