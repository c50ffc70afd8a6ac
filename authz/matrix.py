"""Roles by actions: what the holders of a role may do with some row of a model, without looking at any."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Model

from .conf import conf
from .language.nodes import Always
from .policies import EVERY_ACTION, AllowRule, Forbid, Policy
from .registry import policy_of
from .roles import ANYONE, AUTHENTICATED, IMPLICIT, expand


class Extent(StrEnum):
    """With how many rows holders of a role may do something."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Line:
    """What one role may do, in the order of the matrix's actions."""

    role: str
    extents: tuple[Extent, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    actions: tuple[str, ...]
    lines: tuple[Line, ...]


def matrix(policy: type[Policy]) -> Matrix:
    """Return the matrix of a model, policy files included: declared roles as settings order them, before them those
    that nobody is given.
    """
    actions = tuple(sorted(policy.rules()[0]))
    roles = (ANYONE, AUTHENTICATED, *conf.roles)
    lines = (Line(role, tuple(extent(policy.model, name, held_with(role)) for name in actions)) for role in roles)
    return Matrix(actions, tuple(lines))


def held_with(role: str) -> frozenset[str]:
    """Return the roles that a holder of one holds: what it includes, and the implicit ones."""
    return frozenset({ANYONE}) if role == ANYONE else expand([role]) | IMPLICIT


def extent(model: type[Model], action: str, roles: frozenset[str]) -> Extent:
    """Return with how many rows of their tenant holders of these roles may take an action, as far as rules say so."""
    policy = policy_of(model)
    if policy is None:
        return Extent.NEVER
    allowing, forbidding = _rules(policy, action, roles)
    if not allowing or any(_is_always(forbid) for forbid in forbidding):
        return Extent.NEVER
    free = any(_is_always(rule) for rule in allowing) and not forbidding
    return Extent.ALWAYS if free else Extent.SOMETIMES


def _rules(policy: type[Policy], action: str, roles: frozenset[str]) -> tuple[list[AllowRule], list[Forbid]]:
    allows, forbids = policy.rules()
    rules = allows[action].rules if action in allows else ()
    allowing = [rule for rule in rules if rule.role in roles and rule.when != Always(value=False)]
    return allowing, list(_against(forbids, action, roles))


def _against(forbids: list[Forbid], action: str, roles: frozenset[str]) -> Iterator[Forbid]:
    for forbid in forbids:
        if forbid.role in {*roles, ""} and {action, EVERY_ACTION} & set(forbid.actions):
            yield forbid


def _is_always(rule: AllowRule | Forbid) -> bool:
    return rule.when == Always(value=True)
