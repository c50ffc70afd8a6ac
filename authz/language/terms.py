"""What rules are written with: `this`, `me`, `env`, `granted` and the conditions that their operators make."""

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from datetime import time
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, NoReturn

from .nodes import (
    Affix,
    All,
    Always,
    AnyOf,
    Between,
    Compare,
    Env,
    EnvName,
    Granted,
    Has,
    Literal,
    Me,
    Member,
    Node,
    Not,
    Operand,
    Operator,
    Part,
    Some,
    This,
    Within,
)
from .sites import PolicyError, Site
from .text import text_of


class Condition:
    """Something that is true or false of a row, a user and a request; joined by `&`, `|` and `~`."""

    def __init__(self, node: Node) -> None:
        self._tree = node

    def __repr__(self) -> str:
        return text_of(self._tree)

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(All((tree_of(self), tree_of(other))))

    def __or__(self, other: "Condition") -> "Condition":
        return Condition(AnyOf((tree_of(self), tree_of(other))))

    def __invert__(self) -> "Condition":
        return Condition(Not(tree_of(self)))

    def __bool__(self) -> NoReturn:
        raise PolicyError(
            "Join conditions with &, | and ~, each in brackets: `and`, `or`, `not` cannot be.", Site.of_caller()
        )


def tree_of(condition: object) -> Node:
    """Return the tree of a condition; a bare path or flag is true when its value is.

    :raises PolicyError: it is no condition.
    """
    if isinstance(condition, Condition):
        return condition._tree  # noqa: SLF001  (`this.tree` must stay a path)
    if isinstance(condition, bool):
        return Always(condition)
    raise PolicyError(f"{condition!r} is no condition.", Site.of_caller())


def operand_of(value: Any) -> Operand:
    """Return the tree of a term; anything else is a literal."""
    if isinstance(value, Term):
        return value._operand  # noqa: SLF001
    return Literal(value)


class Term(Condition):
    """A value: comparing it makes a condition."""

    def __init__(self, operand: Operand, site: Site) -> None:
        self._operand = operand
        super().__init__(Compare(Operator.EQUAL, operand, Literal(value=True), site))

    def __repr__(self) -> str:
        return str(self._operand)

    def _compare(self, operator: Operator, other: Any) -> Condition:
        return Condition(Compare(operator, self._operand, operand_of(other), Site.of_caller()))

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]  # a rule is written with ==
        return self._compare(Operator.EQUAL, other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compare(Operator.NOT_EQUAL, other)

    def __lt__(self, other: Any) -> Condition:
        return self._compare(Operator.LESS, other)

    def __le__(self, other: Any) -> Condition:
        return self._compare(Operator.LESS_OR_EQUAL, other)

    def __gt__(self, other: Any) -> Condition:
        return self._compare(Operator.GREATER, other)

    def __ge__(self, other: Any) -> Condition:
        return self._compare(Operator.GREATER_OR_EQUAL, other)

    __hash__ = None  # type: ignore[assignment]  # == makes a condition, so no term can be a key

    def in_(self, items: "Collection[Any] | Term") -> Condition:
        """Is the value one of these? None among literal items stands for "no value"."""
        found = operand_of(items) if isinstance(items, Term) else Literal(_literals(items))
        return Condition(Member(self._operand, found, Site.of_caller()))

    def isnull(self) -> Condition:
        """Is there no value?"""
        return self._compare(Operator.EQUAL, None)

    def startswith(self, text: Any) -> Condition:
        """Does the text begin so? Upper and lower case differ on every database."""
        return Condition(Affix(Part.PREFIX, self._operand, operand_of(text), Site.of_caller()))

    def endswith(self, text: Any) -> Condition:
        """Does the text end so? Upper and lower case differ on every database."""
        return Condition(Affix(Part.SUFFIX, self._operand, operand_of(text), Site.of_caller()))


def _literals(items: Collection[Any]) -> tuple[Any, ...]:
    if isinstance(items, str | bytes):
        raise PolicyError(f"in_() takes a list of values; {items!r} alone would be its letters.", Site.of_caller())
    # Those of a set come in another order in each process, and a rule is printed the same in all.
    return tuple(_literal(item) for item in (sorted(items, key=repr) if isinstance(items, AbstractSet) else items))


def _literal(item: Any) -> Any:
    if isinstance(item, Condition):
        raise PolicyError("A list in a rule holds values, not terms; join comparisons with |.", Site.of_caller())
    return item


class MePath(Term):
    """`me`, the user who asks, and the user's attributes: `me.department`."""

    def __init__(self, *names: str) -> None:
        super().__init__(Me(names), Site.of_caller())

    def __getattr__(self, name: str) -> "MePath":
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> "MePath":
        operand = self._operand
        assert isinstance(operand, Me)  # noqa: S101
        return MePath(*operand.names, name)


class ThisPath(Term):
    """The row in question, and its attributes across relations: `this.author.name`.

    A path over many rows (`this.tags.name == "x"`) is true when at least one of them fits.
    """

    def __init__(self, *names: str) -> None:
        super().__init__(This(names), Site.of_caller())

    def __getattr__(self, name: str) -> "ThisPath":
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> "ThisPath":
        """Reach a field whose name is also a method here: `this["any"]`."""
        return ThisPath(*self._path.names, name)

    @property
    def _path(self) -> This:
        operand = self._operand
        assert isinstance(operand, This)  # noqa: S101
        return operand

    def has(self, text: Any) -> Condition:
        """Does this JSON list of texts hold the text?"""
        return Condition(Has(self._path, operand_of(text), Site.of_caller()))

    def any(self, condition: Condition) -> Condition:
        """Is there a row at the end of this many-valued path of which the condition is true? Its `this` is that row."""
        return Condition(Some(self._path, tree_of(condition), Site.of_caller()))

    def exists(self) -> Condition:
        """Is there any row at the end of this many-valued path?"""
        return Condition(Some(self._path, Always(value=True), Site.of_caller()))


class _Address(Term):
    def within(self, *networks: str) -> Condition:
        """Is the client's address in one of these networks (`10.0.0.0/8`, `2001:db8::/32`)? An unknown one is not."""
        site = Site.of_caller()
        if not networks or not all(isinstance(network, str) for network in networks):
            raise PolicyError('env.ip.within() takes networks, each as a text: "10.0.0.0/8".', site)
        try:
            parsed = tuple(_network(network) for network in networks)
        except ValueError as error:
            raise PolicyError(f"{error}.", site) from None
        return Condition(Within(parsed, site))


def _network(text: str) -> IPv4Network | IPv6Network:
    """Return a network, an IPv4 one even if it is written mapped into IPv6, as the client's address is.

    :raises ValueError: it is none.
    """
    network = ip_network(text)
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return network if mapped is None else IPv4Network(f"{mapped}/{network.prefixlen - 96}")


class _TimeOfDay(Term):
    def between(self, start: str, end: str, zone: str = "") -> Condition:
        """Is it start <= time < end ("09:00", "18:00")? An end before the start is on the next day.

        :param zone: an IANA name ("Europe/Vienna"); without it that of the settings counts.
        """
        site = Site.of_caller()
        try:
            first, last = time.fromisoformat(start), time.fromisoformat(end)
        except (TypeError, ValueError) as error:
            raise PolicyError(f"{error}.", site) from None
        if not isinstance(zone, str):
            raise PolicyError(f"{zone!r} is no name of a time zone.", site)
        if first.tzinfo or last.tzinfo:
            raise PolicyError("A time of day has no offset: state the zone.", site)
        return Condition(Between(first, last, zone, site))


class Environment:
    """`env`: facts about the request."""

    @property
    def ip(self) -> _Address:
        return _Address(Env(EnvName.IP), Site.of_caller())

    @property
    def time(self) -> _TimeOfDay:
        return _TimeOfDay(Env(EnvName.TIME), Site.of_caller())

    @property
    def now(self) -> Term:
        """The moment of the request, aware."""
        return Term(Env(EnvName.NOW), Site.of_caller())

    @property
    def mfa(self) -> Term:
        """Did the user prove a second factor?"""
        return Term(Env(EnvName.MFA), Site.of_caller())

    @property
    def client(self) -> Term:
        """The name of the client application, or ""."""
        return Term(Env(EnvName.CLIENT), Site.of_caller())

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise PolicyError(f"There is no env.{name}: it is one of {', '.join(EnvName)}.", Site.of_caller())


this = ThisPath()
me = MePath()
env = Environment()
granted = Condition(Granted())
