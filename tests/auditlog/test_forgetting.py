"""Whoever is erased from the log is erased from what was written about it as well."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from auditlog.alerts.raising import add_note
from auditlog.forgetting import forget
from auditlog.incidents import running
from auditlog.models import (
    Alert,
    AlertState,
    Delivery,
    Event,
    Incident,
    IncidentEntry,
    IncidentNotice,
    Response,
    SavedSearch,
    Silence,
)

pytestmark = pytest.mark.django_db
ALICE, ALICIA = "alice@example.com", "xalice@example.com"


def alert(rule: str, key: str, state: str = AlertState.OPEN) -> Alert:
    now = timezone.now()
    return Alert.objects.create(
        rule=rule, key=key, severity=4, summary=f"Many failed logins: {key}", first_ts=now, last_ts=now, state=state
    )


def everything() -> str:
    models = (Alert, Delivery, Incident, IncidentEntry, IncidentNotice, Response, SavedSearch, Silence)
    return str([list(model._base_manager.values()) for model in models])


@pytest.fixture
def written() -> None:
    """What people and rules have written about alice, and about somebody whose name ends as hers does."""
    for key in (ALICE, ALICIA):
        made = alert("login_failures_by_account", key)
        add_note(made, by=None, note=f"asked {key}.")
        Delivery.objects.create(alert=made, channel="pager", error=f"550 {key}")
        Response.objects.create(action="lock_account", subject=key, reason=f"for {key}", by="erin")
        Silence.objects.create(key=key, reason="x", ends_at=timezone.now() + timedelta(hours=1))
        incident = running.open_incident(f"Stuffing of {key}", by="erin", affected=[ALICE, ALICIA])
        running.draft_notice(incident, by="erin")
    SavedSearch.objects.create(owner="7", name="hers", query="q=alice%40example.com&since=1")


@pytest.mark.usefixtures("written")
def test_the_name_goes_and_others_stay() -> None:
    assert forget({ALICE}, "default") > 0

    text = everything()
    assert text.count("alice") == text.count("xalice") > 0
    assert "%40" not in text
    assert Alert.objects.filter(key__startswith="[erased ").count() == 1
    assert {tuple(incident.affected) for incident in Incident.objects.all()} == {(ALICIA,)}
    assert forget({ALICE}, "default") == 0


def test_two_alerts_about_erased_people_stay_two() -> None:
    one, other = alert("probing", ALICE), alert("probing", "bob@example.com")

    assert forget({ALICE, "bob@example.com"}, "default") == 2
    assert {one.pk, other.pk} == set(Alert.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("name", ["", "5"])
def test_nobody_and_a_number_are_no_names(name: str) -> None:
    alert("probing", "5 failures")
    assert forget({name}, "default") == 0


@pytest.mark.usefixtures("written")
def test_the_command_finds_the_name_by_the_id(events: Callable[..., Event], capsys: pytest.CaptureFixture[str]) -> None:
    events(actor_id="7", actor_label=ALICE)

    call_command("auditlog_erase", "--subject", "7", "--no-input")

    assert "from 1 events and " in capsys.readouterr().out
    text = everything()
    assert text.count("alice") == text.count("xalice")
    with pytest.raises(CommandError, match="Nothing holds"):
        call_command("auditlog_erase", "--subject", ALICE, "--no-input")
