"""An incident from its first alert to its post-mortem, on the command line and in the admin."""

import json
import re
import smtplib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import Permission
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from auditlog.incidents import evidence, running
from auditlog.models import Alert, Event, Incident, IncidentNotice, IncidentState
from auditlog.sealing.notes import key_set, new_signer
from tests.alone.project import bare_project
from tests.auditlog.detection.world import failure, found, series

pytestmark = pytest.mark.django_db
POST_MORTEM = {"root_cause": "reused passwords", "impact": "none", "lessons": "ask for MFA", "follow_up": "by May"}
SIGNER = new_signer("bulwark-auditlog")


@pytest.fixture(autouse=True)
def _keys(settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SEAL_KEYS": SIGNER.secret_line}


@pytest.fixture
def alert() -> Alert:
    found(series(lambda ts, n: failure(ts, f"u{n}", src_ip="192.0.2.66", actor_label=f"u{n}@example.com"), 15))
    return Alert.objects.get(rule="login_failures_by_ip")


@pytest.fixture
def incident(alert: Alert) -> Incident:
    return running.open_incident("Stuffing", by="erin", alerts=[alert])


def test_it_knows_its_events_and_who_is_affected(incident: Incident, alert: Alert) -> None:
    assert incident.events == alert.evidence
    assert incident.affected == sorted(f"u{n}@example.com" for n in range(15))
    assert Event.objects.filter(type="auditlog.incident_opened").count() == 1


def test_every_step_is_a_line_and_an_event(incident: Incident) -> None:
    running.note(incident, "asked the owner", by="erin")
    running.contain(incident, "blocked the network", by="erin")
    assert incident.state == IncidentState.CONTAINED
    running.close(incident, POST_MORTEM, by="erin")
    assert incident.state == IncidentState.CLOSED
    lines = [entry.text for entry in incident.entries.order_by("pk")]
    assert lines == ["opened: Stuffing", "asked the owner", "contained: blocked the network", "closed"]
    assert Event.objects.filter(type__startswith="auditlog.incident_").count() == 4


def test_what_is_contained_again_was_contained_the_first_time(incident: Incident) -> None:
    running.contain(incident, "blocked the network", by="erin")
    first = incident.contained_at
    running.contain(incident, "locked the account, too", by="bob")
    assert first is not None
    assert Incident.objects.get().contained_at == first
    assert incident.entries.filter(text__startswith="contained: ").count() == 2
    assert Event.objects.filter(type="auditlog.incident_contained").count() == 2


@pytest.mark.parametrize("missing", POST_MORTEM)
def test_without_a_whole_post_mortem_it_does_not_close(missing: str, incident: Incident) -> None:
    with pytest.raises(running.IncidentStepRefused, match=missing):
        running.close(incident, {**POST_MORTEM, missing: " "}, by="erin")
    assert Incident.objects.get().state == IncidentState.OPEN


def test_nor_by_sql(incident: Incident) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.update(state=IncidentState.CLOSED)


def test_a_closed_one_takes_no_more_steps(incident: Incident) -> None:
    running.close(incident, POST_MORTEM, by="erin")
    with pytest.raises(running.IncidentStepRefused, match="closed"):
        running.close(incident, POST_MORTEM, by="bob")
    with pytest.raises(running.IncidentStepRefused, match="closed"):
        running.contain(incident, "blocked", by="bob")
    assert Incident.objects.get().state == IncidentState.CLOSED
    assert Event.objects.filter(type="auditlog.incident_closed").count() == 1


def test_a_notice_is_sent_once_and_only_when_it_was_read(incident: Incident, mailoutbox: list[Any]) -> None:
    notice = running.draft_notice(incident, by="erin")
    assert not mailoutbox
    for wrong in ("", "yes", notice.subject[:-1]):
        with pytest.raises(running.IncidentStepRefused):
            running.send_notice(notice, confirmation=wrong, by="erin")
    assert not mailoutbox
    assert running.send_notice(notice, confirmation=notice.subject, by="erin") == 15
    assert sorted(mail.to[0] for mail in mailoutbox) == incident.affected
    assert all(len(mail.to) == 1 for mail in mailoutbox)
    with pytest.raises(running.IncidentStepRefused):
        running.send_notice(notice, confirmation=notice.subject, by="erin")
    assert len(mailoutbox) == 15


class Moody(EmailBackend):
    """Takes mail to those that it likes."""

    refused: ClassVar[set[str]] = set()

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        if self.refused & set(messages[0].to):
            raise smtplib.SMTPRecipientsRefused({messages[0].to[0]: (550, b"no such user")})
        return super().send_messages(messages)


def test_whom_the_mail_server_refuses_is_told_later_and_nobody_twice(
    incident: Incident, mailoutbox: list[Any], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Moody"
    everybody = set(incident.affected)
    monkeypatch.setattr(Moody, "refused", everybody)
    notice = running.draft_notice(incident, by="erin")
    with pytest.raises(running.IncidentStepRefused, match="took none"):
        running.send_notice(notice, confirmation=notice.subject, by="erin")
    assert IncidentNotice.objects.get().sent_at is None
    monkeypatch.setattr(Moody, "refused", {incident.affected[3]})
    assert running.send_notice(notice, confirmation=notice.subject, by="erin") == 14
    again = IncidentNotice.objects.get(sent_at=None)
    assert again.recipients == [incident.affected[3]]
    monkeypatch.setattr(Moody, "refused", set())
    assert running.send_notice(again, confirmation=again.subject, by="erin") == 1
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted(everybody)


def test_nobody_affected_no_notice() -> None:
    with pytest.raises(running.IncidentStepRefused):
        running.draft_notice(running.open_incident("A scan", by="erin"), by="erin")


# Evidence


@pytest.fixture
def sealed(transactional_db: None, settled: Callable[[], None]) -> Incident:
    found(series(lambda ts, n: failure(ts, f"u{n}", src_ip="192.0.2.66"), 15))
    incident = running.open_incident("Stuffing", by="erin", alerts=[Alert.objects.get(rule="login_failures_by_ip")])
    settled()
    call_command("auditlog_seal")
    return incident


def test_the_bundle_proves_its_events(sealed: Incident) -> None:
    told = evidence.check(evidence.bundle(sealed, by="erin"), key_set(str(SIGNER.key)))
    assert [event["event"] for event in told["events"]] == sealed.events
    assert "192.0.2.66" in json.dumps(told["events"])
    assert told["timeline"][0]["text"] == "opened: Stuffing"
    assert set(told["settings"]) >= {"DEBUG", "MIDDLEWARE", "BULWARK_EDGE"}
    assert SIGNER.secret_line not in json.dumps(told)


def test_what_is_not_in_the_log_is_told_with_the_rest(
    sealed: Incident, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = "01900000-0000-7000-8000-000000000000"
    Incident.objects.update(events=[*sealed.events, gone])
    bundle = tmp_path / "evidence.note"
    bundle.write_text(evidence.bundle(Incident.objects.get(), by="erin"))
    call_command("auditlog_verify", "--bundle", str(bundle))
    assert f"NOT IN THE LOG when it was made: {gone}" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["title", "dropped", "entry", "proof", "who", "columns", "event", "key"])
def test_a_changed_bundle_is_found_out(what: str, sealed: Incident) -> None:
    note = evidence.bundle(sealed, by="erin")
    keys = key_set(str(SIGNER.key))
    if what == "key":
        keys = key_set(str(new_signer("bulwark-auditlog").key))
    elif what == "title":
        note = note.replace("Stuffing", "Nothing!")
    elif what == "dropped":
        text = json.loads(note.rpartition("\n\n")[0])
        del text["events"][0]
        note = f"{json.dumps(text)}\n\n{note.rpartition(chr(10) * 2)[2]}"
    else:
        # Whoever holds a key that signs cannot put an event into the log afterwards, either.
        text = json.loads(note.rpartition("\n\n")[0])
        event = text["events"][0]
        if what == "who":
            event["openings"]["who"]["json"] = event["openings"]["who"]["json"].replace("192.0.2.66", "192.0.2.99")
        elif what == "columns":
            event["openings"]["who"]["columns"] = ["src_ip", "actor_label", "user_agent"]
        elif what == "event":
            event["event"] = text["events"][1]["event"]
        else:
            event["entry"] = event["entry"].replace("login_failed", "logged_outs!")
        if what == "proof":
            event["proof"] = [*event["proof"][::-1], "00" * 32]
        note = SIGNER.sign(json.dumps(text) + "\n")
    with pytest.raises(evidence.EvidenceRefused):
        evidence.check(note, keys)


def test_without_the_sealers_key_there_is_no_bundle(sealed: Incident, settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SEAL_KEYS": str(SIGNER.key)}
    with pytest.raises(running.IncidentStepRefused):
        evidence.bundle(sealed, by="erin")


def test_before_its_events_are_sealed_there_is_no_bundle(incident: Incident) -> None:
    with pytest.raises(running.IncidentStepRefused, match="auditlog_seal"):
        evidence.bundle(incident, by="erin")


def test_it_is_checked_elsewhere(sealed: Incident, tmp_path: Path) -> None:
    """By a project that has the public key and nothing else of ours."""
    bundle = tmp_path / "evidence.note"
    bundle.write_text(evidence.bundle(sealed, by="erin"))
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    lines = f'BULWARK_AUDITLOG = {{"SEAL_KEYS": {str(SIGNER.key)!r}}}\n'
    lines += 'MIDDLEWARE.insert(0, "auditlog.middleware.AuditMiddleware")\n'
    elsewhere = bare_project(folder, "auditlog", settings=lines)
    assert "The bundle is what was signed: 15 events" in elsewhere.manage("auditlog_verify", "--bundle", str(bundle))
    bundle.write_text(bundle.read_text().replace("Stuffing", "Nothing!"))
    with pytest.raises(AssertionError, match="NOT WHAT WAS SIGNED"):
        elsewhere.manage("auditlog_verify", "--bundle", str(bundle))


# The command


def test_the_command_goes_all_the_way(alert: Alert, capsys: pytest.CaptureFixture[str], mailoutbox: list[Any]) -> None:
    call_command("incident", "open", "Stuffing", "--alert", str(alert.pk), "--affected", "alice@example.com")
    found_number = re.search(r"Incident (\d+)", capsys.readouterr().out)
    assert found_number is not None
    number = found_number[1]
    call_command("incident", "note", number, "asked")
    call_command("incident", "contain", number, "blocked")
    call_command("incident", "notify", number)
    assert not mailoutbox
    assert "Nothing is sent yet" in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("incident", "notify", number, "--send", "--confirm", "yes")
    subject = IncidentNotice.objects.get().subject
    call_command("incident", "notify", number, "--send", "--confirm", subject)
    assert "alice@example.com" in [mail.to[0] for mail in mailoutbox]
    with pytest.raises(CommandError, match="post-mortem"):
        call_command("incident", "close", number)
    parts = [word for name, text in POST_MORTEM.items() for word in (f"--{name.replace('_', '-')}", text)]
    call_command("incident", "close", number, *parts)
    assert Incident.objects.get().closed_at is not None
    with pytest.raises(CommandError):
        call_command("incident", "note", "999", "x")


@pytest.mark.parametrize(
    "arguments",
    [
        ["open", " "],
        ["open", "x" * 201],
        ["open", "Stuffing", "--event", "nonsense"],
        ["open", "Stuffing", "--affected", "nobody"],
        ["open", "Stuffing", "--alert", "9" * 30],
        ["note", "9" * 30, "x"],
    ],
)
def test_what_cannot_be_noted_is_said(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("incident", *arguments)
    assert not Incident.objects.exists()


# The admin


@pytest.fixture
def responder(auditor: Client, erin: User) -> Client:
    names = ["add_incident", "change_incident", "view_incident", "view_alert", "respond_event"]
    erin.user_permissions.add(*Permission.objects.filter(codename__in=names))
    return auditor


def test_the_page_shows_and_moves_it(responder: Client, incident: Incident, mailoutbox: list[Any]) -> None:
    page = f"/admin/bulwark_auditlog/incident/{incident.pk}/"
    assertContains(responder.get(f"{page}change/"), "opened: Stuffing")
    responder.post(f"{page}step/note/", {"text": "asked"})
    responder.post(f"{page}step/contain/", {"text": "blocked"})
    responder.post(f"{page}step/draft/", {})
    responder.post(f"{page}step/send/", {"text": "send it"})
    assert not mailoutbox
    responder.post(f"{page}step/send/", {"text": IncidentNotice.objects.get().subject})
    assert len(mailoutbox) == 15
    responder.post(f"{page}step/close/", {})
    assert Incident.objects.get().state == IncidentState.CONTAINED
    Incident.objects.update(**POST_MORTEM)
    responder.post(f"{page}step/close/", {})
    assert Incident.objects.get().state == IncidentState.CLOSED
    assertContains(responder.get(f"{page}change/"), "closed")
    assert responder.post(f"{page}step/note/", {"text": "more"}).status_code == 403


def test_events_are_shown_to_who_may_view_events(responder: Client, incident: Incident, erin: User) -> None:
    """Whoever opens an incident can type the id of any event into it."""
    event = Event.objects.create(type="x.y", outcome="failed", severity=2, actor_type="user", actor_label="bob")
    Incident.objects.filter(pk=incident.pk).update(events=[str(event.uuid)])
    page = f"/admin/bulwark_auditlog/incident/{incident.pk}/change/"
    assertContains(responder.get(page), "bob")
    erin.user_permissions.remove(Permission.objects.get(codename="view_event"))
    assertNotContains(responder.get(page), "bob")
    assertContains(responder.get(page), "needs the permission to view them")


@pytest.mark.parametrize(("step", "said"), [("dance", "There is no such step"), ("send", "There is no draft")])
def test_a_step_that_cannot_be_taken_is_said(step: str, said: str, responder: Client, incident: Incident) -> None:
    page = f"/admin/bulwark_auditlog/incident/{incident.pk}/"
    assertContains(responder.post(f"{page}step/{step}/", {"text": "x"}, follow=True), said)


@pytest.mark.parametrize("lacking", ["a recent login", "the permission"])
def test_a_notice_needs_what_every_response_needs(
    lacking: str, responder: Client, incident: Incident, settings: Settings, mailoutbox: list[Any]
) -> None:
    if lacking == "the permission":
        User.objects.get().user_permissions.remove(Permission.objects.get(codename="respond_event"))
    else:
        path = "tests.auditlog.test_responses.long_ago"
        settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "RECENT_LOGIN": path}
    notice = running.draft_notice(incident, by="erin")
    page = f"/admin/bulwark_auditlog/incident/{incident.pk}/"
    assertContains(responder.post(f"{page}step/send/", {"text": notice.subject}, follow=True), "Log out, log in again")
    assert not mailoutbox


def test_reading_is_not_changing(auditor: Client, erin: User, incident: Incident) -> None:
    erin.user_permissions.add(Permission.objects.get(codename="view_incident"))
    page = f"/admin/bulwark_auditlog/incident/{incident.pk}/"
    assert auditor.get(f"{page}change/").status_code == 200
    assert auditor.post(f"{page}step/contain/", {"text": "x"}).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("events", '["a\\u0000"]'),
        ("events", "NaN"),
        ("events", '{"a": 1}'),
        ("events", '[{"a": 1}]'),
        ("affected", '["a\\u0000@example.com"]'),
        ("affected", '["alice@example.com\\nBcc: eve@example.com"]'),
        ("affected", '"alice@example.com"'),
        ("affected", "[5, null, {}]"),
        ("affected", "NaN"),
    ],
)
def test_lists_that_are_none_are_said_on_the_page(
    field: str, value: str, responder: Client, incident: Incident
) -> None:
    page = f"/admin/bulwark_auditlog/incident/{incident.pk}/change/"
    given = {"title": "Stuffing", "severity": "4", "events": "[]", "affected": "[]", field: value}
    assertContains(responder.post(page, given), "errorlist")
    assert Incident.objects.get().affected == incident.affected


def test_a_nul_in_a_step_is_no_error(responder: Client, incident: Incident) -> None:
    page = f"/admin/bulwark_auditlog/incident/{incident.pk}/"
    assert responder.post(f"{page}step/note/", {"text": "a\0b"}).status_code == 302
    assertContains(responder.get(f"{page}change/"), "a\ufffdb")


def test_nonsense_among_the_events_breaks_no_page(responder: Client, incident: Incident) -> None:
    Incident.objects.update(events=["nonsense", 5, None])
    assert responder.get(f"/admin/bulwark_auditlog/incident/{incident.pk}/change/").status_code == 200
    Incident.objects.update(events=5)
    assert responder.get(f"/admin/bulwark_auditlog/incident/{incident.pk}/change/").status_code == 200
