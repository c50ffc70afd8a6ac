"""The tree that a rule is: frozen data, no behaviour, the same for Python policies and for policy files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Any
from uuid import UUID

from .sites import Site


class Operator(StrEnum):
    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


class Part(StrEnum):
    """Which end of a text is compared."""

    PREFIX = "startswith"
    SUFFIX = "endswith"


class EnvName(StrEnum):
    CLIENT = "client"
    IP = "ip"
    MFA = "mfa"
    NOW = "now"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class This:
    """A path from the row: `this.author.name`."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(("this", *self.names))


@dataclass(frozen=True, slots=True)
class Me:
    """A path from the principal's user; no names is the user itself."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(("me", *self.names))


@dataclass(frozen=True, slots=True)
class Env:
    """A fact about the request."""

    name: EnvName

    def __str__(self) -> str:
        return f"env.{self.name}"


# As policy files read them. A datetime is a date, so it stands before.
_WRITTEN: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (Enum, lambda value: repr(value.value)),
    (datetime, lambda value: f"datetime('{value.isoformat()}')"),
    (date, lambda value: f"date('{value.isoformat()}')"),
    (time, lambda value: f"time('{value.isoformat()}')"),
    (timedelta, lambda value: f"duration('{value.total_seconds()}')"),
    (Decimal, lambda value: f"decimal('{value}')"),
    (float, lambda value: f"decimal('{Decimal(repr(value))}')"),
    (UUID, lambda value: f"'{value}'"),
)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the rule; a collection is a tuple."""

    value: object

    def __str__(self) -> str:
        if isinstance(self.value, tuple):
            return f"[{', '.join(str(Literal(item)) for item in self.value)}]"
        for kind, write in _WRITTEN:
            if isinstance(self.value, kind):
                return write(self.value)
        return repr(self.value)


Operand = This | Me | Env | Literal


@dataclass(frozen=True, slots=True)
class Always:
    value: bool


@dataclass(frozen=True, slots=True)
class Compare:
    operator: Operator
    left: Operand
    right: Operand
    site: Site


@dataclass(frozen=True, slots=True)
class Member:
    """`left` is one of `items`: a literal tuple, or a collection of the user's."""

    left: Operand
    items: Operand
    site: Site


@dataclass(frozen=True, slots=True)
class Affix:
    """A text begins or ends with another."""

    part: Part
    left: Operand
    right: Operand
    site: Site


@dataclass(frozen=True, slots=True)
class Has:
    """A JSON list of texts holds one."""

    left: This
    right: Operand
    site: Site


@dataclass(frozen=True, slots=True)
class Some:
    """At least one row at the end of a many-valued path fulfils `inner`, whose `this` is that row."""

    path: This
    inner: "Node"
    site: Site


@dataclass(frozen=True, slots=True)
class Within:
    """The client's address is in one of the networks."""

    networks: tuple[IPv4Network | IPv6Network, ...]
    site: Site


@dataclass(frozen=True, slots=True)
class Between:
    """The time of day is in [start, end) in a time zone; a window with end <= start goes over midnight."""

    start: time
    end: time
    zone: str
    site: Site


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant on the row, for this action, is held by the user or by one of the roles."""


@dataclass(frozen=True, slots=True)
class All:
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    item: "Node"


Node = Always | Compare | Member | Affix | Has | Some | Within | Between | Granted | All | AnyOf | Not
