"""The filter backend of django-filter, kept to what the principal may read. Needs the package django-filter."""

from typing import Any

from django_filters.filterset import FilterSet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from .filters import UnknownParameter, readable


class PolicyFilterBackend(DjangoFilterBackend):  # type: ignore[misc]  # django-filter has no types
    """Filters by the view's filter set as far as its fields can be read.

    :raises UnknownParameter: the query asks for a filter on another field.
    """

    def get_filterset(self, request: Request, queryset: Any, view: APIView) -> FilterSet | None:
        found = super().get_filterset(request, queryset, view)
        for name, declared in found.filters.items() if found is not None else ():
            if not readable(view, declared.field_name) and name in request.query_params:
                raise UnknownParameter(name)
        return found
