"""Ordering and filters that keep to what the principal may read: a sort by a hidden field tells it."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
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


def readable(view: Any, path: str) -> bool:
    """Tell whether the principal may read every field on a path, each by the policy of the model that has it."""
    if getattr(view, "readable_fields", None) is None:
        return False
    model: Any = view.policy_model
    for name in path.split("__"):
        names = view.readable_fields(model)
        field = _field(model, name)
        if names is not None and name not in names and (field is None or field.name not in names):
            return False
        model = getattr(field, "related_model", None)
        if not isinstance(model, type):
            return True  # what follows is a transform or a lookup of the column
    return True


def _field(model: Any, name: str) -> Any:
    """Return the field that a query calls so, or None for what only a query knows: an annotation."""
    options = model._meta  # noqa: SLF001  (documented)
    if name == "pk":
        return options.pk
    named = {related.name: related for related in options.related_objects}
    try:
        return named.get(name) or options.get_field(name)
    except FieldDoesNotExist:
        return None


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
