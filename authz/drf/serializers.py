"""Serializers limited to the fields of a principal's roles, and that decide about every row they write."""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Model
from rest_framework.fields import Field, HiddenField, SerializerMethodField
from rest_framework.relations import HyperlinkedRelatedField
from rest_framework.serializers import BaseSerializer, ModelSerializer

from ..engine import scoped
from ..fieldsets import FieldSet
from ..registry import policy_of
from .errors import READ_ONLY, UNKNOWN, FieldsRefused

if TYPE_CHECKING:
    from .deciding import PolicyMixin

    _Base = ModelSerializer[Any]
else:
    _Base = object

_limited: dict[tuple[type, FieldSet, str], type] = {}
# Fields of limited classes that only show values: built once. None stands for fields that must be built for each use.
_shown: dict[type, Mapping[str, Any] | None] = {}


def limited(serializer: type[BaseSerializer[Any]], fields: FieldSet, action: str) -> type[BaseSerializer[Any]]:
    """Return the serializer class, limited to these fields; the same class for the same arguments."""
    key = (serializer, fields, action)
    found = _limited.get(key)
    if found is None:
        if len(_limited) > 1000:
            _limited.clear()
            _shown.clear()
        members = {
            "policy_fields": fields,
            "policy_action": action,
            # What is shown of the class, in the OpenAPI document too, stays the host's.
            "__doc__": serializer.__doc__,
            "__module__": serializer.__module__,
        }
        found = _limited[key] = type(f"Limited{serializer.__name__}", (Limited, serializer), members)
    return found


def _only_shows(field: Field[Any, Any, Any, Any]) -> bool:
    """Tell whether a field's output depends on the row alone: not on the request, nor on code of the host."""
    if isinstance(field, BaseSerializer | SerializerMethodField | HyperlinkedRelatedField):
        return False
    child = getattr(field, "child", None) or getattr(field, "child_relation", None)
    methods = (type(field).to_representation, type(field).get_attribute)
    framework = all(method.__module__.startswith("rest_framework.") for method in methods)
    return framework and (child is None or _only_shows(child))


def _shared(kind: type["Limited"]) -> Mapping[str, Any] | None:
    """Return the fields that every request may share, for reading only; None if the host's class may change them."""
    changing = ("__init__", "get_fields", "get_extra_kwargs", "build_field", "_readable_fields")
    own = [base for base in kind.__mro__ if base is not Limited and not base.__module__.startswith("rest_framework.")]
    if any(name in vars(base) for base in own if base is not object for name in changing):
        return None
    made = kind().fields
    return MappingProxyType(dict(made)) if all(_only_shows(field) for field in made.values()) else None


class Limited(_Base):
    """Goes in front of a model serializer: shows and takes only what the field set allows."""

    policy_fields: ClassVar[FieldSet]
    policy_action: ClassVar[str]

    @cached_property
    def fields(self) -> Any:
        """The fields: for output those that every request shares, as far as none of them looks at the request."""
        if self.instance is None or hasattr(self, "initial_data"):
            return super().fields
        kind = type(self)
        if kind not in _shown:
            _shown[kind] = _shared(kind)
        return super().fields if _shown[kind] is None else _shown[kind]

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
            self._keep_to_readable(field)
        return fields

    def _keep_to_readable(self, field: Any) -> None:
        """Let a related field choose among rows that the principal may read: any other "does not exist"."""
        relation = getattr(field, "child_relation", field)
        rows = getattr(relation, "queryset", None)
        view: Any = self.context.get("view")
        if rows is None or field.read_only or not hasattr(view, "principal"):
            return
        rows = rows.all()
        if policy_of(rows.model) is not None:
            relation.queryset = scoped(rows, view.principal)

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
