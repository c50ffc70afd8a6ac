"""Serializers limited to the fields of a principal's roles, and that decide about every row they write."""

from collections.abc import Mapping
from functools import cache, cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Model
from rest_framework.fields import DictField, Field, HiddenField, ListField, SerializerMethodField
from rest_framework.relations import HyperlinkedRelatedField, ManyRelatedField, PrimaryKeyRelatedField, RelatedField
from rest_framework.serializers import BaseSerializer, ListSerializer, ModelSerializer, Serializer

from ..engine import check, scoped
from ..fieldsets import FieldSet, fields_for
from ..managers import ProtectedQuerySet
from ..registry import policy_of
from .errors import READ_ONLY, UNKNOWN, FieldsRefused
from .filters import readable

if TYPE_CHECKING:
    from .deciding import PolicyMixin

    _Base = ModelSerializer[Any]
    _List = ListSerializer[Any]
    _Related = RelatedField[Any, Any, Any]
else:
    _Base = _List = _Related = object

_limited: dict[tuple[type, FieldSet | None, frozenset[str], str, bool], type] = {}
# Fields of limited classes that only show values: built once. None stands for fields that must be built for each use.
_shown: dict[type, Mapping[str, Any] | None] = {}


def limited(
    serializer: type[BaseSerializer[Any]], roles: frozenset[str], action: str, *, nested: bool = False
) -> type[BaseSerializer[Any]]:
    """Return the serializer class, limited to the fields of these roles; the same class for the same arguments.

    The serializers nested in it, read-only ones too, are limited by the policies of their own models.

    :param nested: it stands in another one, so that rows which may not be read are left out.
    """
    model = getattr(getattr(serializer, "Meta", None), "model", None)
    fields = fields_for(model, roles) if model is not None and issubclass(serializer, ModelSerializer) else None
    key = (serializer, fields, roles, action, nested)
    found = _limited.get(key)
    if found is None:
        if len(_limited) > 1000:
            _limited.clear()
            _shown.clear()
        members = {
            "policy_fields": fields,
            "policy_action": action,
            "policy_roles": roles,
            "policy_nested": nested,
            # What is shown of the class, in the OpenAPI document too, stays the host's.
            "__doc__": serializer.__doc__,
            "__module__": serializer.__module__,
        }
        without = OfNoModel if issubclass(serializer, Serializer) else Reaching
        base = without if fields is None else Limited
        found = _limited[key] = type(f"Limited{serializer.__name__}", (base, serializer), members)
    return found


def _only_shows(field: Field[Any, Any, Any, Any]) -> bool:
    """Tell whether a field's output depends on the row alone: not on the request, nor on code of the host."""
    if isinstance(field, BaseSerializer | SerializerMethodField | HyperlinkedRelatedField | OfReadable):
        return False
    child = getattr(field, "child", None) or getattr(field, "child_relation", None)
    methods = (type(field).to_representation, type(field).get_attribute)
    framework = all(method.__module__.startswith("rest_framework.") for method in methods)
    return framework and (child is None or _only_shows(child))


def _shared(kind: type["Limited"]) -> Mapping[str, Any] | None:
    """Return the fields that every request may share, for reading only; None if the host's class may change them."""
    changing = ("__init__", "get_fields", "get_extra_kwargs", "build_field", "_readable_fields")
    bases = [base for base in kind.__mro__ if base not in {Limited, Reaching, object}]
    own = [base for base in bases if not base.__module__.startswith("rest_framework.")]
    if any(name in vars(base) for base in own for name in changing):
        return None
    made = kind().fields
    return MappingProxyType(dict(made)) if all(_only_shows(field) for field in made.values()) else None


def let_validators_ask(validators: list[Any]) -> list[Any]:
    """Let validators of uniqueness see every row: the database will."""
    for validator in validators:
        rows = getattr(validator, "queryset", None)
        if isinstance(rows, ProtectedQuerySet):
            validator.queryset = rows.unscoped("a validator of uniqueness")
    return validators


class WithoutUnreadable(_List):
    """Goes in front of a nested list: leaves out the rows that the principal may not read."""

    def to_representation(self, data: Any) -> list[Any]:
        shown: list[Any] = super().to_representation(data)
        return [item for item in shown if item is not None]


class OfReadable(_Related):
    """Goes in front of a field that shows related rows: shows nothing of those that the principal may not read."""

    def to_representation(self, value: Any) -> Any:
        if isinstance(self, ManyRelatedField):
            return super().to_representation([row for row in value if not self._is_hidden(self.child_relation, row)])
        return None if self._is_hidden(self, value) else super().to_representation(value)

    def _is_hidden(self, relation: Any, row: Any) -> bool:
        view: Any = self.context["view"]
        return is_unreadable(view, row) or not _shows_readable(view, relation, type(row))


def is_unreadable(view: Any, row: Any) -> bool:
    """Tell whether this is a row of a model with a policy that the principal of a view may not read."""
    has_policy = isinstance(row, Model) and policy_of(type(row)) is not None
    return has_policy and not check(view.principal, "read", row)


def _shows_readable(view: Any, relation: Any, model: type[Model]) -> bool:
    """Tell whether the field that stands for related rows (`slug_field`), if one does, may be read."""
    name = getattr(relation, "slug_field", None)
    return name is None or policy_of(model) is None or readable(view, name, model)


@cache
def _like(kind: type[Any], base: type[Any]) -> type[Any]:
    return type(f"Limited{kind.__name__}", (base, kind), {})


class Reaching(_Base):
    """Goes in front of a serializer: limits those that are nested in it, and what other fields show of related rows.

    It refuses what it has no field for, or none to set.
    """

    policy_action: ClassVar[str]
    policy_roles: ClassVar[frozenset[str]]
    policy_nested: ClassVar[bool]

    def get_fields(self) -> dict[str, Field[Any, Any, Any, Any]]:
        return {name: self._reached(field) for name, field in super().get_fields().items()}

    def _reached(self, field: Any) -> Any:
        """Return a field, or the like of it that is limited itself: of what is nested, and of what shows other rows."""
        kind: Any = type(field)
        if isinstance(field, ListSerializer | ListField | DictField):
            child = self._reached(field.child)
            if child is field.child:
                return field
            kind = kind if isinstance(field, DictField) else _like(kind, WithoutUnreadable)
            return kind(*field._args, **{**field._kwargs, "child": child})  # type: ignore[union-attr]  # noqa: SLF001  (as Field.__deepcopy__ does)
        if isinstance(field, BaseSerializer):
            kind = limited(kind, self.policy_roles, self.policy_action, nested=True)
            return kind(*field._args, **field._kwargs)  # type: ignore[attr-defined]  # noqa: SLF001
        # A key stands in a column of the row itself.
        shows_more = not isinstance(field, PrimaryKeyRelatedField | HyperlinkedRelatedField)
        if isinstance(field, ManyRelatedField) or (isinstance(field, RelatedField) and shows_more):
            field.__class__ = _like(kind, OfReadable)  # of this serializer alone: get_fields makes its fields anew
        return field

    def to_representation(self, instance: Any) -> Any:
        """Return the fields that the principal may read; None for a nested row that it may not read."""
        if self.policy_nested and is_unreadable(self._view, instance):
            return None
        return super().to_representation(instance)

    def to_internal_value(self, data: Any) -> Any:
        """Refuse what may not be set instead of dropping it.

        :raises FieldsRefused: 422, a code and a pointer for each such field.
        """
        if isinstance(data, Mapping) and isinstance(self, Serializer):
            codes = {str(name): code for name in data if (code := self._refusal(str(name)))}
            if codes:
                raise self._refused(codes)
        return super().to_internal_value(data)

    def _refused(self, codes: dict[str, str]) -> FieldsRefused:
        view = self._view
        refused = FieldsRefused(codes, action=self.policy_action, model=self._model, target=view.decided_object)
        view.fields_refused.append(refused)
        return refused

    def _refusal(self, name: str) -> str:
        field = self.fields.get(name)
        if field is None or isinstance(field, HiddenField):
            return UNKNOWN
        return READ_ONLY if field.read_only else ""

    @property
    def _model(self) -> "type[Model]":
        """The model that the serializer says it is of, else the view's."""
        found: type[Model] = getattr(getattr(self, "Meta", None), "model", self._view.policy_model)
        return found

    @property
    def _view(self) -> "PolicyMixin":
        view: PolicyMixin = self.context["view"]
        return view


class OfNoModel(Reaching):
    """Goes in front of a serializer that is written by hand: limits those of its fields that stand for columns.

    The model of a row says which of it may be shown; the view's, which a create or an update of the view may set.
    """

    def get_fields(self) -> dict[str, Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        view: Any = self.context.get("view")
        if self.policy_action in {"create", "update"} and not self.policy_nested and hasattr(view, "policy_model"):
            allowed = fields_for(view.policy_model, self.policy_roles).writable(self.policy_action)
            for name in _beyond(fields, view.policy_model, allowed):
                fields[name].read_only, fields[name].required = True, False
        return fields

    def to_representation(self, instance: Any) -> Any:
        shown = super().to_representation(instance)
        if isinstance(instance, Model) and isinstance(shown, dict):
            for name in self._hidden_of(type(instance)):
                shown.pop(name, None)
        return shown

    def _hidden_of(self, model: type[Model]) -> list[str]:
        """Return the fields that may not be shown of a row; worked out once for all rows of a list."""
        if model not in self._hidden:
            self._hidden[model] = _beyond(self.fields, model, fields_for(model, self.policy_roles).read)
        return self._hidden[model]

    @cached_property
    def _hidden(self) -> dict[type[Model], list[str]]:
        return {}


def _beyond(fields: Mapping[str, Any], model: type[Model], allowed: frozenset[str] | None) -> list[str]:
    """Return the names of the fields that stand for a column of the model which is not among the allowed ones."""
    if allowed is None:
        return []
    of_model = model._meta  # noqa: SLF001  (documented)
    columns = {name: column.name for column in of_model.concrete_fields for name in (column.name, column.attname)}
    columns["pk"] = of_model.pk.name
    roots = {name: (field.source or name).partition(".")[0] for name, field in fields.items()}
    return [name for name, root in roots.items() if root in columns and columns[root] not in allowed]


class Limited(Reaching):
    """Goes in front of a model serializer: shows and takes only what the field set allows."""

    policy_fields: ClassVar[FieldSet]

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
            let_validators_ask(field.validators)
        return fields

    def get_validators(self) -> list[Any]:
        return let_validators_ask(super().get_validators())

    def _keep_to_readable(self, field: Any) -> None:
        """Let a related field choose among rows that the principal may read: any other "does not exist"."""
        relation = getattr(field, "child_relation", field)
        rows = getattr(relation, "queryset", None)
        view: Any = self.context.get("view")
        if rows is None or field.read_only or not hasattr(view, "principal"):
            return
        rows = rows.all()
        if policy_of(rows.model) is not None:
            found = scoped(rows, view.principal)
            relation.queryset = found if _shows_readable(view, relation, rows.model) else found.none()

    def create(self, validated_data: Any) -> Any:
        if self._is_of_view:
            return self._view.create_decided(validated_data, super().create)
        return self._view.create_beside(validated_data, super().create)

    def update(self, instance: Model, validated_data: Any) -> Any:
        if self._is_of_view:
            return self._view.update_decided(instance, validated_data, super().update)
        return self._view.update_beside(instance, validated_data, super().update)

    @property
    def _is_of_view(self) -> bool:
        """Is a row of this serializer what the view is about, or one beside it?"""
        model, of_view = self._model._meta, self._view.policy_model._meta  # noqa: SLF001  (documented)
        return not self.policy_nested and model.concrete_model is of_view.concrete_model

    def _allowed(self) -> tuple[frozenset[str] | None, frozenset[str] | None]:
        fields = self.policy_fields
        return fields.read, fields.writable(self.policy_action)
