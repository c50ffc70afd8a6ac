"""The roles that settings declare, and which roles each of them includes."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from .conf import conf

ANYONE = "anyone"
AUTHENTICATED = "authenticated"
# Nobody is given these: every principal holds the first, every user who logged in the second.
IMPLICIT = frozenset({ANYONE, AUTHENTICATED})


class RoleGraphError(ValueError):
    """A role includes one that is not declared, or itself."""


def declared_roles() -> frozenset[str]:
    """Return the names that a membership may hold."""
    return frozenset(conf.roles)


def known_roles() -> frozenset[str]:
    """Return the names that a rule may ask for: the declared ones and the implicit ones."""
    return declared_roles() | IMPLICIT


def expand(roles: Iterable[str]) -> frozenset[str]:
    """Return the roles and all that they include; a name that settings don't declare counts for nothing.

    :raises RoleGraphError: the declared roles are no acyclic graph.
    """
    closures = _closures(tuple((name, tuple(included)) for name, included in conf.roles.items()))
    return frozenset().union(*(closures[role] for role in roles if role in closures))


def check_graph(graph: Mapping[str, Sequence[str]]) -> None:
    """:raises RoleGraphError: a role includes one that is not declared, or itself by any way."""
    _closures(tuple((name, tuple(included)) for name, included in graph.items()))


@lru_cache(maxsize=8)
def _closures(graph: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, frozenset[str]]:
    included = dict(graph)
    done: dict[str, frozenset[str]] = {}

    def close(role: str, above: tuple[str, ...]) -> frozenset[str]:
        if role in above:
            raise RoleGraphError(f"The role {role!r} includes itself: {' > '.join((*above, role))}.")
        if role not in included:
            raise RoleGraphError(f"The role {above[-1]!r} includes {role!r}, which is not declared.")
        if role not in done:
            done[role] = frozenset({role}).union(*(close(other, (*above, role)) for other in included[role]))
        return done[role]

    for role in included:
        close(role, ())
    return done
