"""What a list of articles can be narrowed and ordered by: this and nothing else."""

from datetime import UTC, datetime
from typing import Any

import django_filters
from django.core.validators import MaxValueValidator, MinLengthValidator, MinValueValidator
from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from .models import Article, Status
from .models.article import MAX_TAG_LENGTH, TITLE_LENGTH
from .pagination import KeysetPagination

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
    category = django_filters.UUIDFilter("category_id")
    author = django_filters.UUIDFilter("author_id")
    tag = django_filters.CharFilter("tags", "has_word", max_length=MAX_TAG_LENGTH)
    search = django_filters.CharFilter(
        "title", "icontains", max_length=TITLE_LENGTH[1], validators=[MinLengthValidator(2)], label="Part of the title."
    )
    created_after = django_filters.IsoDateTimeFilter("created_at", "gte", **_MOMENT)
    created_before = django_filters.IsoDateTimeFilter("created_at", "lt", **_MOMENT)
    ordering = django_filters.ChoiceFilter(choices=_ORDERS, method="order")

    class Meta:
        model = Article
        fields: list[str] = []

    def order(self, queryset: QuerySet[Article], name: str, value: str) -> QuerySet[Article]:  # noqa: ARG002
        return queryset.order_by(value)


class StrictFilterBackend(DjangoFilterBackend):  # type: ignore[misc]  # untyped library
    """Refuses (422) a parameter that the list does not know, that is repeated, empty, or no such value.

    django-filter and REST framework ignore all four: a caller who misspells a filter then gets everything.
    """

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> Any:
        """Return the rows that the parameters ask for, newest first unless they say otherwise.

        :raises ValidationError: a parameter is refused.
        """
        known = set(view.filterset_class.base_filters) | getattr(view, "query_parameters", KeysetPagination.parameters)
        check_parameters(request, known)
        return super().filter_queryset(request, queryset.order_by(NEWEST_FIRST), view)


def check_parameters(request: Request, known: set[str]) -> None:
    """Accept the names of a request's query parameters.

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
