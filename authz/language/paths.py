"""Follows the names of a path through the models, to a column or to the first relation with many rows."""

# ruff: noqa: SLF001  (`_meta`, `_base_manager` and `_state` are Django's documented faces of a model)

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from operator import attrgetter
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist
from django.db.models import (
    Field,
    FileField,
    ForeignKey,
    ManyToManyField,
    ManyToManyRel,
    ManyToOneRel,
    Model,
    OneToOneRel,
)

from .kinds import AnyField, Kind, kind_of
from .sites import PolicyError, Site

Reader = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A path with one value at most.

    :ivar lookup: the path as Django's queries spell it.
    :ivar hops: the foreign keys on the way, as `select_related` spells them.
    :ivar related: the model, if the column is a foreign key.
    :ivar read: returns the value of a row, or None where the path ends early.
    """

    text: str
    lookup: str
    hops: str
    field: AnyField
    kind: Kind | None
    related: type[Model] | None
    nullable: bool
    read: Reader


@dataclass(frozen=True, slots=True)
class Relation:
    """A path up to its first relation with many rows.

    :ivar owner: lookup of the key, in the row that the relation starts from, which `source` refers to.
    :ivar rows: the model whose rows stand for the related ones: itself, or the table between.
    :ivar source: name of the foreign key in `rows` that points back.
    :ivar inner: prefix of lookups, from `rows` to the related model.
    :ivar model: the related model.
    :ivar read: returns the key of a row that `source` is compared with.
    """

    text: str
    owner: str
    rows: type[Model]
    source: str
    inner: str
    model: type[Model]
    read: Reader


@dataclass(frozen=True, slots=True)
class _Walk:
    """How far a path has been followed."""

    model: type[Model]
    hops: tuple[str, ...] = ()
    accessors: tuple[str, ...] = ()
    nullable: bool = False

    def step(self, name: str, accessor: str, model: type[Model], *, nullable: bool) -> "_Walk":
        return _Walk(model, (*self.hops, name), (*self.accessors, accessor), self.nullable or nullable)

    def lookup(self, name: str) -> str:
        return "__".join((*self.hops, name))


def resolve(
    model: type[Model], names: tuple[str, ...], site: Site, root: str = "this"
) -> tuple[Column | Relation, int]:
    """Return where the names lead from a model, and how many of them were used.

    :raises PolicyError: a name is no field, or the path goes on behind a plain value.
    """
    walk = _Walk(model)
    for position, name in enumerate(names, 1):
        field = _field(walk.model, name, site)
        last = position == len(names)
        text = ".".join((root, *names[:position]))
        if isinstance(field, ManyToManyField | ManyToManyRel) or type(field) is ManyToOneRel:
            return _relation(walk, field, text), position
        if isinstance(field, OneToOneRel):
            walk = walk.step(field.name, str(field.get_accessor_name()), field.related_model, nullable=True)
            if last:
                pk = walk.model._meta.pk
                return _column(walk, pk, text), position
            continue
        if not isinstance(field, Field) or field.column is None:
            raise PolicyError(f"{text} is a {type(field).__name__}, which rules cannot follow.", site)
        if last or _is_key_of(field, names[position:]):
            return _column(walk, field, ".".join((root, *names))), len(names)
        if not isinstance(field, ForeignKey):
            raise PolicyError(f"{text} is a plain value: .{names[position]} leads nowhere.", site)
        walk = walk.step(field.name, field.name, field.related_model, nullable=field.null)
    raise PolicyError(f"{root} alone is the row: name one of its fields.", site)


def _field(model: type[Model], name: str, site: Site) -> Any:
    if name == "pk":
        return model._meta.pk
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        known = ", ".join(sorted(field.name for field in model._meta.get_fields()))
        raise PolicyError(f"{model._meta.label} has no field {name!r}. It has: {known}.", site) from None


def _is_key_of(field: AnyField, rest: tuple[str, ...]) -> bool:
    """Tell whether the rest of a path is the key that a foreign key holds itself: no table need be visited."""
    if not isinstance(field, ForeignKey) or len(rest) != 1:
        return False
    target = field.target_field
    return rest[0] == target.name or (rest[0] == "pk" and target.primary_key)


def _column(walk: _Walk, field: AnyField, text: str) -> Column:
    kind = kind_of(field)
    return Column(
        text=text,
        lookup=walk.lookup(field.name),
        hops="__".join(walk.hops),
        field=field,
        kind=kind,
        related=field.related_model if isinstance(field, ForeignKey) else None,
        nullable=walk.nullable or field.null,
        read=_reader(walk.accessors, field, kind),
    )


def _reader(accessors: tuple[str, ...], field: AnyField, kind: Kind | None) -> Reader:
    # A number is looked at, as it may be none.
    types = (kind.types - {float} if kind else frozenset()) | {type(None)}
    get = attrgetter(field.attname)

    def read_here(row: Any) -> Any:
        value = get(row)
        return value if type(value) in types else _as_kept(field, value)

    def read_there(row: Any) -> Any:
        try:
            for accessor in accessors:
                row = getattr(row, accessor)
                if row is None:
                    return None
        except ObjectDoesNotExist:
            return None
        return read_here(row)

    return read_there if accessors else read_here


def _as_kept(field: AnyField, value: Any) -> Any:
    """Return a value of a row as the database compares it.

    :raises TypeError: only the database knows it.
    """
    if hasattr(value, "resolve_expression"):
        raise TypeError(f"only the database knows {field.name}: refresh the row from it")
    if isinstance(field, FileField):
        return value.name
    value = field.to_python(value)
    # PostgreSQL orders NaN behind every number (and SQLite keeps none).
    return inf if value != value else value  # noqa: PLR0124


def _relation(walk: _Walk, field: "ManyToManyField[Any, Any] | ManyToManyRel | ManyToOneRel", text: str) -> Relation:
    rows: Any
    if isinstance(field, ManyToManyField):
        rows = field.remote_field.through
        source, inner = field.m2m_field_name(), f"{field.m2m_reverse_field_name()}__"
    elif isinstance(field, ManyToManyRel):
        rows = field.through
        source, inner = field.field.m2m_reverse_field_name(), f"{field.field.m2m_field_name()}__"
    else:
        rows, source, inner = field.related_model, field.field.name, ""
    key = rows._meta.get_field(source).target_field
    return Relation(
        text=text,
        owner=walk.lookup(key.name),
        rows=rows,
        source=source,
        inner=inner,
        model=_model(field),
        read=_reader(walk.accessors, key, kind_of(key)),
    )


def _model(field: Any) -> type[Model]:
    model: type[Model] = field.related_model
    return model
