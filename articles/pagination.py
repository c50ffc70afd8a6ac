"""Keyset pages: a page starts after a row, not after a number of rows, so it costs the same wherever it is.

DRF's CursorPagination counts an offset among equal values, crashes (500) on a cursor whose date is no date, and
answers a wrong cursor with 404. Here every order ends with the unique key, and a cursor is input like any other.
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.core.signing import BadSignature, Signer
from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from .conf import conf

_MAX_CURSOR = 2_000


@dataclass(frozen=True)
class Cursor:
    """A place between two rows: just after (or, backwards, before) the row with this value and key."""

    order: str
    value: str
    key: str
    backwards: bool = False

    def encode(self, label: str) -> str:
        """Return the cursor as a word for a URL, signed, so that what comes back is what was given out.

        :param label: of the model that is listed.
        """
        packed = json.dumps([self.order, self.value, self.key, self.backwards], ensure_ascii=False).encode()
        return _signer(label).sign(base64.urlsafe_b64encode(packed).decode().rstrip("="))

    @classmethod
    def decode(cls, word: str, label: str) -> "Cursor":
        """Return the cursor that ``encode`` made.

        :raises BadSignature: it did not.
        """
        if len(word) > _MAX_CURSOR:
            raise BadSignature(label)
        packed = _signer(label).unsign(word)
        return cls(*json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))))


def _signer(label: str) -> Signer:
    return Signer(salt=f"{__name__}.{label}")


class KeysetPagination(BasePagination):
    """`{results, next, previous}`, ordered by one field of the queryset's choice and then by the primary key."""

    #: The query parameters that belong to paging.
    parameters: ClassVar[frozenset[str]] = frozenset({"cursor", "limit"})

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:  # noqa: ARG002
        """Return the page's rows.

        :param queryset: a QuerySet ordered by exactly one field, which is never NULL.
        :raises ValidationError: `cursor` or `limit` is not one.
        """
        (self._order,) = map(str, queryset.query.order_by)
        self._url = request.build_absolute_uri()
        size = _limit(request.query_params.get("limit"))
        word = request.query_params.get("cursor")
        cursor = None if word is None else _cursor(word, self._order, queryset.model)
        backwards = cursor is not None and cursor.backwards
        rows = list(_sorted(queryset, self._order, cursor)[: size + 1])
        more = len(rows) > size
        self._rows = rows[size - 1 :: -1] if backwards else rows[:size]
        self._has_previous, self._has_next = (more, True) if backwards else (cursor is not None, more)
        return self._rows

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page with the links to its neighbours; a link is null where there is none."""
        return Response(
            {
                "results": data,
                "next": self._link(-1) if self._has_next and self._rows else None,
                "previous": self._link(0, backwards=True) if self._has_previous and self._rows else None,
            }
        )

    def _link(self, index: int, *, backwards: bool = False) -> str:
        row = self._rows[index]
        value = getattr(row, self._order.lstrip("-"))
        text = value.isoformat() if isinstance(value, datetime) else str(value)
        cursor = Cursor(self._order, text, str(row.pk), backwards)
        return replace_query_param(self._url, "cursor", cursor.encode(row._meta.label_lower))  # noqa: SLF001  (as above)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return what drf-spectacular says of a page."""
        link = {"type": "string", "format": "uri", "nullable": True}
        properties = {"results": schema, "next": link, "previous": link}
        return {"type": "object", "required": list(properties), "properties": properties}

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:  # noqa: ARG002
        """Return what drf-spectacular says of the parameters."""
        limit = {"type": "integer", "minimum": 1, "maximum": conf.max_page_size, "default": conf.page_size}
        return [
            _parameter("cursor", "A link of the page before has it.", {"type": "string", "maxLength": _MAX_CURSOR}),
            _parameter("limit", "Rows on a page.", limit),
        ]


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _sorted(queryset: QuerySet[Any], order: str, cursor: Cursor | None) -> QuerySet[Any]:
    """Return the rows beyond the cursor, nearest first."""
    field = order.lstrip("-")
    descending = order.startswith("-") != (cursor is not None and cursor.backwards)
    sign, operator = ("-", "lt") if descending else ("", "gt")
    rows = queryset.order_by(f"{sign}{field}", f"{sign}pk")
    if cursor is None:
        return rows
    # The first clause is implied by the second; it lets the index on the field find the place.
    return rows.filter(
        Q(**{f"{field}__{operator}e": cursor.value})
        & (Q(**{f"{field}__{operator}": cursor.value}) | Q(**{f"pk__{operator}": cursor.key}))
    )


def _cursor(word: str, order: str, model: type[Model]) -> Cursor:
    """Return the cursor that a caller sent."""
    try:
        cursor = Cursor.decode(word, model._meta.label_lower)  # noqa: SLF001  (Django's documented API)
    except BadSignature as error:
        raise _refused("cursor", "This is no cursor of this list.") from error
    if cursor.order != order:
        raise _refused("cursor", "This cursor belongs to another order.")
    return cursor


def _limit(text: str | None) -> int:
    """Return how many rows a page has."""
    if text is None:
        return conf.page_size
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= conf.max_page_size):
        raise _refused("limit", f"A whole number from 1 to {conf.max_page_size}.")
    return int(text)


def _refused(parameter: str, detail: str) -> ValidationError:
    return ValidationError({parameter: [ErrorDetail(detail, "invalid")]})
