"""An example of every type is valid under the schema that OCSF publishes."""

from functools import cache
from typing import Any

import jsonschema
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from auditlog.event_types import EventType
from auditlog.formats import as_ocsf
from auditlog.formats.ocsf import VERSION
from auditlog.meanings import MEANINGS, Meaning
from auditlog.models import Event
from tests.auditlog.formats.invented import TS, bare, full

#: What the events of this log have to be found under.
EXPECTED = {
    "accounts.login_failed": (3002, 1),
    "accounts.logged_out": (3002, 2),
    "accounts.user_registered": (3001, 1),
    "accounts.password_changed": (3001, 3),
    "authz.role_granted": (3005, 1),
    "authz.role_revoked": (3005, 2),
    "articles.article_deleted": (6003, 4),
    "authz.access_denied": (6003, 99),
    "edge.request_throttled": (4002, 9),
    "accounts.token_reuse_detected": (2004, 1),
}


@cache
def schemas() -> OcsfJsonSchemaEmbedded:
    return OcsfJsonSchemaEmbedded(get_ocsf_schema(VERSION))


@cache
def validator(class_uid: int) -> Any:
    name = schemas().lookup_class_name_from_uid(class_uid)
    return jsonschema.Draft202012Validator(schemas().get_class_schema(name))


def faults(document: dict[str, Any]) -> list[str]:
    found = validator(document["class_uid"]).iter_errors(document)
    return [f"{fault.json_path}: {fault.message[:200]}" for fault in found]


@pytest.mark.parametrize("member", EventType)
def test_every_type_is_mapped_and_valid(member: EventType) -> None:
    assert member.label in MEANINGS, f"{member.label} has no row in auditlog/meanings.py"
    for event in (full(member), full(member, "refused"), bare(member)):
        assert faults(as_ocsf(event)) == []


@pytest.mark.parametrize("meaning", Meaning)
def test_every_meaning_is_a_class_and_an_activity(meaning: Meaning) -> None:
    name = schemas().lookup_class_name_from_uid(meaning.class_uid)
    assert str(meaning.activity_id) in get_ocsf_schema(VERSION)["classes"][name]["attributes"]["activity_id"]["enum"]


def test_the_validator_finds_faults() -> None:
    document = as_ocsf(full(EventType.ACCOUNTS_LOGIN_FAILED))
    wrong: list[dict[str, Any]] = [
        {"severity_id": 12},
        {"user": None},
        {"time": "noon"},
        {"invented": 1},
        {"metadata": {}},
    ]
    for fault in wrong:
        assert faults({**document, **fault}) != []


@pytest.mark.parametrize(("name", "place"), EXPECTED.items())
def test_where_events_are_found(name: str, place: tuple[int, int]) -> None:
    document = as_ocsf(full(next(member for member in EventType if member.label == name)))

    assert (document["class_uid"], document["activity_id"]) == place
    assert document["type_uid"] == place[0] * 100 + place[1]
    assert document["category_uid"] == place[0] // 1000


def test_nothing_is_lost() -> None:
    event = full(EventType.AUTHZ_ACCESS_DENIED, "refused")
    document = as_ocsf(event)

    assert document["time"] == int(TS.timestamp() * 1000)
    assert document["metadata"]["uid"] == str(event.uuid)
    assert (document["status_id"], document["status"], document["status_detail"]) == (2, "refused", "stated")
    text = repr(document)
    for value in ("alice@example.com", "bob@example.com", "192.0.2.7", "curl/8", "r-1", "s-1", "t-1", "PATCH", "CH"):
        assert value in text
    assert document["unmapped"]["changes"] == event.changes
    assert document["unmapped"]["data"] == event.data


def test_whom_a_failed_login_names() -> None:
    event = bare(EventType.ACCOUNTS_LOGIN_FAILED)
    assert as_ocsf(event)["user"] == {"name": "unknown"}
    event.data = {"identifier": "ab12"}
    assert as_ocsf(event)["user"] == {"name": "ab12"}


def test_whom_a_change_of_an_account_names(settings: Any) -> None:
    """Not who made it; an account is what the project says it is."""
    event = full(EventType.ACCOUNTS_PASSWORD_CHANGED)
    event.target_type, event.target_label = "people.person", "bob@example.com"
    assert as_ocsf(event)["user"]["name"] == "alice@example.com"
    settings.AUTH_USER_MODEL = "people.Person"
    assert as_ocsf(event)["user"]["name"] == "bob@example.com"


def test_a_host_names_the_meaning_of_its_types(settings: Any) -> None:
    settings.BULWARK_AUDITLOG = {"TYPES": {"shop.opened": {"meaning": "logged_on"}}}
    for name, class_uid in (("shop.opened", 3002), ("shop.order_created", 6003), ("shop.odd", 6003)):
        document = as_ocsf(Event(ts=TS, type=name, outcome="success", severity=1, actor_type="system"))
        assert document["class_uid"] == class_uid
        assert faults(document) == []
