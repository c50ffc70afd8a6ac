"""A decision costs the same among ten rules and among ten thousand; times are compared within one run, never stated."""

import timeit
from collections.abc import Callable
from functools import partial

import pytest

from authz.engine import Action
from authz.environment import FixedEnvironment
from authz.language.terms import me, this
from authz.policies import Allow, allow, forbid
from authz.principals import Principal
from authz.testing import action_with
from tests.authz.library.models import Book

VIEWER = Principal(None, roles=frozenset({"viewer", "r1", "anyone"}), env=FixedEnvironment())


def of_other_roles(number: int) -> Action:
    rules = Allow(tuple(rule for n in range(number) for rule in allow(f"r{n}", this.title == f"t{n}").rules))
    return action_with(Book, rules | allow("viewer", this.title == "x"))


def of_one_role(number: int) -> Action:
    rules = Allow(tuple(rule for n in range(number) for rule in allow("viewer", this.title == f"t{n}").rules))
    return action_with(Book, rules | allow("viewer", this.title == "x"))


def forbidding_other_roles(number: int) -> Action:
    rules = [forbid("read", role=f"f{n}", when=this.owner == me) for n in range(number)]
    return action_with(Book, allow("viewer"), *rules)


def cost(action: Action) -> float:
    row = Book(title="x")
    assert action.check(VIEWER, row)
    return min(timeit.repeat(lambda: action.check(VIEWER, row), number=300, repeat=20))


@pytest.mark.parametrize("make", [of_other_roles, of_one_role, forbidding_other_roles])
def test_a_decision_costs_the_same_among_ten_rules_and_ten_thousand(make: Callable[[int], Action]) -> None:
    assert cost(make(10_000)) < 3 * cost(make(10))


def test_a_filter_of_other_roles_costs_the_same(db: None) -> None:
    few, many = of_other_roles(10), of_other_roles(10_000)
    few_time, many_time = (
        min(timeit.repeat(partial(action.scope, VIEWER), number=100, repeat=10)) for action in (few, many)
    )
    assert many_time < 3 * few_time
