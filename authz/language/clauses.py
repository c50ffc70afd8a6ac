"""The compiled tree. Each clause reads a row in Python (`test`) and writes the same condition in SQL (`query`).

Both are two-valued: a clause is true or false of a row, NULL or not, and its negation is the other. Negations stand
only at the leaves, where each clause spells its own, because SQL's NOT of an unknown is unknown and would lose the row.
What the principal and the request say is fetched once, before either reading, into `values`: a clause holds a slot.
"""

# ruff: noqa: SLF001  (`_meta`, `_base_manager` and `_state` are Django's documented faces of a model)

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Exists, F, Model, OuterRef, Q

from .functions import JSONListHas, affix
from .nodes import Operator, Part
from .paths import Column, Relation

Values = Sequence[Any]
Test = Callable[[Any, Values], bool]
# True and False are conditions that no database need see.
Folded = Q | bool

_PYTHON: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_OR_EQUAL: operator.ge,
}
_LOOKUP = {
    Operator.LESS: "lt",
    Operator.LESS_OR_EQUAL: "lte",
    Operator.GREATER: "gt",
    Operator.GREATER_OR_EQUAL: "gte",
}
_OPPOSITE = {
    Operator.LESS: Operator.GREATER_OR_EQUAL,
    Operator.LESS_OR_EQUAL: Operator.GREATER,
    Operator.GREATER: Operator.LESS_OR_EQUAL,
    Operator.GREATER_OR_EQUAL: Operator.LESS,
}


@dataclass(frozen=True, slots=True)
class Given:
    """A value from outside the row: a constant of the rule, or a slot of what the principal brings.

    :ivar text: as the rule spells it.
    """

    text: str
    value: Any = None
    slot: int | None = None

    def get(self, values: Values) -> Any:
        return self.value if self.slot is None else values[self.slot]


def _opposite(test: Test, negated: bool) -> Test:
    return (lambda row, values: not test(row, values)) if negated else test


class Clause(ABC):
    """One condition, compiled."""

    __slots__ = ()

    @abstractmethod
    def test(self) -> Test:
        """Return the condition as a function of a row and the fetched values."""

    @abstractmethod
    def query(self, values: Values, prefix: str = "") -> Folded:
        """Return the condition as a filter, or as a constant where the values decide it.

        :param prefix: leads from the model that is filtered to the one that the rule speaks of.
        """

    @abstractmethod
    def opposite(self) -> "Clause":
        """Return the clause that is true exactly where this one is false."""


@dataclass(frozen=True, slots=True)
class Truth(Clause):
    value: bool

    def test(self) -> Test:
        value = self.value
        return lambda _row, _values: value

    def query(self, values: Values, prefix: str = "") -> Folded:  # noqa: ARG002
        return self.value

    def opposite(self) -> Clause:
        return Truth(not self.value)


@dataclass(frozen=True, slots=True)
class Fact(Clause):
    """Something about the user or the request alone, decided when the values were fetched."""

    text: str
    slot: int
    negated: bool = False

    def test(self) -> Test:
        slot = self.slot
        return _opposite(lambda _row, values: bool(values[slot]), self.negated)

    def query(self, values: Values, prefix: str = "") -> Folded:  # noqa: ARG002
        return bool(values[self.slot]) is not self.negated

    def opposite(self) -> Clause:
        return replace(self, negated=not self.negated)


def _or_null(condition: Q, column: Column, prefix: str) -> Q:
    if not column.nullable:
        return condition
    return Q((f"{prefix}{column.lookup}__isnull", True), condition, _connector=Q.OR)


@dataclass(frozen=True, slots=True)
class Compared(Clause):
    """A column against a given value; a value that is absent on either side compares as false."""

    column: Column
    operator: Operator
    given: Given
    negated: bool = False

    def test(self) -> Test:
        read, compare, slot = self.column.read, _PYTHON[self.operator], self.given.slot
        if slot is not None:
            return _opposite(_against_slot(read, compare, slot), self.negated)
        value = self.given.value
        if self.operator is Operator.EQUAL:
            return (
                (lambda row, _values: read(row) != value) if self.negated else (lambda row, _values: read(row) == value)
            )
        return _opposite(lambda row, _values: (found := read(row)) is not None and compare(found, value), self.negated)

    def query(self, values: Values, prefix: str = "") -> Folded:
        value = self.given.get(values)
        if value is None:
            return self.negated
        return _comparison(self.column, self.operator, value, prefix, negated=self.negated)

    def opposite(self) -> Clause:
        return replace(self, negated=not self.negated)


def _against_slot(read: Callable[[Any], Any], compare: Callable[[Any, Any], bool], slot: int) -> Test:
    def test(row: Any, values: Values) -> bool:
        value = values[slot]
        return value is not None and (found := read(row)) is not None and compare(found, value)

    return test


def _comparison(column: Column, operator_: Operator, value: Any, prefix: str, *, negated: bool) -> Q:
    lookup = prefix + column.lookup
    if operator_ is Operator.EQUAL:
        return _or_null(Q((lookup, value), _negated=True), column, prefix) if negated else Q((lookup, value))
    if negated:
        return _or_null(Q((f"{lookup}__{_LOOKUP[_OPPOSITE[operator_]]}", value)), column, prefix)
    return Q((f"{lookup}__{_LOOKUP[operator_]}", value))


@dataclass(frozen=True, slots=True)
class ComparedColumns(Clause):
    """Two columns of the row against each other."""

    left: Column
    operator: Operator
    right: Column
    negated: bool = False

    def test(self) -> Test:
        left, right, compare = self.left.read, self.right.read, _PYTHON[self.operator]

        def test(row: Any, _values: Values) -> bool:
            one, other = left(row), right(row)
            return one is not None and other is not None and compare(one, other)

        return _opposite(test, self.negated)

    def query(self, values: Values, prefix: str = "") -> Folded:  # noqa: ARG002
        other = F(prefix + self.right.lookup)
        condition = _comparison(self.left, self.operator, other, prefix, negated=self.negated)
        return _or_null(condition, self.right, prefix) if self.negated else condition

    def opposite(self) -> Clause:
        return replace(self, negated=not self.negated)


@dataclass(frozen=True, slots=True)
class OneOf(Clause):
    """A column's value is in a collection; `or_null` lets NULL be a member."""

    column: Column
    given: Given
    or_null: bool = False
    negated: bool = False

    def test(self) -> Test:
        read, given, or_null = self.column.read, self.given, self.or_null
        if given.slot is None:
            members = frozenset(given.value) | ({None} if or_null else frozenset())
            return _opposite(lambda row, _values: read(row) in members, self.negated)
        slot = given.slot
        return _opposite(lambda row, values: read(row) in values[slot], self.negated)

    def query(self, values: Values, prefix: str = "") -> Folded:
        members, lookup = list(self.given.get(values)), prefix + self.column.lookup
        null = Q((f"{lookup}__isnull", not self.negated))
        if not members:
            return null if self.or_null else self.negated
        inside = Q((f"{lookup}__in", members), _negated=self.negated)
        if self.negated:
            return Q(null, inside) if self.or_null else _or_null(inside, self.column, prefix)
        return Q(null, inside, _connector=Q.OR) if self.or_null else inside

    def opposite(self) -> Clause:
        return replace(self, negated=not self.negated)


@dataclass(frozen=True, slots=True)
class Empty(Clause):
    """A column has no value."""

    column: Column
    negated: bool = False

    def test(self) -> Test:
        read = self.column.read
        if self.negated:
            return lambda row, _values: read(row) is not None
        return lambda row, _values: read(row) is None

    def query(self, values: Values, prefix: str = "") -> Folded:  # noqa: ARG002
        return Q((f"{prefix}{self.column.lookup}__isnull", not self.negated))

    def opposite(self) -> Clause:
        return replace(self, negated=not self.negated)


@dataclass(frozen=True, slots=True)
class Affixed(Clause):
    """A text column begins or ends with a text."""

    column: Column
    part: Part
    given: Given
    negated: bool = False

    def test(self) -> Test:
        read, given, part = self.column.read, self.given, self.part

        def test(row: Any, values: Values) -> bool:
            text, found = given.get(values), read(row)
            if text is None or found is None:
                return False
            return bool(found.startswith(text) if part is Part.PREFIX else found.endswith(text))

        return _opposite(test, self.negated)

    def query(self, values: Values, prefix: str = "") -> Folded:
        text, lookup = self.given.get(values), prefix + self.column.lookup
        if text is None:
            return self.negated
        if text == "":
            return Q((f"{lookup}__isnull", self.negated))
        condition = Q(affix(self.part, lookup, text), _negated=self.negated)
        return _or_null(condition, self.column, prefix) if self.negated else condition

    def opposite(self) -> Clause:
        return replace(self, negated=not self.negated)


@dataclass(frozen=True, slots=True)
class Holds(Clause):
    """A JSON column is a list that holds a text."""

    column: Column
    given: Given
    negated: bool = False

    def test(self) -> Test:
        read, given = self.column.read, self.given

        def test(row: Any, values: Values) -> bool:
            text, found = given.get(values), read(row)
            return text is not None and isinstance(found, list | tuple) and text in found

        return _opposite(test, self.negated)

    def query(self, values: Values, prefix: str = "") -> Folded:
        text = self.given.get(values)
        if text is None:
            return self.negated
        return Q(JSONListHas(prefix + self.column.lookup, text), _negated=self.negated)

    def opposite(self) -> Clause:
        return replace(self, negated=not self.negated)


@dataclass(frozen=True, slots=True)
class SomeRow(Clause):
    """At least one related row fulfils a clause: an EXISTS in SQL and, since it speaks of other rows, in Python too."""

    relation: Relation
    inner: Clause
    negated: bool = False

    def test(self) -> Test:
        relation, inner = self.relation, self.inner

        def test(row: Any, values: Values) -> bool:
            key = relation.read(row)
            condition = inner.query(values, relation.inner)
            if key is None or condition is False:
                return False
            rows = relation.rows._base_manager.using(row._state.db).filter(**{relation.source: key})
            return bool((rows if condition is True else rows.filter(condition)).exists())

        return _opposite(test, self.negated)

    def query(self, values: Values, prefix: str = "") -> Folded:
        relation, condition = self.relation, self.inner.query(values, self.relation.inner)
        if condition is False:
            return self.negated
        rows = relation.rows._base_manager.filter(**{relation.source: OuterRef(prefix + relation.owner)})
        found = Exists(rows if condition is True else rows.filter(condition))
        return Q(~found if self.negated else found)

    def opposite(self) -> Clause:
        return replace(self, negated=not self.negated)


@dataclass(frozen=True, slots=True)
class GrantedRow(Clause):
    """A grant on the row is held by the principal whose filter of grants stands in the slot."""

    model: type[Model]
    slot: int
    negated: bool = False

    def test(self) -> Test:
        slot = self.slot
        return _opposite(lambda row, values: values[slot].covers(row), self.negated)

    def query(self, values: Values, prefix: str = "") -> Folded:
        found = values[self.slot].exists(self.model, f"{prefix}pk")
        return Q(~found if self.negated else found)

    def opposite(self) -> Clause:
        return replace(self, negated=not self.negated)
