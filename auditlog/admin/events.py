"""The log in the admin: to be read, never to be written."""

# ruff: noqa: ARG002 - the names of the arguments are Django's

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from .. import keyset
from ..models import Event, EventQuerySet
from ..search import EventSearch
from . import display

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Event]
else:
    _Admin = admin.ModelAdmin


class EventChangeList(ChangeList):
    """Asks the form what to show, one page at a time; the log is never counted to its end."""

    search: EventSearch
    page: keyset.Page

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Event]:
        self.search = EventSearch(request.GET)
        self.has_filters = self.has_active_filters = False
        return self.search.events()

    def get_results(self, request: HttpRequest) -> None:
        assert isinstance(self.queryset, EventQuerySet)  # noqa: S101 - told to the type checker
        cursor = keyset.cursor_from(request.GET)
        self.page = keyset.page(self.queryset, cursor, self.list_per_page)
        self.result_list = self.page.events
        self.result_count = keyset.capped_count(self.queryset)
        self.full_result_count = self.result_count
        self.show_full_result_count = self.show_admin_actions = False
        self.can_show_all, self.multi_page = True, False

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str | Combinable]:
        return ["-ts", "-seq"]

    def url_for_result(self, result: Model) -> str:
        assert isinstance(result, Event)  # noqa: S101 - told to the type checker
        return reverse("admin:bulwark_auditlog_event_change", args=[result.uuid])

    @property
    def counted(self) -> str:
        """How many events there are, or that there are more than anybody counts."""
        return f"{keyset.COUNTED}+" if self.result_count > keyset.COUNTED else str(self.result_count)

    @property
    def newer_url(self) -> str:
        return self._url_of(self.page.newer)

    @property
    def older_url(self) -> str:
        return self._url_of(self.page.older)

    def _url_of(self, cursor: keyset.Cursor | None) -> str:
        if cursor is None:
            return ""
        name, value = cursor.parameter
        return self.get_query_string({name: value}, remove=[keyset.OLDER_THAN, keyset.NEWER_THAN])


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
        (_("Place in the log"), {"fields": ("uuid", "seq", "tx", "epoch")}),
    )
    readonly_fields = tuple(name for _title, part in fieldsets for name in part["fields"])

    class Media:
        css = {"all": ["bulwark_auditlog/admin.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "title": _("Audit log")})

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return EventChangeList

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Event | None:
        """Find the event by its public id, which the URL of its page holds."""
        try:
            return Event.objects.filter(uuid=uuid.UUID(object_id)).first()
        except ValueError:
            return None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False
