"""What a list of articles can be narrowed and ordered by: this and nothing else."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import django_filters
from django.core.validators import MaxValueValidator, MinLengthValidator, MinValueValidator
from django.db.models import QuerySet
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from authz.drf.django_filters import PolicyFilterBackend

from .models import Article, Status
from .models.article import MAX_TAG_LENGTH, TITLE_LENGTH

NEWEST_FIRST = "-created_at"
_ORDERS = [(f"{sign}{name}", f"{sign}{name}") for name in ("created_at", "title", "updated_at") for sign in ("", "-")]
# A moment near the ends of the calendar overflows when a database turns it to UTC.
_MOMENT = {
    "validators": [
        MinValueValidator(datetime(1970, 1, 1, tzinfo=UTC)),
        MaxValueValidator(datetime(9000, 1, 1, tzinfo=UTC)),
    ]
}


class ArticleFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Every field here is one that each role may read: a filter on a hidden field would tell its value."""

    status = django_filters.ChoiceFilter(choices=Status.choices)
    category = django_filters.UUIDFilter("category")
    author = django_filters.UUIDFilter("author")
    tag = django_filters.CharFilter("tags", "has_word", max_length=MAX_TAG_LENGTH)
    search = django_filters.CharFilter(
        "title", "icontains", max_length=TITLE_LENGTH[1], validators=[MinLengthValidator(2)], label="Part of the title."
    )
    created_after = django_filters.IsoDateTimeFilter("created_at", "gte", **_MOMENT)
    created_before = django_filters.IsoDateTimeFilter("created_at", "lt", **_MOMENT)
    ordering = django_filters.ChoiceFilter("created_at", choices=_ORDERS, method="order")

    class Meta:
        model = Article
        fields: list[str] = []

    def order(self, queryset: QuerySet[Article], name: str, value: str) -> QuerySet[Article]:  # noqa: ARG002
        return queryset.order_by(value)


class ArticleFilterBackend(PolicyFilterBackend):
    """Filters lists, newest first unless the caller says otherwise; a route that names one article is no list."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> Any:
        if view.decides_objects:
            return queryset
        rows = queryset.order_by(NEWEST_FIRST)
        # A filter set makes a form of all its filters: a quarter of a list's time, also where none is asked for.
        if view.filterset_class.base_filters.keys().isdisjoint(request.query_params):
            return rows
        return super().filter_queryset(request, rows, view)


def check_parameters(request: Request, known: Collection[str]) -> None:
    """Accept the names of a request's query parameters.

    REST framework and django-filter ignore what they do not know, so a caller who misspells a filter gets everything.

    :raises ValidationError: one is not ``known``, is given twice or has no value.
    """
    errors: dict[str, list[ErrorDetail]] = {}
    for name, values in request.query_params.lists():
        if name not in known:
            errors[name] = [ErrorDetail("This parameter is not known here.", "unknown_parameter")]
        elif len(values) > 1:
            errors[name] = [ErrorDetail("Give this parameter once.", "repeated_parameter")]
        elif not values[0].strip():
            errors[name] = [ErrorDetail("This parameter needs a value.", "blank")]
    if errors:
        raise ValidationError(errors)
