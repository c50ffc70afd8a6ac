"""What the OpenAPI document says of the log, where drf-spectacular makes one."""

from collections.abc import Callable
from typing import Any, TypeVar

from ..search import PERIODS, EventSearch
from .questions import LIMIT, MOST, ORDERS, SCHEMAS

View = TypeVar("View", bound=Callable[..., Any])


def _unchanged(view: View) -> View:
    return view


try:
    from drf_spectacular.types import OpenApiTypes
    from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
except ImportError:  # a project that makes no document
    describe_list: Callable[[Any], Any] = _unchanged
    describe_one: Callable[[Any], Any] = _unchanged
else:

    def _parameters() -> list[Any]:
        choices: dict[str, Any] = {"outcome": ("success", "refused", "failed"), "period": tuple(PERIODS)}
        kinds: dict[str, Any] = {"since": OpenApiTypes.DATETIME, "until": OpenApiTypes.DATETIME, "severity": int}
        found = [
            OpenApiParameter(name, kinds.get(name, str), enum=choices.get(name), description=str(field.label))
            for name, field in EventSearch.base_fields.items()
        ]
        return [
            *found,
            OpenApiParameter("order", str, enum=ORDERS, default=ORDERS[0]),
            OpenApiParameter("schema", str, enum=SCHEMAS, default=SCHEMAS[0], description="How each event is written."),
            OpenApiParameter("limit", int, default=LIMIT, description=f"Events on a page, {MOST} at most."),
            OpenApiParameter("cursor", str, description="A link of the page before has it."),
        ]

    _LINK = {"type": "string", "format": "uri", "nullable": True}
    _PAGE = {
        "type": "object",
        "required": ["results", "next", "previous"],
        "properties": {"results": {"type": "array", "items": {"type": "object"}}, "next": _LINK, "previous": _LINK},
    }
    describe_list = extend_schema(
        operation_id="audit_events_list",
        tags=["audit"],
        summary="List audit events",
        parameters=_parameters(),
        responses={200: OpenApiResponse(_PAGE)},
    )
    describe_one = extend_schema(
        operation_id="audit_events_read",
        tags=["audit"],
        summary="Read an audit event",
        responses={200: OpenApiResponse({"type": "object"})},
    )
