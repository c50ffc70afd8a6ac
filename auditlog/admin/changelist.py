"""The list of events: one page at a time; the log is never counted to its end."""

# ruff: noqa: ARG002 - the names of the arguments are Django's

from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.db.models.expressions import Combinable
from django.http import HttpRequest
from django.urls import reverse

from .. import keyset
from ..models import Event, SavedSearch
from ..scanning import Found, look
from ..search import EventSearch
from ..timeouts import QuestionAborted, bounded
from .saved import owner_of


class EventChangeList(ChangeList):
    """Asks the form what to show."""

    search: EventSearch
    found: Found
    saved: list[SavedSearch]

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Event]:
        self.has_filters = self.has_active_filters = False
        return Event.objects.all()

    def get_results(self, request: HttpRequest) -> None:
        self.search = EventSearch(request.GET)
        self.saved = list(SavedSearch.objects.filter(owner=owner_of(request)).order_by("name"))
        cursor = keyset.cursor_from(request.GET)
        try:
            with bounded(Event.objects.db):
                self.found = look(self.search.question(), cursor, self.list_per_page, with_count=cursor is None)
        except QuestionAborted as error:
            self.search.add_error(None, str(error))
            self.found = Found(keyset.Page([], None, None), None, None)
        self.result_list = self.found.page.events
        self.result_count = self.full_result_count = self.found.count or len(self.result_list)
        self.show_full_result_count = self.show_admin_actions = False
        self.can_show_all, self.multi_page = True, False

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str | Combinable]:
        return ["-ts", "-seq"]

    def url_for_result(self, result: Model) -> str:
        assert isinstance(result, Event)  # noqa: S101 - told to the type checker
        return reverse("admin:bulwark_auditlog_event_change", args=[result.uuid])

    @property
    def counted(self) -> str:
        """How many events there are, or that there are more than anybody counts; nothing on later pages."""
        if self.found.count is None:
            return ""
        return f"{keyset.COUNTED}+" if self.found.count > keyset.COUNTED else str(self.found.count)

    @property
    def newer_url(self) -> str:
        return self._url_of(self.found.page.newer)

    @property
    def older_url(self) -> str:
        return self._url_of(self.found.page.older)

    def _url_of(self, cursor: keyset.Cursor | None) -> str:
        if cursor is None:
            return ""
        name, value = cursor.parameter
        return self.get_query_string({name: value}, remove=[keyset.OLDER_THAN, keyset.NEWER_THAN])
