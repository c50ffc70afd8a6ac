"""Moves an incident from its first alert to its post-mortem; every step is a line of its timeline and an event."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import router, transaction
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.utils import timezone

from ..cleaning import text as cleaned
from ..conf import conf
from ..identifiers import well_formed
from ..models import Alert, Event, Incident, IncidentEntry, IncidentNotice, IncidentState, Severity
from ..recording import record

logger = logging.getLogger(__name__)
_LONGEST_TITLE = 200


class IncidentStepRefused(Exception):  # noqa: N818 - errors are past participles in this project
    """The step cannot be taken; the text says why."""


def open_incident(
    title: str,
    *,
    by: str,
    severity: int = Severity.HIGH,
    alerts: Iterable[Alert] = (),
    events: Sequence[str] = (),
    affected: Sequence[str] = (),
) -> Incident:
    """Open an incident about alerts and events, and return it.

    Who the events were about is noted as affected, where the log has an address.

    :param events: ids of events, besides those that the alerts name.
    :param affected: further addresses.
    :raises IncidentStepRefused: it has no title or one that is too long, or an id or an address is none.
    """
    if not 0 < len(title.strip()) <= _LONGEST_TITLE:
        raise IncidentStepRefused(f"Give it a title of at most {_LONGEST_TITLE} characters.")
    linked = list(alerts)
    ids = list(dict.fromkeys([*ids_in(events), *(uuid for alert in linked for uuid in alert.evidence)]))
    labels = Event.objects.filter(uuid__in=ids).values_list("actor_label", flat=True)
    found = sorted({*addresses_in(affected), *(label for label in labels if _is_address(label))})
    with _transaction():
        incident = Incident.objects.create(title=title, severity=severity, events=ids, affected=found)
        incident.alerts.set(linked)
        _tell(incident, by, "incident_opened", f"opened: {title}")
    return incident


def ids_in(given: object) -> list[str]:
    """Return the ids of events in a list that somebody has typed.

    :raises IncidentStepRefused: it is no list, or holds something else.
    """
    listed = _list(given)
    found = well_formed(listed)
    if len(found) != len(listed):
        raise IncidentStepRefused('Enter ids of events, as ["0190..."].')
    return [str(uuid) for uuid in found]


def addresses_in(given: object) -> list[str]:
    """Return the addresses in a list that somebody has typed: they will be mailed to.

    :raises IncidentStepRefused: it is no list, or holds something else.
    """
    listed = _list(given)
    if not all(map(_is_address, listed)):
        raise IncidentStepRefused('Enter addresses, as ["alice@example.com"].')
    return listed


def note(incident: Incident, text: str, *, by: str) -> None:
    """Write a line into the timeline."""
    _live(incident)
    with _transaction():
        _tell(incident, by, "incident_noted", _words(text))


def contain(incident: Incident, text: str, *, by: str) -> None:
    """Say that the attack goes on no more, and what stopped it: each time a line, and the first time stays."""
    with _transaction():
        _move(incident, state=IncidentState.CONTAINED, contained_at=Coalesce("contained_at", Value(timezone.now())))
        _tell(incident, by, "incident_contained", f"contained: {_words(text)}")
    incident.refresh_from_db()


def close(incident: Incident, post_mortem: Mapping[str, str], *, by: str) -> None:
    """End the incident.

    :param post_mortem: `root_cause`, `impact`, `lessons`, `follow_up`: all of them.
    :raises IncidentStepRefused: a part of the post-mortem is missing, or the incident is closed.
    """
    _live(incident)
    given = {name: post_mortem.get(name, "").strip() or getattr(incident, name) for name in Incident.POST_MORTEM}
    if missing := [name for name, text in given.items() if not text]:
        raise IncidentStepRefused(f"The post-mortem lacks {', '.join(missing)}.")
    with _transaction():
        _move(incident, **given, state=IncidentState.CLOSED, closed_at=timezone.now())
        _tell(incident, by, "incident_closed", "closed")
    incident.refresh_from_db()


def draft_notice(incident: Incident, *, by: str, template: str = "") -> IncidentNotice:
    """Write what affected customers will be told, from a template; nothing is sent.

    :param template: of text, whose first line is the subject; default: `INCIDENT_TEMPLATE`.
    :raises IncidentStepRefused: nobody is noted as affected.
    """
    _live(incident)
    if not incident.affected:
        raise IncidentStepRefused("Nobody is noted as affected.")
    text = render_to_string(template or conf.incident_template, {"incident": incident, "site_url": conf.site_url})
    subject, _, body = text.strip().partition("\n")
    with _transaction():
        notice = incident.notices.create(subject=subject[:200], body=body.strip(), recipients=incident.affected)
        _tell(incident, by, "incident_notice_drafted", f"drafted a notice to {len(incident.affected)}: {subject}")
    return notice


def waiting_notice(incident: Incident) -> IncidentNotice:
    """Return the newest draft that was not sent.

    :raises IncidentStepRefused: there is none.
    """
    notice = incident.notices.filter(sent_at=None).order_by("-pk").first()
    if notice is None:
        raise IncidentStepRefused("There is no draft: draft a notice first.")
    return notice


def send_notice(notice: IncidentNotice, *, confirmation: str, by: str) -> int:
    """Send a notice that somebody has read, to each of its recipients alone, and return how many got it.

    Those whom the mail server refuses get a draft of their own, to be sent again: nobody is told twice.

    :param confirmation: the notice's subject, typed by who has read it.
    :raises IncidentStepRefused: it is not confirmed, was sent before, or the mail server took none.
    """
    if confirmation.strip() != notice.subject:
        raise IncidentStepRefused("Confirm the notice by its subject, word for word.")
    claimed = IncidentNotice.objects.filter(pk=notice.pk, sent_at=None)
    if not claimed.update(sent_at=timezone.now(), sent_by=by):
        raise IncidentStepRefused("The notice was sent already.")
    # Outside of any transaction: a mail server takes its time, and what it has taken cannot be rolled back.
    left = [recipient for recipient in notice.recipients if not _mailed(notice, recipient)]
    taken = len(notice.recipients) - len(left)
    with _transaction():
        if not taken:
            IncidentNotice.objects.filter(pk=notice.pk).update(sent_at=None, sent_by="")
        else:
            _tell(notice.incident, by, "incident_notice_sent", f"sent the notice to {taken}")
        if taken and left:
            notice.incident.notices.create(subject=notice.subject, body=notice.body, recipients=left)
            _tell(notice.incident, by, "incident_notice_drafted", f"a draft waits for {len(left)} who were not reached")
    if not taken:
        raise IncidentStepRefused("The mail server took none of them; nothing is noted as sent.")
    return taken


def _is_address(given: object) -> bool:
    try:
        validate_email(given if isinstance(given, str) else "")
    except ValidationError:
        return False
    return True


def _list(given: object) -> list[Any]:
    if not isinstance(given, (list, tuple)):
        raise IncidentStepRefused("Enter a list.")
    return list(given)


def _mailed(notice: IncidentNotice, recipient: str) -> bool:
    try:
        send_mail(notice.subject, notice.body, None, [recipient])
    except Exception:  # an address that cannot be written into a mail, a server that is away
        logger.exception("A notice of incident %s was not taken.", notice.incident_id)
        return False
    return True


def _live(incident: Incident) -> None:
    if not Incident.objects.live().filter(pk=incident.pk).exists():
        raise IncidentStepRefused("The incident is closed.")


def _move(incident: Incident, **columns: Any) -> None:
    """Change an incident that is not closed: of two who close it at once, one does."""
    if not Incident.objects.live().filter(pk=incident.pk).update(**columns):
        raise IncidentStepRefused("The incident is closed.")


def _words(text: str) -> str:
    if not text.strip():
        raise IncidentStepRefused("Say it in a few words.")
    return text.strip()


def _tell(incident: Incident, by: str, event: str, text: str) -> None:
    IncidentEntry.objects.create(incident=incident, actor=by, text=cleaned(text, len(text)))
    data: dict[str, Any] = {"incident": incident.pk, "text": text[:200], "by": by}
    record(f"auditlog.{event}", target=incident, data=data)


def _transaction() -> transaction.Atomic:
    return transaction.atomic(using=router.db_for_write(Incident))
