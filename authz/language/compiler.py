"""Turns the tree of a rule into clauses, checking it against the models: what compiles is sound."""

# ruff: noqa: SLF001  (`_meta`, `_base_manager` and `_state` are Django's documented faces of a model)

from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import ForeignKey, JSONField, Model

from . import facts
from .clauses import (
    Affixed,
    Clause,
    Compared,
    ComparedColumns,
    Empty,
    Fact,
    Given,
    GrantedRow,
    Holds,
    OneOf,
    SomeRow,
    Truth,
)
from .joined import either, every
from .kinds import TEXT, AnyField, Kind, adapter, comparable, quirk_of
from .nodes import (
    Affix,
    All,
    Always,
    AnyOf,
    Compare,
    Env,
    Granted,
    Has,
    Literal,
    Me,
    Member,
    Node,
    Not,
    Operand,
    Operator,
    Some,
    This,
)
from .paths import Column, Relation, resolve
from .sites import PolicyError, Site
from .text import text_of
from .values import Fetch, Source, choices_of, demand_choice, me_as, source_of

_FLIPPED = {
    Operator.LESS: Operator.GREATER,
    Operator.LESS_OR_EQUAL: Operator.GREATER_OR_EQUAL,
    Operator.GREATER: Operator.LESS,
    Operator.GREATER_OR_EQUAL: Operator.LESS_OR_EQUAL,
}


class Compiler:
    """Compiles one rule of one action.

    :param inside: where the any() stands whose rows this one speaks of.
    :ivar fetches: fills up with what the rule asks of the principal.
    :ivar hops: fills up with the foreign keys that its check follows, as `select_related` spells them.
    :ivar asks_rows: whether it asks for other rows, so that it cannot be decided before the row and they are saved.
    """

    def __init__(self, model: type[Model], action: str, *, inside: Site | None = None) -> None:
        self.model = model
        self.inside = inside
        self.action = action
        self.fetches: list[Fetch] = []
        self.hops: set[str] = set()
        self.asks_rows = False

    def clause(self, node: Node) -> Clause:
        """Return the compiled node.

        :raises PolicyError: it makes no sense for the model.
        """
        if facts.is_fact(node):
            return Fact(text_of(node), self._slot(facts.compile_fact(node)))
        return _BY_NODE[type(node)](self, node)

    def _slot(self, fetch: Fetch) -> int:
        self.fetches.append(fetch)
        return len(self.fetches) - 1

    def _always(self, node: Always) -> Clause:
        return Truth(node.value)

    def _not(self, node: Not) -> Clause:
        return self.clause(node.item).opposite()

    def _joined(self, node: All | AnyOf) -> Clause:
        join = every if isinstance(node, All) else either
        return join([self.clause(item) for item in node.items])  # all of them: each may have an error to tell

    def _compare(self, node: Compare) -> Clause:
        if node.operator is Operator.NOT_EQUAL:
            return self._compare(Compare(Operator.EQUAL, node.left, node.right, node.site)).opposite()
        if not isinstance(node.left, This):
            return self._compare(Compare(_FLIPPED.get(node.operator, node.operator), node.right, node.left, node.site))
        reached = self._reach(node.left, node.site)
        if isinstance(reached, _Many):
            _refuse_row(node.right, node.site)
            return self._some(reached.path, Compare(node.operator, reached.rest, node.right, node.site), node.site)
        if isinstance(node.right, Literal) and node.right.value is None:
            if node.operator is not Operator.EQUAL:
                raise PolicyError(f"Nothing is {node.operator} None: only == and != ask for it.", node.site)
            return Empty(reached)
        kind = _kind(reached, node.site)
        if node.operator is not Operator.EQUAL and not kind.ordered:
            raise PolicyError(f"{reached.text} is a {kind.name}, which no database orders as Python does.", node.site)
        if isinstance(node.right, This):
            return self._compare_columns(reached, node.operator, node.right, node.site)
        return Compared(reached, node.operator, self._given(reached, kind, node.right, node.site))

    def _compare_columns(self, left: Column, operator_: Operator, path: This, site: Site) -> Clause:
        right = self._reach(path, site)
        if isinstance(right, _Many):
            raise PolicyError(f"{path} has many values: put it on the left, or ask with any().", site)
        if not comparable(_kind(left, site), _kind(right, site)):
            raise PolicyError(f"{left.text} and {right.text} are of two kinds and cannot compare.", site)
        _same_target(left, right.related, right.text, site)
        return ComparedColumns(left, operator_, right)

    def _given(self, column: Column, kind: Kind, operand: Operand, site: Site) -> Given:
        """Return the right side of a comparison with a column, as a value that the column can be compared with."""
        adapt = adapter(column.field, kind)
        if isinstance(operand, Literal):
            return Given(repr(operand.value), _constant(column, adapt, operand.value, site))
        source = self._source(column, operand, site)
        if source.many:
            raise PolicyError(f"{source.text} has many values: ask with in_().", site)
        # `me` is the key itself, which the foreign key holds.
        fetch = source.fetch if operand == Me(()) else _adapted(source.fetch, adapt)
        return Given(source.text, slot=self._slot(fetch))

    def _source(self, column: Column, operand: Operand, site: Site) -> Source:
        assert isinstance(operand, Me | Env)  # noqa: S101  (a path is compared by _compare_columns)
        if operand == Me(()):
            user = get_user_model()._meta.concrete_model
            if column.related is None or column.related._meta.concrete_model is not user:
                raise PolicyError(f"{column.text} is no foreign key to the user, so it cannot be `me`.", site)
            return me_as(_target(column.field).attname)
        source = source_of(operand, site)
        if source.kind is not None and not comparable(_kind(column, site), source.kind):
            kinds = f"{column.text} is a {_kind(column, site).name}, {source.text} a {source.kind.name}"
            raise PolicyError(f"{kinds}: they cannot compare.", site)
        _same_target(column, source.related, source.text, site)
        return source

    def _member(self, node: Member) -> Clause:
        if not isinstance(node.left, This):
            raise PolicyError("in_() asks of `this...`; put what the row has on the left.", node.site)
        reached = self._reach(node.left, node.site)
        if isinstance(reached, _Many):
            return self._some(reached.path, Member(reached.rest, node.items, node.site), node.site)
        kind = _kind(reached, node.site)
        if isinstance(node.items, Literal):
            return self._choice(reached, kind, node.items, node.site)
        if isinstance(node.items, This):
            raise PolicyError(f"{node.items} is of the row: compare it with ==.", node.site)
        source = self._source(reached, node.items, node.site)
        return OneOf(reached, Given(source.text, slot=self._slot(_members(source.fetch, adapter(reached.field, kind)))))

    def _choice(self, column: Column, kind: Kind, items: Literal, site: Site) -> Clause:
        adapt = adapter(column.field, kind)
        assert isinstance(items.value, tuple)  # noqa: S101
        members = tuple(_constant(column, adapt, item, site) for item in items.value if item is not None)
        return OneOf(column, Given(repr(list(items.value)), members), or_null=None in items.value)

    def _affix(self, node: Affix) -> Clause:
        if not isinstance(node.left, This) or isinstance(node.right, This):
            raise PolicyError(f"{node.part} asks of `this...` and takes a text of `me` or a literal one.", node.site)
        reached = self._reach(node.left, node.site)
        if isinstance(reached, _Many):
            return self._some(reached.path, Affix(node.part, reached.rest, node.right, node.site), node.site)
        kind = _kind(reached, node.site)
        if kind is not TEXT:
            raise PolicyError(f"{reached.text} is a {kind.name}, not a text.", node.site)
        if isinstance(node.right, Literal):
            return Affixed(reached, node.part, Given(repr(node.right.value), _text(node.right.value, node.site)))
        source = self._source(reached, node.right, node.site)
        return Affixed(reached, node.part, Given(source.text, slot=self._slot(_adapted(source.fetch, TEXT.adapt))))

    def _has(self, node: Has) -> Clause:
        reached = self._reach(node.left, node.site)
        if isinstance(reached, _Many):
            return self._some(reached.path, Has(reached.rest, node.right, node.site), node.site)
        if not isinstance(reached.field, JSONField):
            raise PolicyError(f"{node.left} is no JSON list; compare rows at its end with ==.", node.site)
        if isinstance(node.right, Literal):
            return Holds(reached, Given(repr(node.right.value), _text(node.right.value, node.site)))
        if isinstance(node.right, This) or node.right == Me(()):
            raise PolicyError("has() takes a text.", node.site)
        source = source_of(node.right, node.site)
        return Holds(reached, Given(source.text, slot=self._slot(_adapted(source.fetch, TEXT.adapt))))

    def _some(self, path: This, inner: Node, site: Site) -> Clause:
        reached, used = resolve(self.model, path.names, site)
        if isinstance(reached, Column):
            raise PolicyError(f"{reached.text} has one value: compare it, without any() or exists().", site)
        if used < len(path.names):
            inner = Some(This(path.names[used:]), inner, site)
        self.asks_rows = True
        nested = Compiler(reached.model, self.action, inside=site)
        nested.fetches = self.fetches
        clause = nested.clause(inner)
        return Truth(value=False) if clause == Truth(value=False) else SomeRow(reached, clause)

    def _exists(self, node: Some) -> Clause:
        return self._some(node.path, node.inner, node.site)

    def _granted(self, _node: Granted) -> Clause:
        from ..grants import held_by

        if self.inside is not None:
            raise PolicyError("`granted` speaks of the row of the rule; any() has other rows.", self.inside)
        self.asks_rows = True
        return GrantedRow(self.model, self._slot(held_by(self.model, self.action)))

    def _reach(self, path: This, site: Site) -> "Column | _Many":
        reached, used = resolve(self.model, path.names, site)
        if isinstance(reached, Relation):
            return _Many(This(path.names[:used]), This(path.names[used:] or ("pk",)))
        if reached.hops:
            self.hops.add(reached.hops)
        return reached


_BY_NODE: dict[type, Callable[[Compiler, Any], Clause]] = {
    Always: Compiler._always,
    Not: Compiler._not,
    All: Compiler._joined,
    AnyOf: Compiler._joined,
    Compare: Compiler._compare,
    Member: Compiler._member,
    Affix: Compiler._affix,
    Has: Compiler._has,
    Some: Compiler._exists,
    Granted: Compiler._granted,
}


class _Many:
    """A path that goes over many rows: up to there, and on from there."""

    def __init__(self, path: This, rest: This) -> None:
        self.path = path
        self.rest = rest


def _refuse_row(operand: Operand, site: Site) -> None:
    if isinstance(operand, This):
        raise PolicyError(f"Inside a path with many rows, {operand} is out of sight.", site)


def _kind(column: Column, site: Site) -> Kind:
    if column.kind is None:
        raise PolicyError(f"{column.text} is a {type(column.field).__name__}, which compares with nothing.", site)
    # Keys are compared with keys, which are converted alike.
    quirk = quirk_of(column.field) if column.related is None else ""
    if quirk:
        raise PolicyError(f"{column.text} {quirk}: a database may compare it otherwise than Python does.", site)
    return column.kind


def _target(field: AnyField) -> AnyField:
    assert isinstance(field, ForeignKey)  # noqa: S101
    return field.target_field


def _same_target(column: Column, related: type[Model] | None, text: str, site: Site) -> None:
    """Refuse to compare keys of two different models, which may be equal by accident."""
    if (
        column.related is not None
        and related is not None
        and column.related._meta.concrete_model is not related._meta.concrete_model
    ):
        raise PolicyError(f"{column.text} and {text} are keys of different models.", site)


def _constant(column: Column, adapt: Callable[[Any], Any], value: Any, site: Site) -> Any:
    try:
        adapted = adapt(value)
    except TypeError as error:
        raise PolicyError(f"{column.text} never equals this: {error}.", site) from None
    demand_choice(column.text, choices_of(column.field), adapted, site)
    return adapted


def _text(value: object, site: Site) -> str:
    try:
        return str(TEXT.adapt(value))
    except TypeError as error:
        raise PolicyError(f"{error}.", site) from None


def _adapted(fetch: Fetch, adapt: Callable[[Any], Any]) -> Fetch:
    def fetch_adapted(principal: Any) -> Any:
        value = fetch(principal)
        return None if value is None else adapt(value)

    return fetch_adapted


def _members(fetch: Fetch, adapt: Callable[[Any], Any]) -> Fetch:
    def fetch_members(principal: Any) -> frozenset[Any]:
        value = fetch(principal)
        if isinstance(value, str):
            raise TypeError("a text is no collection")
        return frozenset(adapt(item) for item in value or () if item is not None)

    return fetch_members
