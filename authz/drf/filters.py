"""Ordering and search that keep to what the principal may read: a sort by a hidden field, or row, tells it."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.request import Request
from rest_framework.views import APIView

from ..principals import Principal, principal
from .reaching import Way, field_of


class UnknownParameter(ValidationError):  # noqa: N818  (named as what happened)
    """422: a query parameter names what is not there, or not for this principal."""

    status_code = 422

    def __init__(self, parameter: str) -> None:
        super().__init__({parameter: [ErrorDetail(str(_("There is no such field.")), "unknown_field")]})


def readable(view: Any, path: str, model: Any = None) -> bool:
    """Tell whether the principal may read every field on a path, each by the policy of the model that has it.

    :param model: where the path begins, if that is not the view's.
    """
    if getattr(view, "readable_fields", None) is None:
        return False
    model = model or view.policy_model
    for name in path.split("__"):
        names = view.readable_fields(model)
        field = field_of(model, name)
        if names is not None and name not in names and (field is None or field.name not in names):
            return False
        model = getattr(field, "related_model", None)
        if not isinstance(model, type):
            return True  # what follows is a transform or a lookup of the column
    return True


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

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: APIView) -> Any:
        """Return what to order by: for a path over relations the name of what `filter_queryset` adds to the rows."""
        asked: Any = super().get_ordering(request, queryset, view)
        return [_sorted_by(queryset.model, item) for item in asked or ()]

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        who, added = principal(request), {}
        asked: Any = super().get_ordering(request, queryset, view)
        for item in asked or ():
            way = Way.along(queryset.model, item.lstrip("-")) if isinstance(item, str) else None
            if way is not None and way.relations:
                name = _sorted_by(queryset.model, item).lstrip("-")
                added[name] = way.first(who, descending=item.startswith("-"))
        return super().filter_queryset(request, queryset.annotate(**added) if added else queryset, view)


def _sorted_by(model: type[Model], item: Any) -> Any:
    """Return how the rows are ordered by an item; by a foreign key itself, and not as its model is ordered."""
    if not isinstance(item, str):
        return item
    sign, path = ("-", item[1:]) if item.startswith("-") else ("", item)
    way = Way.along(model, path)
    if way.relations:
        return f"{sign}sorted_by_{path.replace('__', '_')}"
    return f"{sign}{getattr(field_of(model, path), 'attname', path)}"


class PolicySearchFilter(SearchFilter):
    """Searches in the view's `search_fields` as far as they can be read; in none of them, nothing is found."""

    def get_search_fields(self, view: APIView, request: Request) -> list[str]:
        names = super().get_search_fields(view, request) or ()
        return [name for name in names if readable(view, name.lstrip("".join(self.lookup_prefixes)))]

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        """Keep the rows in which each of the words is found somewhere, in a related row that may be read, too."""
        words = self.get_search_terms(request)
        names = self.get_search_fields(view, request) if words else []
        if words and not names:
            return queryset.none()
        ways = [Way.along(queryset.model, self.construct_search(str(name), queryset)) for name in names]
        for word in words:
            queryset = queryset.filter(reduce(or_, (_found(way, word, principal(request)) for way in ways)))
        return queryset


def _found(way: Way, word: str, who: Principal) -> Q:
    asked = Q((way.end, word))
    return way.condition(who, lambda rows: rows.filter(asked)) if way.relations else asked
