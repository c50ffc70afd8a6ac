"""Ordering and filters that keep to what the principal may read: a sort by a hidden field tells it."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.request import Request
from rest_framework.views import APIView


class UnknownParameter(ValidationError):  # noqa: N818  (named as what happened)
    """422: a query parameter names what is not there, or not for this principal."""

    status_code = 422

    def __init__(self, parameter: str) -> None:
        super().__init__({parameter: [ErrorDetail(str(_("There is no such field.")), "unknown_field")]})


def readable(view: APIView, path: str) -> bool:
    """Tell whether the principal may read the field that a path starts with."""
    ask = getattr(view, "readable_fields", None)
    names = ask() if ask is not None else frozenset()
    return names is None or path.split("__", maxsplit=1)[0] in names


class PolicyOrderingFilter(OrderingFilter):
    """Orders by the view's `ordering_fields` as far as they can be read.

    :raises UnknownParameter: `?ordering=` names another.
    """

    def get_valid_fields(
        self, queryset: QuerySet[Model], view: APIView, context: Mapping[str, Any] | None = None
    ) -> list[tuple[str, str]]:
        fields = super().get_valid_fields(queryset, view, context or {})
        return [(name, label) for name, label in fields if readable(view, name)]

    def remove_invalid_fields(
        self, queryset: QuerySet[Model], fields: Iterable[str], view: APIView, request: Request
    ) -> list[str]:
        asked = list(fields)
        valid = super().remove_invalid_fields(queryset, asked, view, request)
        if len(valid) != len(asked):
            raise UnknownParameter(self.ordering_param)
        return valid


class PolicySearchFilter(SearchFilter):
    """Searches in the view's `search_fields` as far as they can be read; in none of them, nothing is found."""

    def get_search_fields(self, view: APIView, request: Request) -> list[str]:
        names = super().get_search_fields(view, request) or ()
        return [name for name in names if readable(view, name.lstrip("".join(self.lookup_prefixes)))]

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        if self.get_search_terms(request) and not self.get_search_fields(view, request):
            return queryset.none()
        return super().filter_queryset(request, queryset, view)
