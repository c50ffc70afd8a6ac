"""Which fields a set of roles may see and set: worked out once for each set, not once a request."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, ForeignKey, Model

from . import registry
from .language.nodes import Env, Literal, Me
from .language.sites import PolicyError
from .language.terms import operand_of
from .language.values import source_of
from .policies import Fields, Policy, as_names
from .principals import Principal

# The name that a value is saved under, and how it is found.
Preset = tuple[str, Callable[[Principal], Any]]


@dataclass(frozen=True, slots=True)
class FieldSet:
    """The fields of a set of roles; a set that is None is not limited by the policy."""

    read: frozenset[str] | None
    create: frozenset[str] | None
    update: frozenset[str] | None
    preset: tuple[Preset, ...]

    def writable(self, action: str) -> frozenset[str] | None:
        """Return what input of an action may set; an action other than create counts as an update."""
        return self.create if action == "create" else self.update

    def presets(self, principal: Principal) -> dict[str, Any]:
        """Return the values that a row of this principal is made with."""
        return {name: fetch(principal) for name, fetch in self.preset}


_UNLIMITED = FieldSet(None, None, None, ())


def fields_for(model: type[Model], roles: frozenset[str]) -> FieldSet:
    """Return the fields of a model for a set of roles: those of all the roles together.

    :raises PolicyError: a group or a preset makes no sense.
    """
    key, known = (model, roles), registry.fieldsets
    found = known.get(key)
    if found is None:
        if len(known) > 1000:
            known.clear()
        found = known[key] = _built(registry.policy_of(model), roles)
    return found


def _built(policy: type[Policy] | None, roles: frozenset[str]) -> FieldSet:
    if policy is None or policy.fields is None:
        return _UNLIMITED
    held = [fields for role, fields in policy.fields.items() if role in roles]
    presets = {name: _preset(policy, fields, name, value) for fields in held for name, value in fields.preset.items()}
    return FieldSet(
        read=_union(policy, ((fields.read, fields) for fields in held)),
        create=_union(policy, ((fields.create, fields) for fields in held)),
        update=_union(policy, ((fields.update, fields) for fields in held)),
        preset=tuple(presets.values()),
    )


def _union(policy: type[Policy], sets: Iterable[tuple[frozenset[str], Fields]]) -> frozenset[str]:
    return frozenset().union(*(_expanded(policy, names, fields) for names, fields in sets))


def _expanded(policy: type[Policy], names: frozenset[str], fields: Fields, above: tuple[str, ...] = ()) -> set[str]:
    found: set[str] = set()
    for name in names:
        if not name.startswith("*"):
            found.add(name)
        elif name[1:] not in policy.groups or name in above:
            raise PolicyError(f"{name} is no group of fields, or has itself as a member.", fields.site)
        else:
            found |= _expanded(policy, as_names(policy.groups[name[1:]]), fields, (*above, name))
    return found


def _preset(policy: type[Policy], fields: Fields, name: str, value: Any) -> Preset:
    column = _column(policy, fields, name)
    match operand_of(value):
        case Literal(value=constant):
            return column.name, lambda _principal: constant
        case Me(names=()):
            return column.name, lambda principal: principal.user if principal.known else None
        case Me() | Env() as operand:
            # The key of a foreign key, not its row: the name without it would want the row.
            return column.attname, source_of(operand, fields.site).fetch
    raise PolicyError(f"The preset of {name!r} is a literal, `me...` or `env...`.", fields.site)


def _column(policy: type[Policy], fields: Fields, name: str) -> "Field[Any, Any] | ForeignKey[Any, Any]":
    try:
        column = policy.model._meta.get_field(name)  # noqa: SLF001  (documented)
    except FieldDoesNotExist:
        column = None
    if not isinstance(column, Field):
        raise PolicyError(f"The preset {name!r} is no field of {policy.model.__name__}.", fields.site)
    return column


def check_fields(policy: type[Policy], roles: frozenset[str]) -> Iterable[PolicyError]:
    """Yield what is wrong with the fields of a policy: an unknown role, group or preset."""
    for role, fields in (policy.fields or {}).items():
        if role not in roles:
            yield PolicyError(f"There is no role {role!r}.", fields.site)
        try:
            _built(policy, frozenset({role}))
        except PolicyError as error:
            yield error
