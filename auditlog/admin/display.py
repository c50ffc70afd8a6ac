"""How the columns of an event look; every value is escaped by `format_html`."""

import json
import re
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from ..models import Event
from . import seals

EMPTY = "–"  # noqa: RUF001 - a dash for the eye


@admin.display(description=_("Time"))
def time(event: Event) -> SafeString:
    return _moment(event.ts)


def until(event: Event) -> SafeString:
    return _moment(event.last_ts or event.ts)


def _moment(moment: datetime) -> SafeString:
    local = timezone.localtime(moment)
    shown = f"{date_format(local, 'Y-m-d H:i:s')}.{local.microsecond // 1000:03}"
    return format_html('<time class="audit-time" datetime="{}">{}</time>', moment.isoformat(), shown)


@admin.display(description=_("Severity"))
def severity(event: Event) -> SafeString:
    return format_html(
        '<span class="audit-badge audit-severity-{}">{}</span>', event.severity, event.get_severity_display()
    )


@admin.display(description=_("Outcome"))
def outcome(event: Event) -> SafeString:
    return format_html(
        '<span class="audit-badge audit-outcome-{}">{}</span>', event.outcome, event.get_outcome_display()
    )


@admin.display(description=_("Count"))
def count(event: Event) -> str | SafeString:
    return format_html("{} … {}", event.count, until(event)) if event.last_ts else str(event.count)


@admin.display(description=_("Actor"))
def actor(event: Event) -> str:
    return event.actor_label or event.actor_id or event.actor_type


@admin.display(description=_("Target"))
def target(event: Event) -> str | SafeString:
    if not event.target_type:
        return EMPTY
    model = event.target_type.rpartition(".")[2]
    return format_html("{} <small>{}</small>", event.target_label or event.target_id, model)


@admin.display(description=_("Source"))
def source(event: Event) -> str:
    return event.src_ip or EMPTY


@admin.display(description=_("Event"))
def kind(event: Event) -> str | SafeString:
    # A narrow column may break the name where its words end.
    name = format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in re.split(r"(?<=[._])", event.type)))
    if event.count > 1:
        name = format_html("{} × {}", name, event.count)  # noqa: RUF001 - a sign for the eye
    return format_html("{} <small>{}</small>", name, event.reason) if event.reason else name


@admin.display(description=_("Request"))
def request_line(event: Event) -> str:
    return " ".join(part for part in (event.method, event.route, str(event.status or "")) if part) or EMPTY


@admin.display(description=_("User agent"))
def user_agent(event: Event) -> str:
    return event.user_agent or EMPTY


@admin.display(description=_("IP address"))
def ip_link(event: Event) -> str | SafeString:
    return _search_link("ip", event.src_ip or "")


@admin.display(description=_("Request id"))
def request_link(event: Event) -> str | SafeString:
    return _links("q", event.request_id, request=event.request_id)


@admin.display(description=_("Session"))
def session_link(event: Event) -> str | SafeString:
    return _links("session", event.session, session=event.session)


@admin.display(description=_("Tenant"))
def tenant_link(event: Event) -> str | SafeString:
    return _search_link("tenant", event.tenant)


@admin.display(description=_("Actor"))
def actor_link(event: Event) -> str | SafeString:
    name = event.actor_id or event.actor_label
    return _links("actor", name, actor(event), actor=name)


@admin.display(description=_("Target"))
def target_link(event: Event) -> str | SafeString:
    shown = f"{event.target_label} ({event.target_type} {event.target_id})" if event.target_label else event.target_id
    return _links("q", event.target_id, shown, target=event.target_id, target_type=event.target_type)


@admin.display(description=_("Changes"))
def changes(event: Event) -> str | SafeString:
    if not event.changes:
        return EMPTY
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td class="audit-before">{}</td><td class="audit-after">{}</td></tr>',
        ((name, *_before_and_after(change)) for name, change in event.changes.items()),
    )
    return format_html(
        '<table class="audit-changes"><thead><tr><th scope="col">{}</th><th scope="col">{}</th><th scope="col">{}</th>'
        "</tr></thead><tbody>{}</tbody></table>",
        _("Field"),
        _("Before"),
        _("After"),
        rows,
    )


@admin.display(description=_("Data"))
def data(event: Event) -> str | SafeString:
    return format_html('<pre class="audit-data">{}</pre>', _pretty(event.data)) if event.data else EMPTY


@admin.display(description=_("Seal"))
def seal(event: Event) -> str:
    return seals.state_of(event)


def _before_and_after(change: Any) -> tuple[str, str]:
    """Read one entry of `changes`; a form that this version does not know is shown as it is."""
    if isinstance(change, dict) and set(change) <= {"before", "after"}:
        return _pretty(change.get("before")), _pretty(change.get("after"))
    return "", _pretty(change)


def _pretty(value: Any) -> str:
    if value is None:
        return EMPTY
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)


def _search_link(parameter: str, value: str, shown: str = "") -> str | SafeString:
    """Return a link to all events that share ``value``, whenever they were."""
    if not value:
        return shown or EMPTY
    query = urlencode({parameter: value, "period": "all"})
    return format_html(
        '<a href="{}?{}">{}</a>', reverse("admin:bulwark_auditlog_event_changelist"), query, shown or value
    )


def _links(parameter: str, value: str, shown: str = "", **timeline: str) -> str | SafeString:
    """Return a link to all events that share ``value``, and one to their timeline."""
    if not value:
        return shown or EMPTY
    found = _search_link(parameter, value, shown)
    url = f"{reverse('admin:bulwark_auditlog_timeline')}?{urlencode(timeline)}"
    return format_html('{} <a class="audit-to-timeline" href="{}">{}</a>', found, url, _("timeline"))
