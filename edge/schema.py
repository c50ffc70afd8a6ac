"""The problems in the OpenAPI document."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from .problems.responses import CONTENT_TYPE
from .serializers import StrictFieldsMixin

#: Any request may meet these: malformed, forbidden, limited, crashed, or a limit that cannot be checked.
ALWAYS = (400, 403, 406, 414, 429, 500, 503)
WITH_BODY = (411, 413, 415, 422)


class FaultSerializer(serializers.Serializer[Any]):
    """One fault of the input."""

    pointer = serializers.CharField(help_text="Where in the body, as a JSON pointer; empty: the whole")
    code = serializers.CharField(help_text="A stable word")
    detail = serializers.CharField(help_text="A sentence for people")


class ProblemSerializer(serializers.Serializer[Any]):
    """What went wrong (RFC 9457)."""

    type = serializers.CharField(help_text="A URI that names the kind of problem")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(allow_blank=True)
    code = serializers.CharField(help_text="A stable word")
    request_id = serializers.CharField(allow_blank=True)
    errors = FaultSerializer(many=True, required=False)  # type: ignore[assignment]  # the metaclass takes fields out


def problems(*statuses: int) -> dict[tuple[int, str], type[ProblemSerializer]]:
    """Return the entries for `extend_schema(responses={200: X, **problems(401, 404)})`."""
    return {(status, CONTENT_TYPE): ProblemSerializer for status in statuses}


class ProblemSchema(AutoSchema):
    """Documents the problems that a view can answer with, besides what the view says itself.

    For `REST_FRAMEWORK["DEFAULT_SCHEMA_CLASS"]`.
    """

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for status in self._problem_statuses():
            if str(status) not in bodies:
                bodies[str(status)] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                    ProblemSerializer, str(status), media_types=[CONTENT_TYPE], direction=direction
                )
        return bodies

    def is_deprecated(self) -> bool:
        """Say whether `@deprecated` has announced the route's end."""
        handler = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        is_ours = any(hasattr(owner, "edge_deprecation") for owner in (self.view, handler))
        return is_ours or bool(super().is_deprecated())

    def _problem_statuses(self) -> list[int]:
        found = list(ALWAYS)
        if self.view.get_authenticators():
            found.append(401)
        if "{" in self.path:
            found.append(404)
        if self.method in {"POST", "PUT", "PATCH"}:
            found.extend(WITH_BODY)
        elif self._get_parameters():
            found.append(422)
        return sorted(found)


class StrictFieldsExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]  # its metaclass is untyped
    """Documents that a strict serializer refuses members it does not know."""

    target_class = StrictFieldsMixin
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Literal["request", "response"]) -> dict[str, Any]:
        """Return the schema of the serializer; as input it is closed. Needs `COMPONENT_SPLIT_REQUEST`."""
        schema: dict[str, Any] = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)  # type: ignore[no-untyped-call]  # noqa: SLF001
        return {**schema, "additionalProperties": False} if direction == "request" else schema
