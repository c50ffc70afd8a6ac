"""Clauses joined by "and" and "or", flat and with what is constant folded away."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from .clauses import Clause, Compared, Folded, Given, OneOf, Test, Truth, Values
from .nodes import Operator


@dataclass(frozen=True, slots=True)
class Every(Clause):
    """All of the items are true; there are at least two."""

    items: tuple[Clause, ...]

    def test(self) -> Test:
        tests = tuple(item.test() for item in self.items)
        if len(tests) == 2:
            one, other = tests
            return lambda row, values: one(row, values) and other(row, values)

        def test(row: object, values: Values) -> bool:
            return all(item(row, values) for item in tests)

        return test

    def query(self, values: Values, prefix: str = "") -> Folded:
        return conjunction(item.query(values, prefix) for item in self.items)

    def opposite(self) -> Clause:
        return either(item.opposite() for item in self.items)


@dataclass(frozen=True, slots=True)
class Either(Clause):
    """At least one of the items is true; there are at least two."""

    items: tuple[Clause, ...]

    def test(self) -> Test:
        tests = tuple(item.test() for item in self.items)
        if len(tests) == 2:
            one, other = tests
            return lambda row, values: one(row, values) or other(row, values)

        def test(row: object, values: Values) -> bool:
            return any(item(row, values) for item in tests)

        return test

    def query(self, values: Values, prefix: str = "") -> Folded:
        return disjunction(item.query(values, prefix) for item in self.items)

    def opposite(self) -> Clause:
        return every(item.opposite() for item in self.items)


def conjunction(conditions: Iterable[Folded]) -> Folded:
    """Return "all of them" as one flat filter, or as a constant; stops at the first False."""
    parts: list[Q] = []
    for condition in conditions:
        if condition is False:
            return False
        if condition is not True:
            parts.append(condition)
    return _joined(parts, Q.AND, empty=True)


def disjunction(conditions: Iterable[Folded]) -> Folded:
    """Return "one of them" as one flat filter, or as a constant; stops at the first True."""
    parts: list[Q] = []
    for condition in conditions:
        if condition is True:
            return True
        if condition is not False:
            parts.append(condition)
    return _joined(parts, Q.OR, empty=False)


def _joined(parts: list[Q], connector: str, *, empty: bool) -> Folded:
    if len(parts) < 2:
        return parts[0] if parts else empty
    # A part with one condition is taken for that condition: each level of nesting costs Django a walk.
    return Q(*(_bare(part) for part in parts), _connector=connector)


def _bare(part: Q) -> Any:
    return part.children[0] if len(part.children) == 1 and not part.negated else part


def every(items: Iterable[Clause]) -> Clause:
    """Return the clause that is true where all items are."""
    flat: list[Clause] = []
    for item in items:
        if item == Truth(value=False):
            return item
        if item != Truth(value=True):
            flat.extend(item.items if isinstance(item, Every) else (item,))
    if len(flat) < 2:
        return flat[0] if flat else Truth(value=True)
    return Every(tuple(flat))


def either(items: Iterable[Clause]) -> Clause:
    """Return the clause that is true where an item is; equalities of one column become one IN."""
    flat: list[Clause] = []
    for item in items:
        if item == Truth(value=True):
            return item
        if item != Truth(value=False):
            flat.extend(item.items if isinstance(item, Either) else (item,))
    flat = _merged(flat)
    if len(flat) < 2:
        return flat[0] if flat else Truth(value=False)
    return Either(tuple(flat))


def _merged(items: list[Clause]) -> list[Clause]:
    """Join the constant equalities of each column, so that a thousand of them are one look-up in a set."""
    choices: dict[str, list[OneOf]] = {}
    rest: list[Clause] = []
    for item in items:
        choice = constant_choice(item)
        if choice is None:
            rest.append(item)
        else:
            choices.setdefault(choice.column.lookup, []).append(choice)
    return [*(_union(same) for same in choices.values()), *rest]


def constant_choice(item: Clause) -> OneOf | None:
    """Return "the column is one of these constants", if that is all that the clause says."""
    if isinstance(item, OneOf) and item.given.slot is None and not item.negated:
        return item
    if isinstance(item, Compared) and item.operator is Operator.EQUAL and item.given.slot is None and not item.negated:
        return OneOf(item.column, Given(f"[{item.given.text}]", (item.given.value,)))
    return None


def _union(choices: list[OneOf]) -> Clause:
    members = tuple(dict.fromkeys(value for choice in choices for value in choice.given.value))
    column, or_null = choices[0].column, any(choice.or_null for choice in choices)
    if len(members) == 1 and not or_null:
        return Compared(column, Operator.EQUAL, Given(choices[0].given.text.strip("[]"), members[0]))
    text = ", ".join(text for choice in choices if (text := choice.given.text[1:-1]))
    return OneOf(column, Given(f"[{text}]", members), or_null)
