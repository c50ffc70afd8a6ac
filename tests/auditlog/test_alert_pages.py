"""Alerts, silences, rules and responses in the admin."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import TokenFamily, User
from auditlog.models import Alert, AlertState, Event, Response, RuleSetting, Silence
from auditlog.response.actions import respond
from edge.blocks import blocklist
from tests.auditlog.detection.world import failure, found, series

pytestmark = pytest.mark.django_db
ADMIN = "/admin/bulwark_auditlog/"


@pytest.fixture
def alert(erin: User) -> Alert:
    found(series(lambda ts, n: failure(ts, f"u{n % 3}", src_ip="192.0.2.66"), 15))
    return Alert.objects.get(rule="login_failures_by_ip")


def allow(user: User, *codenames: str) -> None:
    chosen = Permission.objects.filter(content_type__app_label="bulwark_auditlog", codename__in=codenames)
    assert len(chosen) == len(codenames)
    user.user_permissions.add(*chosen)


@pytest.fixture
def responder(auditor: Client, erin: User, settings: Settings) -> Client:
    allow(erin, "respond_event", "view_response", "view_alert", "change_alert")
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "RECENT_LOGIN": "tests.auditlog.test_responses.recently"}
    return auditor


def page(alert: Alert) -> str:
    return f"{ADMIN}alert/{alert.pk}/change/"


def test_the_page_says_what_to_check_and_names_the_evidence(responder: Client, alert: Alert) -> None:
    answer = responder.get(page(alert))
    assertContains(answer, "A company&#x27;s gateway, or one host?")
    for uuid in alert.evidence:
        assertContains(answer, f"/event/{uuid}/change/")
    assertContains(answer, "raised by login_failures_by_ip")
    assertContains(answer, "?q=192.0.2.66&amp;period=all")


def test_an_alert_about_everybody_leads_to_no_search(responder: Client, alert: Alert) -> None:
    Alert.objects.filter(pk=alert.pk).update(key="overall")
    assertNotContains(responder.get(page(alert)), "All events about")


def test_somebody_takes_it_on_notes_and_closes(responder: Client, alert: Alert, erin: User) -> None:
    responder.post(f"{ADMIN}alert/{alert.pk}/step/acknowledge/")
    responder.post(f"{ADMIN}alert/{alert.pk}/step/note/", {"note": "a load test"})
    responder.post(f"{ADMIN}alert/{alert.pk}/step/close/", {"note": "over"})
    alert.refresh_from_db()
    assert (alert.state, alert.owner) == (AlertState.CLOSED, erin)
    assertContains(responder.get(page(alert)), "a load test")


def test_closing_needs_a_word(responder: Client, alert: Alert) -> None:
    responder.post(f"{ADMIN}alert/{alert.pk}/step/close/", {"note": " "})
    assert Alert.objects.get(pk=alert.pk).state == AlertState.OPEN
    assert responder.post(f"{ADMIN}alert/{alert.pk}/step/dance/", {"note": "x"}).status_code == 302


@pytest.mark.parametrize("step", ["acknowledge", "note", "close"])
def test_a_nul_in_a_note_is_no_error(step: str, responder: Client, alert: Alert) -> None:
    assert responder.post(f"{ADMIN}alert/{alert.pk}/step/{step}/", {"note": "a\0b"}).status_code == 302
    assertContains(responder.get(page(alert)), "a\ufffdb")


def test_a_nul_in_the_reason_for_undoing_is_no_error(responder: Client, alert: Alert) -> None:
    made = respond("block_network", "192.0.2.66", reason="guessing", by="command", alert=alert)
    assert responder.post(f"{ADMIN}response/{made.pk}/undo/", {"reason": "a\0b"}).status_code == 302
    assertContains(responder.get(page(alert)), "a\ufffdb")


def test_reading_is_not_changing(auditor: Client, erin: User, alert: Alert) -> None:
    allow(erin, "view_alert")
    answer = auditor.get(page(alert))
    assertNotContains(answer, "Take it on")
    assertNotContains(answer, "respond/?alert")
    assert auditor.post(f"{ADMIN}alert/{alert.pk}/step/close/", {"note": "x"}).status_code == 403
    assert auditor.get(f"{ADMIN}response/respond/").status_code == 403
    assert auditor.get(f"{ADMIN}alert/{alert.pk}/step/close/").status_code == 405


def test_events_are_shown_to_who_may_view_events(responder: Client, erin: User, alert: Alert) -> None:
    """Not beside an alert, and not to who types an id into the address."""
    pages = [page(alert), f"{ADMIN}response/respond/?alert={alert.pk}", f"{ADMIN}response/respond/?event="]
    pages[2] += str(alert.evidence[0])
    account = "u0</"  # as text: a token in an attribute may have any two letters
    for url in pages:
        assertContains(responder.get(url), account)
    erin.user_permissions.remove(Permission.objects.get(codename="view_event"))
    for url in pages:
        assertNotContains(responder.get(url), account)
    assertContains(responder.get(pages[0]), "needs the permission to view them")


def test_the_response_is_filled_in_from_the_alert_and_taken(responder: Client, alert: Alert) -> None:
    url = f"{ADMIN}response/respond/?alert={alert.pk}"
    assertContains(responder.get(url), 'value="192.0.2.66"')
    given = {"action": "block_network", "subject": "192.0.2.66", "seconds": "3600", "reason": "guessing"}
    assert responder.post(url, given).status_code == 302
    made = Response.objects.get()
    assert (made.alert, made.by, made.subject) == (alert, "erin@example.com", "192.0.2.66")
    assert [each.network for each in blocklist().current()] == ["192.0.2.66/32"]
    responder.post(f"{ADMIN}response/{made.pk}/undo/", {"reason": "ours"})
    assert not blocklist().current()
    assertContains(responder.get(page(alert)), "undone")


@pytest.mark.parametrize(
    "given",
    [
        {"action": "block_network", "subject": "nonsense", "seconds": "3600", "reason": "x"},
        {"action": "no_such", "subject": "x", "seconds": "3600", "reason": "x"},
        {"action": "block_network", "subject": "192.0.2.1", "seconds": "-5", "reason": "x"},
        {"action": "block_network", "subject": "192.0.2.1", "seconds": "3600", "reason": ""},
        {"action": "lock_account", "subject": "nobody@example.com", "seconds": "3600", "reason": "x"},
        {},
    ],
)
def test_what_cannot_be_done_is_said_on_the_page(given: dict[str, str], responder: Client) -> None:
    answer = responder.post(f"{ADMIN}response/respond/", given)
    assert answer.status_code == 200
    assertContains(answer, "errorlist")
    assert not Response.objects.exists()


@pytest.mark.parametrize("query", ["alert=99999999999999999999", "alert=x", "event=nonsense"])
def test_an_absurd_address_is_an_empty_form(query: str, responder: Client) -> None:
    assert responder.get(f"{ADMIN}response/respond/?{query}").status_code == 200


def test_an_old_login_must_be_renewed(responder: Client, settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "RECENT_LOGIN": "tests.auditlog.test_responses.long_ago"}
    given = {"action": "block_network", "subject": "192.0.2.1", "seconds": "3600", "reason": "x"}
    assertContains(responder.post(f"{ADMIN}response/respond/", given), "log in again")
    assert not blocklist().current()


def test_in_this_project_a_login_is_as_recent_as_for_what_accounts_asks_for(auditor: Client, erin: User) -> None:
    allow(erin, "respond_event")
    given = {"action": "block_network", "subject": "192.0.2.1", "seconds": "3600", "reason": "x"}
    began = timezone.now()
    TokenFamily.objects.of(erin).update(auth_time=began - timedelta(minutes=11))
    assertContains(auditor.post(f"{ADMIN}response/respond/", given), "log in again")
    TokenFamily.objects.of(erin).update(auth_time=began - timedelta(minutes=9))
    assert auditor.post(f"{ADMIN}response/respond/", given).status_code == 302
    assert Response.objects.get().by == erin.email


def test_from_an_event_the_subjects_are_offered(responder: Client, events: Callable[..., Event]) -> None:
    session = "5f1c6a52-6c2f-4a57-9d1b-2f5f4d0f6e0a"
    event = events(src_ip="198.51.100.9", session=session, actor_id="17", actor_label="mallory@example.com")
    answer = responder.get(f"{ADMIN}response/respond/?event={event.uuid}")
    assertContains(answer, "198.51.100.9")
    assertContains(answer, session)
    assertContains(answer, "<code>17</code> mallory@example.com")
    assertContains(responder.get(f"{ADMIN}event/{event.uuid}/change/"), f"respond/?event={event.uuid}")


def test_tuning_a_rule_is_an_event_with_before_and_after(auditor: Client, erin: User) -> None:
    allow(erin, "add_rulesetting", "change_rulesetting", "delete_rulesetting", "view_rulesetting")
    assertContains(auditor.get(f"{ADMIN}rulesetting/add/"), "Empty: as the rule", count=3)
    given = {"rule": "probing", "is_enabled": "on", "severity": "5", "limit": "9", "window": ""}
    assert auditor.post(f"{ADMIN}rulesetting/add/", given).status_code == 302
    given = {"severity": "5", "limit": "9", "window": ""}
    assert auditor.post(f"{ADMIN}rulesetting/probing/change/", given).status_code == 302
    assert auditor.post(f"{ADMIN}rulesetting/probing/delete/", {"post": "yes"}).status_code == 302
    told = [event.changes for event in Event.objects.filter(type="auditlog.rule_tuned").order_by("seq")]
    assert told[0]["limit"] == {"before": None, "after": 9}
    assert told[1] == {"is_enabled": {"before": True, "after": False}}
    assert told[2]["is_enabled"] == {"before": False, "after": None}
    assert auditor.post(f"{ADMIN}rulesetting/add/", {"rule": "no_such_rule"}).status_code == 200
    assert not RuleSetting.objects.exists()


@pytest.mark.parametrize(
    ("rule", "given", "said"),
    [
        ("token_reuse", {"limit": "9"}, "This rule has no limit"),
        ("token_reuse", {"window": "60"}, "This rule has no window"),
        ("new_country", {"limit": "9"}, "This rule has no limit"),
        ("sealing_stalled", {"limit": "9"}, "This rule has no limit"),
        ("probing", {"limit": "0"}, "This is 1 at least"),
        ("probing", {"window": "0"}, "This is 1 at least"),
    ],
)
def test_what_a_rule_does_not_ask_for_cannot_be_set(
    rule: str, given: dict[str, str], said: str, auditor: Client, erin: User
) -> None:
    allow(erin, "add_rulesetting", "change_rulesetting", "view_rulesetting")
    assertContains(auditor.post(f"{ADMIN}rulesetting/add/", {"rule": rule, **given}), said)
    assert not RuleSetting.objects.exists()
    RuleSetting.objects.create(rule=rule)
    assertContains(auditor.post(f"{ADMIN}rulesetting/{rule}/change/", given), said)
    assert RuleSetting.objects.filter(rule=rule, limit=None, window=None).exists()


def test_what_a_rule_asks_for_can_be_set(auditor: Client, erin: User) -> None:
    allow(erin, "add_rulesetting", "view_rulesetting")
    for rule, given in (("new_country", {"window": "60"}), ("events_stopped", {"limit": "9"}), ("token_reuse", {})):
        assert auditor.post(f"{ADMIN}rulesetting/add/", {"rule": rule, **given}).status_code == 302
    assert RuleSetting.objects.count() == 3


def test_a_silence_names_who_set_it(auditor: Client, erin: User) -> None:
    allow(erin, "add_silence", "delete_silence", "view_silence")
    ends = timezone.now() + timedelta(hours=2)
    given = {"rule": "", "key": "", "reason": "release", "starts_at_0": "2020-01-01", "starts_at_1": "00:00:00"}
    given |= {"ends_at_0": f"{ends:%Y-%m-%d}", "ends_at_1": f"{ends:%H:%M:%S}"}
    assert auditor.post(f"{ADMIN}silence/add/", given).status_code == 302
    silence = Silence.objects.get()
    assert silence.by == "erin@example.com"
    assert auditor.post(f"{ADMIN}silence/{silence.pk}/delete/", {"post": "yes"}).status_code == 302
    kinds = Event.objects.filter(type__startswith="auditlog.silence").order_by("seq").values_list("type", flat=True)
    assert list(kinds) == ["auditlog.silence_set", "auditlog.silence_lifted"]
