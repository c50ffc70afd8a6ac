"""Events in the words of the Elastic Common Schema."""

import pytest
from pytest_django import Settings

from auditlog.event_types import EventType
from auditlog.formats import as_ecs
from auditlog.meanings import Meaning
from tests.auditlog.formats.invented import bare, full

#: The categories used here, and the types that ECS 9.0 expects with each (its reference, "Categorization fields").
ALLOWED = {
    "api": {"access", "admin", "allowed", "change", "creation", "deletion", "denied", "end", "info", "start", "user"},
    "authentication": {"end", "info", "start"},
    "iam": {"admin", "change", "creation", "deletion", "group", "info", "user"},
    "intrusion_detection": {"allowed", "denied", "info"},
    "network": {"access", "allowed", "connection", "denied", "end", "info", "protocol", "start"},
    "session": {"end", "info", "start"},
}
TOP = {
    *("@timestamp", "bulwark", "ecs", "event", "http", "message", "organization", "related", "source", "user"),
    "user_agent",
}


@pytest.mark.parametrize("meaning", Meaning)
def test_every_meaning_is_categorised_as_ecs_expects(meaning: Meaning) -> None:
    assert meaning.ecs_categories
    for category in meaning.ecs_categories:
        assert set(meaning.ecs_types) <= ALLOWED[category]


@pytest.mark.parametrize("member", EventType)
def test_every_type_is_a_document(member: EventType) -> None:
    for event in (full(member), bare(member)):
        document = as_ecs(event)
        assert set(document) <= TOP
        assert document["event"]["action"] == member.label
        assert document["event"]["outcome"] in {"success", "failure"}


@pytest.mark.parametrize("model", ["accounts.User", "people.Person"])
def test_who_did_what_to_whom(model: str, settings: Settings) -> None:
    settings.AUTH_USER_MODEL = model
    event = full(EventType.AUTHZ_ROLE_GRANTED)
    event.target_type = model.lower()

    document = as_ecs(event)

    assert document["user"] == {
        "id": "17",
        "name": "alice@example.com",
        "target": {"id": "18", "name": "bob@example.com"},
    }
    assert document["related"] == {"ip": ["192.0.2.7"], "user": ["alice@example.com", "bob@example.com"]}
    assert document["http"]["response"] == {"status_code": 403}
    assert document["source"] == {"ip": "192.0.2.7", "geo": {"country_iso_code": "CH"}}
