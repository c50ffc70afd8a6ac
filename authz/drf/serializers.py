"""Serializers limited to the fields of a principal's roles, and that decide about every row they write."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Model
from rest_framework.fields import Field, HiddenField
from rest_framework.serializers import BaseSerializer, ModelSerializer

from ..fieldsets import FieldSet
from .errors import READ_ONLY, UNKNOWN, FieldsRefused

if TYPE_CHECKING:
    from .deciding import PolicyMixin

    _Base = ModelSerializer[Any]
else:
    _Base = object

_limited: dict[tuple[type, FieldSet, str], type] = {}


def limited(serializer: type[BaseSerializer[Any]], fields: FieldSet, action: str) -> type[BaseSerializer[Any]]:
    """Return the serializer class, limited to these fields; the same class for the same arguments."""
    key = (serializer, fields, action)
    found = _limited.get(key)
    if found is None:
        if len(_limited) > 1000:
            _limited.clear()
        name = f"Limited{serializer.__name__}"
        # The name in the OpenAPI document stays that of the host's class.
        found = _limited[key] = type(
            name,
            (Limited, serializer),
            {"policy_fields": fields, "policy_action": action, "__doc__": serializer.__doc__},
        )
    return found


class Limited(_Base):
    """Goes in front of a model serializer: shows and takes only what the field set allows."""

    policy_fields: ClassVar[FieldSet]
    policy_action: ClassVar[str]

    def get_field_names(self, declared_fields: Mapping[str, Field[Any, Any, Any, Any]], info: Any) -> list[str]:
        names = super().get_field_names(declared_fields, info)
        readable, writable = self._allowed()
        return [
            name
            for name in names
            if readable is None
            or writable is None
            or name in readable
            or name in writable
            or isinstance(declared_fields.get(name), HiddenField)
        ]

    def get_fields(self) -> dict[str, Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        readable, writable = self._allowed()
        for name, field in fields.items():
            if isinstance(field, HiddenField):
                continue
            if writable is not None and name not in writable:
                field.read_only, field.required = True, False
            if readable is not None and name not in readable:
                field.write_only = True
        return fields

    def to_internal_value(self, data: Any) -> Any:
        """Refuse what may not be set instead of dropping it.

        :raises FieldsRefused: 422, a code and a pointer for each such field.
        """
        if isinstance(data, Mapping):
            codes = {str(name): code for name in data if (code := self._refusal(str(name)))}
            if codes:
                raise self._refused(codes)
        return super().to_internal_value(data)

    def _refused(self, codes: dict[str, str]) -> FieldsRefused:
        view = self._view
        refused = FieldsRefused(codes, action=self.policy_action, model=self.Meta.model, target=view.decided_object)
        view.fields_refused.append(refused)
        return refused

    def create(self, validated_data: Any) -> Any:
        return self._view.create_decided(validated_data, super().create)

    def update(self, instance: Model, validated_data: Any) -> Any:
        return self._view.update_decided(instance, validated_data, super().update)

    def _allowed(self) -> tuple[frozenset[str] | None, frozenset[str] | None]:
        fields = self.policy_fields
        return fields.read, fields.writable(self.policy_action)

    def _refusal(self, name: str) -> str:
        field = self.fields.get(name)
        if field is None or isinstance(field, HiddenField):
            return UNKNOWN
        return READ_ONLY if field.read_only else ""

    @property
    def _view(self) -> "PolicyMixin":
        view: PolicyMixin = self.context["view"]
        return view
