"""The filter backend of django-filter, kept to what the principal may read. Needs the package django-filter."""

from typing import Any

from django_filters.filterset import FilterSet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from ..engine import scoped
from ..principals import principal
from ..registry import policy_of
from .filters import UnknownParameter, readable


class PolicyFilterBackend(DjangoFilterBackend):  # type: ignore[misc]  # django-filter has no types
    """Filters by the view's filter set as far as its fields can be read.

    :raises UnknownParameter: the query asks for a filter on another field.
    """

    def get_filterset(self, request: Request, queryset: Any, view: APIView) -> FilterSet | None:
        found = super().get_filterset(request, queryset, view)
        for name, declared in list(found.filters.items()) if found is not None else ():
            if not readable(view, declared.field_name):
                if _asks(found, name, request):
                    raise UnknownParameter(name)
                del found.filters[name]  # whatever its widget may read, it filters nothing
                continue
            self._keep_to_readable(declared, request)
        return found

    def _keep_to_readable(self, declared: Any, request: Request) -> None:
        """Let a filter by a related row choose among those that the principal may read: any other is no choice."""
        rows = declared.get_queryset(request) if hasattr(declared, "get_queryset") else None
        if rows is not None and policy_of(rows.model) is not None:
            declared.queryset = scoped(rows.all(), principal(request))


def _asks(filters: FilterSet, name: str, request: Request) -> bool:
    """Say whether the query asks for a filter; a range reads `name_min` and `name_max`, as its widget says."""
    widget = filters.filters[name].field.widget
    given = request.query_params
    spelled = f"{filters.form_prefix}-{name}" if filters.form_prefix else name
    return spelled in given or not widget.value_omitted_from_data(given, {}, spelled)
