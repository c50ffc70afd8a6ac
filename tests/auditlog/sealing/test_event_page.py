"""The seal on an event's page, and the button that compares the two."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from auditlog import maintenance
from auditlog.models import Event
from auditlog.sealing import sealer

pytestmark = pytest.mark.django_db(transaction=True)
Store = Callable[..., Event]


@pytest.fixture
def verifier(auditor: Client, erin: User) -> Client:
    erin.user_permissions.add(Permission.objects.get(codename="verify_event"))
    return auditor


@pytest.fixture
def sealed(events: Store, seal: Callable[[], sealer.Sealed]) -> Event:
    made = [events(reason=str(number)) for number in range(5)]
    seal()
    return made[2]


def page_of(event: Event) -> str:
    return f"/admin/bulwark_auditlog/event/{event.uuid}/"


def ask(client: Client, event: Event) -> Any:
    return client.post(f"{page_of(event)}verify/", follow=True)


def test_a_sealed_event_says_where(verifier: Client, sealed: Event) -> None:
    page = verifier.get(f"{page_of(sealed)}change/")
    assertContains(page, "of tree 1, whose last checkpoint is of")
    assertContains(page, "Verify this event")


def test_a_sound_event_is_told_sound(verifier: Client, erin: User, sealed: Event) -> None:
    assertContains(ask(verifier, sealed), "This event is what was sealed and signed.")
    told = Event.objects.get(type="auditlog.log_verified")
    assert (told.outcome, told.actor_id, told.target_id) == ("success", str(erin.pk), str(sealed.seq))


def test_a_changed_event_is_found(verifier: Client, sealed: Event) -> None:
    with maintenance.allowed(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {Event._meta.db_table} SET reason = 'forged' WHERE seq = %s", [sealed.seq])
    assertContains(ask(verifier, sealed), "THIS EVENT IS NOT WHAT WAS SIGNED")
    told = Event.objects.get(type="auditlog.log_verified")
    assert (told.outcome, told.severity) == ("failed", 5)


def test_a_young_event_has_no_seal_yet(verifier: Client, sealed: Event, events: Store) -> None:
    young = events()
    assertContains(verifier.get(f"{page_of(young)}change/"), "Not sealed yet.")
    assertContains(ask(verifier, young), "not sealed yet")
    assert verifier.get(f"{page_of(young)}proof/").status_code == 409


def test_without_a_key_nothing_is_claimed(verifier: Client, sealed: Event, settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SEAL_KEYS": ""}
    assertContains(ask(verifier, sealed), "has no key here")


def test_the_proof_is_that_of_the_command(verifier: Client, sealed: Event) -> None:
    found = json.loads(verifier.get(f"{page_of(sealed)}proof/").content)
    assert (found["event"], found["tree_size"] > found["leaf_index"]) == (str(sealed.uuid), True)
    # It holds the whole event: who takes it has looked at it.
    assert Event.objects.get(type="auditlog.event_viewed").data["id"] == str(sealed.uuid)


def test_to_view_is_not_to_verify(auditor: Client, sealed: Event) -> None:
    assert auditor.post(f"{page_of(sealed)}verify/").status_code == 403
    assert auditor.get(f"{page_of(sealed)}proof/").status_code == 403
    assertNotContains(auditor.get(f"{page_of(sealed)}change/"), "Verify this event")


def test_a_verdict_is_asked_for_by_post_only(verifier: Client, sealed: Event) -> None:
    assert verifier.get(f"{page_of(sealed)}verify/").status_code == 405
    assert (
        verifier.post("/admin/bulwark_auditlog/event/00000000-0000-0000-0000-000000000000/verify/").status_code == 404
    )
