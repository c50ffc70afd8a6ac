"""The filter backend of django-filter, kept to what the principal may read. Needs the package django-filter."""

from copy import copy
from typing import Any

from django.db.models import QuerySet
from django_filters.filterset import FilterSet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from ..engine import scoped
from ..principals import Principal, principal
from ..registry import policy_of
from .filters import UnknownParameter, readable
from .reaching import Way, leads_on


class PolicyFilterBackend(DjangoFilterBackend):  # type: ignore[misc]  # django-filter has no types
    """Filters by the view's filter set as far as its fields can be read.

    :raises UnknownParameter: the query asks for a filter on another field.
    """

    def get_filterset(self, request: Request, queryset: Any, view: APIView) -> FilterSet | None:
        found = super().get_filterset(request, queryset, view)
        for name, declared in list(found.filters.items()) if found is not None else ():
            _spell_out(declared)
            if not readable(view, declared.field_name) or not _sorts_by_own(view, declared):
                if _asks(found, name, request):
                    raise UnknownParameter(name)
                del found.filters[name]  # whatever its widget may read, it filters nothing
                continue
            self._keep_to_readable(declared, request)
            _lead_over_readable(declared, principal(request))
        return found

    def _keep_to_readable(self, declared: Any, request: Request) -> None:
        """Let a filter by a related row choose among those that the principal may read: any other is no choice."""
        rows = declared.get_queryset(request) if hasattr(declared, "get_queryset") else None
        if rows is not None and policy_of(rows.model) is not None:
            declared.queryset = scoped(rows.all(), principal(request))


def _spell_out(declared: Any) -> None:
    """Have a filter's path name each field that it reaches: the lookup can lead on, as in `("book", "title__gt")`."""
    if not isinstance(declared.lookup_expr, str):
        return
    path, lookups = declared.field_name, declared.lookup_expr.split("__")
    while lookups and leads_on(declared.model, path, lookups[0]):
        path = f"{path}__{lookups.pop(0)}"
    declared.field_name, declared.lookup_expr = path, "__".join(lookups) or "exact"


def _sorts_by_own(view: Any, declared: Any) -> bool:
    """Tell whether django-filter's own filter for ordering, if it is one, keeps to readable columns of the rows."""
    paths = getattr(declared, "param_map", ())
    return all(readable(view, path) and not Way.along(declared.model, path).relations for path in paths)


def _lead_over_readable(declared: Any, who: Principal) -> None:
    """Have a filter over relations ask the rows that it leads to, of which those that may not be read are left out.

    A filter with a `method` asks what its code says.
    """
    way = Way.along(declared.model, declared.field_name, to_rows=hasattr(declared, "get_queryset"))
    if declared.method is not None or not way.relations:
        return
    there, excludes = copy(declared), declared.exclude
    there.field_name, there.model, there.exclude = way.end, way.relations[-1][1], False
    nothing = there.model._base_manager.none()  # noqa: SLF001  (documented)

    def led(rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        # "No value at the end" is true of rows without a way there, too.
        is_absence = there.lookup_expr == "isnull" and value is True
        sought = False if is_absence else value
        if there.filter(nothing, sought) is nothing:
            return rows
        condition = way.condition(who, lambda found: there.filter(found, sought))
        return rows.exclude(condition) if excludes is not is_absence else rows.filter(condition)

    declared.filter = led


def _asks(filters: FilterSet, name: str, request: Request) -> bool:
    """Say whether the query asks for a filter; a range reads `name_min` and `name_max`, as its widget says."""
    widget = filters.filters[name].field.widget
    given = request.query_params
    spelled = f"{filters.form_prefix}-{name}" if filters.form_prefix else name
    return spelled in given or not widget.value_omitted_from_data(given, {}, spelled)
