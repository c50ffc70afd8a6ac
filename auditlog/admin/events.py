"""The log in the admin: to be read, never to be written."""

# ruff: noqa: ARG002 - the names of the arguments are Django's

import uuid
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from ..formats import Format
from ..models import Event, EventQuerySet
from ..recording import record
from . import display, exports, pages, saved, seals
from .changelist import EventChangeList

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Event]
else:
    _Admin = admin.ModelAdmin
_View = Callable[..., HttpResponseBase]


class EventAdmin(_Admin):
    change_list_template = "bulwark_auditlog/event_list.html"
    change_form_template = "bulwark_auditlog/event.html"
    list_display = (
        display.time,
        display.severity,
        display.kind,
        display.outcome,
        display.actor,
        display.target,
        display.source,
    )
    list_per_page = 50
    sortable_by = ()
    actions = None
    # Django takes functions here too, which its stubs do not know.
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("type", display.time, display.severity, display.outcome, "reason", display.count)}),
        (_("Who"), {"fields": (display.actor_link, "actor_type", display.tenant_link, display.session_link)}),
        (
            _("From where"),
            {"fields": (display.ip_link, "country", "user_agent", display.request_link, display.request_line)},
        ),
        (_("What"), {"fields": (display.target_link, display.changes, display.data, "dropped")}),
        (_("Place in the log"), {"fields": ("uuid", "seq", "tx", "epoch", display.seal)}),
    )
    readonly_fields = tuple(name for _title, part in fieldsets for name in part["fields"])

    class Media:
        css = {"all": ["bulwark_auditlog/admin.css"]}

    def get_urls(self) -> list[URLPattern]:
        pages_of_ours = [
            path("dashboard/", self._guarded(self._dashboard), name="bulwark_auditlog_dashboard"),
            path("timeline/", self._guarded(self._timeline), name="bulwark_auditlog_timeline"),
            path("export/", self._guarded(exports.export, "export"), name="bulwark_auditlog_export"),
            path("searches/", self._guarded(saved.save, method=require_POST), name="bulwark_auditlog_save"),
            path(
                "searches/<int:pk>/delete/",
                self._guarded(saved.delete, method=require_POST),
                name="bulwark_auditlog_unsave",
            ),
            path(
                "<uuid:object_id>/verify/",
                self._guarded(seals.verify, "verify", require_POST),
                name="bulwark_auditlog_verify",
            ),
            path("<uuid:object_id>/proof/", self._guarded(seals.proof, "verify"), name="bulwark_auditlog_proof"),
        ]
        return [*pages_of_ours, *super().get_urls()]

    def _guarded(self, view: _View, permission: str = "view", method: Callable[[_View], _View] = require_safe) -> _View:
        """Serve a view to staff who may view events and have ``permission`` as well."""

        @wraps(view)
        def answer(request: HttpRequest, **parameters: Any) -> HttpResponseBase:
            if not self.has_view_permission(request) or not may(request, permission):
                raise PermissionDenied
            return view(request, **parameters)

        return self.admin_site.admin_view(method(answer))

    def _dashboard(self, request: HttpRequest) -> HttpResponse:
        return pages.dashboard(request, self.admin_site)

    def _timeline(self, request: HttpRequest) -> HttpResponse:
        return pages.show_timeline(request, self.admin_site)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        formats = list(Format) if may(request, "export") else []
        return super().changelist_view(
            request, {**(extra_context or {}), "title": _("Audit log"), "export_formats": formats}
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EventChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Event | None:
        """Find the event by its public id, which the URL of its page holds."""
        try:
            return Event.objects.filter(uuid=uuid.UUID(object_id)).first()
        except ValueError:
            return None

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show one event whole; that somebody looks at it is an event too, without which nothing is shown."""
        event = kwargs.get("obj")
        if isinstance(event, Event):
            data = {"id": str(event.uuid), "type": event.type}
            record("auditlog.event_viewed", request=request, target=event, data=data)
        return super().render_change_form(request, context, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False


def may(request: HttpRequest, action: str) -> bool:
    """Say whether the caller may "view", "export", "respond" or "verify"."""
    return request.user.has_perm(f"{Event._meta.app_label}.{action}_event")  # noqa: SLF001


def shown(request: HttpRequest, ids: Iterable[Any]) -> EventQuerySet:
    """Return the events of ``ids`` that the caller may see beside something else, oldest first."""
    found = Event.objects.filter(uuid__in=list(ids)) if may(request, "view") else Event.objects.none()
    return found.order_by("ts", "seq")
