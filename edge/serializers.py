"""Serializers that take what they know and nothing else."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

_TEXT = (
    serializers.CharField,
    serializers.UUIDField,
    serializers.DateTimeField,
    serializers.DateField,
    serializers.TimeField,
    serializers.DurationField,
    serializers.IPAddressField,
)


class StrictFieldsMixin:
    """Refuses input members that are no writable field (`unknown_field`), JSON of another type (`invalid_type`), and
    text that is longer than its field allows (`max_length`), counted as it was sent.

    REST framework drops the first, converts the second, and trims the third before it counts: a caller who misspells a
    field, or tries one that is not theirs to set, deserves to be told (OWASP ASVS 5.0, V15.3.3), and what the document
    says of a length holds for what is sent. Form input is text, so only its names are checked.
    """

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated input.

        :raises ValidationError: a member is unknown, of another JSON type or too long, or its field says so.
        """
        if isinstance(data, Mapping):
            errors = self._misfits(data)
            if errors:
                raise serializers.ValidationError(errors)
        return super().to_internal_value(data)  # type: ignore[misc]  # a mixin for serializers

    def _misfits(self, data: Mapping[str, Any]) -> dict[str, Any]:
        writable = {f.field_name: f for f in self._writable_fields}  # type: ignore[attr-defined]  # the serializer's
        errors: dict[str, Any] = {}
        for name, value in data.items():
            if name not in writable:
                errors[name] = [serializers.ErrorDetail("This field is not known here.", "unknown_field")]
            elif isinstance(data, QueryDict):
                continue
            elif not has_json_type(writable[name], value):
                errors[name] = [serializers.ErrorDetail("This is a value of another type.", "invalid_type")]
            elif overruns := _overruns(writable[name], value):
                errors[name] = overruns
        return errors


def has_json_type(field: Any, value: Any) -> bool:
    """Say whether ``value`` is of the JSON type that ``field`` is documented with; null is the field's own matter."""
    if value is None:
        return True
    if isinstance(field, serializers.ListField):
        return not isinstance(value, list) or all(has_json_type(field.child, item) for item in value)
    if isinstance(field, serializers.BooleanField):
        return isinstance(value, bool)
    if isinstance(field, serializers.IntegerField):
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(field, serializers.FloatField):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str) or not isinstance(field, _TEXT)


def _overruns(field: Any, value: Any) -> Any:
    """Return the errors of text that is too long, by index where ``value`` is a list; empty if all of it fits."""
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        return {index: errors for index, item in enumerate(value) if (errors := _overruns(field.child, item))}
    limit = field.max_length if isinstance(field, serializers.CharField) else None
    if limit is None or not isinstance(value, str) or len(value) <= limit:
        return []
    return [serializers.ErrorDetail(field.error_messages["max_length"].format(max_length=limit), "max_length")]


class PasswordField(serializers.CharField):
    """A password as it was typed: never trimmed, never sent back (OWASP ASVS 5.0, V6.2.8)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{"write_only": True, "trim_whitespace": False, "style": {"input_type": "password"}, **kwargs}
        )


class StrictSerializer(StrictFieldsMixin, serializers.Serializer[Any]):
    """A serializer that refuses what it does not know."""


class StrictModelSerializer(StrictFieldsMixin, serializers.ModelSerializer[Any]):
    """A model serializer that refuses what it does not know."""
