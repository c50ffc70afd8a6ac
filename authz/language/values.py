"""What the user and the request bring to a rule: how it is fetched, and what is known of it beforehand."""

# ruff: noqa: SLF001  (`_meta`, `_base_manager` and `_state` are Django's documented faces of a model)

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Protocol

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from .kinds import BOOLEAN, DATETIME, TEXT, AnyField, Kind, kind_of
from .nodes import Env, EnvName, Me
from .paths import Column, resolve
from .sites import PolicyError, Site


class Asker(Protocol):
    """What a rule wants to know of the principal."""

    @property
    def user(self) -> Any: ...
    @property
    def known(self) -> bool: ...
    @property
    def env(self) -> Any: ...


Fetch = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Source:
    """A value that is fetched from the principal.

    :ivar kind: None where nothing is known before it is fetched.
    :ivar related: the model whose key it is.
    :ivar many: it is a collection.
    :ivar choices: the values that its column has; empty for any.
    """

    text: str
    fetch: Fetch
    kind: Kind | None = None
    related: type[Model] | None = None
    many: bool = False
    choices: tuple[Any, ...] = ()


_ENV_KINDS = {EnvName.NOW: DATETIME, EnvName.MFA: BOOLEAN, EnvName.CLIENT: TEXT}


def choices_of(field: AnyField) -> tuple[Any, ...]:
    """Return the values that a column may have; empty for any."""
    return tuple(choice for choice, _ in field.flatchoices)


def demand_choice(text: str, choices: tuple[Any, ...], value: Any, site: Site) -> None:
    """:raises PolicyError: what is called so never has the value."""
    if choices and value not in choices:
        raise PolicyError(f"{text} is never {value!r}: its choices are {list(choices)}.", site)


def source_of(operand: Me | Env, site: Site) -> Source:
    """Return how to fetch `me...` or `env...`.

    :raises PolicyError: the user model has no such attribute, or the fact is only for a test of its own.
    """
    if isinstance(operand, Env):
        return _environment(operand, site)
    if not operand.names:
        raise PolicyError("`me` compares with a foreign key to the user, or with a list of them.", site)
    try:
        get_user_model()._meta.get_field("pk" if operand.names[0] == "pk" else operand.names[0])
    except FieldDoesNotExist:
        if operand.names[0] != "pk":
            return _attribute(operand, site)
    return _field(operand, site)


def me_as(attribute: str) -> Source:
    """Return `me` as a foreign key to the user holds it."""
    key = attrgetter(attribute)

    def fetch(principal: Asker) -> Any:
        return key(principal.user) if principal.known else None

    return Source("me", fetch, related=get_user_model())


def _environment(operand: Env, site: Site) -> Source:
    kind = _ENV_KINDS.get(operand.name)
    if kind is None:
        test = {EnvName.IP: "env.ip.within(...)", EnvName.TIME: "env.time.between(...)"}[operand.name]
        raise PolicyError(f"{operand} is asked by {test} only.", site)
    name = operand.name.value
    return Source(str(operand), lambda principal: getattr(principal.env, name), kind)


def _attribute(operand: Me, site: Site) -> Source:
    """Read a property of the user class; one that is missing at run time is an error, not an absent value."""
    name = operand.names[0]
    if not hasattr(get_user_model(), name) or len(operand.names) > 1:
        raise PolicyError(f"{get_user_model()._meta.label} has no field or property for {operand}.", site)
    if callable(getattr(get_user_model(), name)):
        raise PolicyError(f"{operand} is a method, which rules do not call: make it a property.", site)
    return Source(str(operand), lambda principal: getattr(principal.user, name) if principal.known else None)


def _field(operand: Me, site: Site) -> Source:
    reached, used = resolve(get_user_model(), operand.names, site, root="me")
    if isinstance(reached, Column):
        read = reached.read
        return Source(
            str(operand),
            lambda principal: read(principal.user) if principal.known else None,
            reached.kind,
            reached.related,
            choices=choices_of(reached.field),
        )
    if used < len(operand.names):
        raise PolicyError(f"{reached.text} has many rows: a rule can ask for their keys only.", site)
    relation = reached

    def keys(principal: Asker) -> frozenset[Any]:
        if not principal.known:
            return frozenset()
        rows = relation.rows._base_manager.filter(**{relation.source: relation.read(principal.user)})
        return frozenset(rows.values_list(f"{relation.inner}pk", flat=True))

    return Source(str(operand), keys, kind_of(relation.model._meta.pk), relation.model, many=True)
