"""Rules, compiled one by one, and put together for the roles of a principal."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from django.db.models import Model

from .language.clauses import Clause, Test, Truth
from .language.compiler import Compiler
from .language.joined import constant_choice, either
from .language.nodes import Node
from .language.sites import Site
from .language.values import Fetch
from .principals import Principal


@dataclass(frozen=True, slots=True)
class Rule:
    """One allow or forbid, compiled."""

    role: str
    why: str
    site: Site
    node: Node
    clause: Clause
    fetches: tuple[Fetch, ...]
    opposite: Clause
    test: Test
    hops: frozenset[str]
    asks_rows: bool

    @classmethod
    def compiled(
        cls, model: type[Model], action: str, when: Node, site: Site, *, role: str = "", why: str = ""
    ) -> "Rule":
        compiler = Compiler(model, action)
        clause = compiler.clause(when)
        return cls(
            role,
            why,
            site,
            when,
            clause,
            tuple(compiler.fetches),
            clause.opposite(),
            clause.test(),
            frozenset(compiler.hops),
            compiler.asks_rows,
        )

    def values(self, principal: Principal) -> list[Any]:
        """Fetch all that the rule asks of the principal, before any row is read: what fails here fails the rule."""
        return [fetch(principal) for fetch in self.fetches]

    def holds(self, principal: Principal, row: Model) -> bool:
        fetches = self.fetches
        return self.test(row, [fetch(principal) for fetch in fetches] if fetches else ())


class RoleRules(NamedTuple):
    """The rules of an action that concern a set of roles; a forbid without a role concerns all."""

    allows: tuple[Rule, ...]
    forbids: tuple[Rule, ...]


def by_role(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    """Return the rules that can be true, by the role that each asks for."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.clause != Truth(value=False):
            found.setdefault(rule.role, []).append(rule)
    return found


def merged(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return the rules with those that only say "this column is that constant" joined by column, the shortest first.

    A thousand of them are one look-up in a set then. Joining others would let the failure of one take the rest along,
    and a forbid is told with its own reason.
    """
    choices: dict[tuple[str, str], list[Rule]] = {}
    rest: list[Rule] = []
    for rule in rules:
        choice = None if rule.hops else constant_choice(rule.clause)
        if choice is None:
            rest.append(rule)
        else:
            choices.setdefault((choice.column.lookup, rule.why), []).append(rule)
    joined = [_joined(same) if len(same) > 1 else same[0] for same in choices.values()]
    # Those without conditions decide soonest.
    return tuple(sorted([*joined, *rest], key=lambda rule: not isinstance(rule.clause, Truth)))


def _joined(rules: list[Rule]) -> Rule:
    clause = either(rule.clause for rule in rules)
    return replace(rules[0], clause=clause, opposite=clause.opposite(), test=clause.test())
