"""What a policy is written with.

    class ArticlePolicy(Policy, model=Article, tenant="tenant"):
        mine   = this.author == me
        read   = allow("viewer", this.status == "published") | allow("author", mine)
        update = allow("editor") | allow("author", mine & (this.status == "draft"))
        hold   = forbid("update", "delete", when=this.legal_hold, why="legal hold")
        fields = {
            "viewer": Fields(read="id title body"),
            "author": Fields(read="id title body", write="title body", preset={"author": me}),
        }

Every name that holds an `allow` is an action. What no rule allows is denied; a `forbid` wins over every `allow`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Model

from .language.nodes import All, AnyOf, Granted, Node, Not
from .language.sites import PolicyError, Site
from .language.terms import Condition, env, granted, me, this, tree_of
from .registry import filed, policies, register

__all__ = ["Allow", "Fields", "Forbid", "Policy", "PolicyError", "allow", "env", "forbid", "granted", "me", "this"]

EVERY_ACTION = "*"


@dataclass(frozen=True, slots=True)
class AllowRule:
    """One role, one condition."""

    role: str
    when: Node
    site: Site


@dataclass(frozen=True, slots=True)
class Allow:
    """The rules of an action; `|` joins them, and one that is true is enough."""

    rules: tuple[AllowRule, ...]

    def __or__(self, other: "Allow") -> "Allow":
        return Allow(self.rules + other.rules)


@dataclass(frozen=True, slots=True)
class Forbid:
    """Denies actions wherever the condition is true, to everybody or to holders of a role."""

    actions: tuple[str, ...]
    role: str
    when: Node
    why: str
    site: Site


def allow(role: str, when: Condition | bool = True) -> Allow:
    """Let holders of a role act where the condition is true of the row, the user and the request.

    :param role: a role of the settings (roles that include it count too), "authenticated" or "anyone".
    """
    return Allow((AllowRule(role, tree_of(when), Site.of_caller()),))


def forbid(*actions: str, when: Condition | bool = True, role: str = "", why: str = "") -> Forbid:
    """Deny actions where the condition is true, whatever is allowed elsewhere; if it cannot be evaluated, deny too.

    :param actions: names of actions, or "*" for every one.
    :param role: deny holders of this role only (of roles that include it too); empty for everybody.
    :param why: is told to those who may read the row, and kept in the signal.
    """
    site = Site.of_caller()
    if not actions:
        raise PolicyError("A forbid names at least one action.", site)
    found = Forbid(actions, role, tree_of(when), why, site)
    _loose.append(found)
    return found


# Those that are in no policy: nothing asks for them, though they read as if they held.
_loose: list[Forbid] = []


def loose_forbids() -> list[PolicyError]:
    """Return the errors of forbids that were written and are in no policy: unnamed, or with a name that came again."""
    reached = {id(forbid) for policy in policies() for forbid in policy.forbids()}
    problem = "This forbid is in no policy, so it forbids nothing: give it a name of its own in the class."
    return [PolicyError(problem, forbid.site) for forbid in _loose if id(forbid) not in reached]


Names = str | Iterable[str]


def as_names(names: Names) -> frozenset[str]:
    """Return the names of a text with spaces, or of a list."""
    return frozenset(names.split() if isinstance(names, str) else names)


class Fields:
    """Which fields a role sees and sets.

    :param read: names in the output, as a text with spaces or a list; `*name` stands for a group of the policy.
    :param write: names that input may set, on create and on update.
    :param create: names that input may set on create; without it those of `write`.
    :param update: names that input may set on update; without it those of `write`.
    :param preset: values that a create gets where input that may set the field, or the host's code, gives no other:
        literals, `me...` or `env...`.
    """

    def __init__(
        self,
        read: Names = "",
        write: Names = "",
        *,
        create: Names | None = None,
        update: Names | None = None,
        preset: Mapping[str, Any] | None = None,
    ) -> None:
        self.read = as_names(read)
        self.create = as_names(write if create is None else create)
        self.update = as_names(write if update is None else update)
        self.preset = dict(preset or {})
        self.site = Site.of_caller()


def _asks_grants(node: Node) -> bool:
    items = node.items if isinstance(node, All | AnyOf) else (node.item,) if isinstance(node, Not) else ()
    return isinstance(node, Granted) or any(map(_asks_grants, items))


class Policy:
    """Base of the policies, one for each model; a module `policies` of an installed app is found by itself.

    A subclass without a model is a place for conditions that several policies share.
    """

    model: ClassVar[type[Model]]
    tenant: ClassVar[str] = ""
    fields: ClassVar[Mapping[str, Fields] | None] = None
    groups: ClassVar[Mapping[str, Names]] = {}
    site: ClassVar[Site]

    def __init_subclass__(cls, *, model: type[Model] | None = None, tenant: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.site = Site.of_caller()
        members = {id(value) for base in cls.__mro__ for value in vars(base).values()}
        _loose[:] = [forbid for forbid in _loose if id(forbid) not in members]
        cls.tenant = tenant or cls.tenant
        if model is not None:
            cls.model = model
            register(cls)

    @classmethod
    def allows(cls) -> dict[str, Allow]:
        """Return the actions and their rules, those of base classes included."""
        return {name: value for name, value in cls._members() if isinstance(value, Allow)}

    @classmethod
    def forbids(cls) -> list[Forbid]:
        """Return what is forbidden, by base classes too."""
        return [value for _, value in cls._members() if isinstance(value, Forbid)]

    @classmethod
    def rules(cls) -> tuple[dict[str, Allow], list[Forbid]]:
        """Return both, with what policy files add, as of one moment."""
        added, allows = filed(cls), cls.allows()
        for name, more in added.allows.items():
            allows[name] = allows[name] | more if name in allows else more
        return allows, [*cls.forbids(), *added.forbids]

    @classmethod
    def asks_grants(cls) -> bool:
        """Tell whether a rule of any action asks for `granted`."""
        allows, forbids = cls.rules()
        rules = [rule.when for allow in allows.values() for rule in allow.rules]
        return any(_asks_grants(node) for node in (*rules, *(forbid.when for forbid in forbids)))

    @classmethod
    def _members(cls) -> Iterable[tuple[str, object]]:
        merged: dict[str, object] = {}
        for base in reversed(cls.__mro__):
            merged |= vars(base)
        return merged.items()
