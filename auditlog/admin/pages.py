"""The pages around the list of events: the dashboard and the timelines."""

from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.sites import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import charts, keyset, timeline
from ..dashboard import PERIODS, Figures, figures
from ..models import Event
from ..timeouts import QuestionAborted, bounded

_FORMS = {"24h": "%H:%M", "7d": "%d %b %H:%M", "30d": "%d %b"}


def dashboard(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show what the hourly counts tell of a day, a week or a month."""
    period = PERIODS.get(request.GET.get("period", ""), PERIODS["24h"])
    context: dict[str, Any] = {"title": _("Audit dashboard"), "periods": list(PERIODS), "period": period.name}
    try:
        with bounded(Event.objects.db):
            found = figures(period, timezone.now())
    except QuestionAborted as error:
        context["problem"] = str(error)
    else:
        context |= {"charts": _charts(found), "counted_to": found.counted_to}
    return _answer(request, site, "dashboard", context)


def _charts(found: Figures) -> list[dict[str, Any]]:
    def over_time(name: str, title: str, series: Any) -> dict[str, Any]:
        return {"name": name, "title": title, "chart": charts.over_time(series, found.steps, _FORMS[found.period.name])}

    return [
        over_time("types", _("Events by type"), found.by_type),
        over_time("logins", _("Failed logins"), found.failed_logins),
        over_time("limits", _("Requests over a limit"), found.limited),
        {"name": "sources", "title": _("Sources refused most"), "chart": charts.ranking(found.sources, _("Source"))},
        {"name": "routes", "title": _("Routes denied most"), "chart": charts.ranking(found.routes, _("Route"))},
    ]


def show_timeline(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show what happened in a request, in a session, by an actor or to a target, the last at the end."""
    cursor = keyset.cursor_from(request.GET)
    context: dict[str, Any] = {"title": _("Timeline")}
    try:
        with bounded(Event.objects.db):
            form, page, entries = timeline.read(request.GET, cursor)
    except QuestionAborted as error:
        return _answer(request, site, "timeline", {**context, "problem": str(error)})
    kind, name = form.subject
    given = {field: request.GET[field] for field in form.fields if request.GET.get(field)}
    context |= {"form": form, "kind": kind, "name": name, "entries": entries}
    context |= {"earlier_url": _url(given, page.older), "later_url": _url(given, page.newer)}
    return _answer(request, site, "timeline", context)


def _url(given: dict[str, str], cursor: keyset.Cursor | None) -> str:
    if cursor is None:
        return ""
    name, value = cursor.parameter
    return f"?{urlencode({**given, name: value})}"


def _answer(request: HttpRequest, site: AdminSite, page: str, context: dict[str, Any]) -> HttpResponse:
    request.current_app = site.name
    known = {**site.each_context(request), "opts": Event._meta, **context}  # noqa: SLF001
    return TemplateResponse(request, f"bulwark_auditlog/{page}.html", known)
