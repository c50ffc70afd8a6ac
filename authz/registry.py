"""Which policy speaks for which model."""

# ruff: noqa: SLF001  (`_meta`, `_base_manager` and `_state` are Django's documented faces of a model)

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Model

from .language.sites import PolicyError

if TYPE_CHECKING:
    from .policies import Allow, Forbid, Policy

# Actions as the engine compiled them, by model and name; another dictionary whenever a policy comes or goes, so that
# what a thread is just compiling from the rules of before is kept with them.
compiled: dict[tuple[type[Model], str], Any] = {}
# Field sets, by model and roles; renewed with them.
fieldsets: dict[tuple[type[Model], frozenset[str]], Any] = {}


@dataclass(frozen=True, slots=True)
class Filed:
    """What policy files add to a policy."""

    allows: dict[str, "Allow"]
    forbids: list["Forbid"]


_filed: Mapping[type["Policy"], Filed] = {}

_policies: dict[type[Model], type["Policy"]] = {}
_followers: list[Callable[[type[Model]], None]] = []


def register(policy: type["Policy"]) -> None:
    """Make this the policy of its model.

    :raises PolicyError: the model has another one.
    """
    other = _policies.get(policy.model)
    if other is not None and (other.__module__, other.__qualname__) != (policy.__module__, policy.__qualname__):
        raise PolicyError(f"{policy.model.__name__} has a policy already, at {other.site}.", policy.site)
    _policies[policy.model] = policy
    forget()
    for tell in _followers:
        tell(policy.model)


def follow(tell: Callable[[type[Model]], None]) -> None:
    """Have a function called with the model of each policy: of those that are registered, and of those to come."""
    _followers.append(tell)
    for model in _policies:
        tell(model)


def unregister(policy: type["Policy"]) -> None:
    """Leave the model without a policy, so that everything is denied; tests clean up with it."""
    if _policies.get(policy.model) is policy:
        del _policies[policy.model]
        forget()


def forget() -> None:
    """Compile again when next asked."""
    global compiled, fieldsets
    compiled, fieldsets = {}, {}


def file(rules: Mapping[type["Policy"], Filed]) -> None:
    """Put the rules of policy files in force, all at once, instead of those before."""
    global _filed  # noqa: PLW0603
    _filed = rules
    forget()


def filed(policy: type["Policy"]) -> Filed:
    """Return what policy files add to a policy."""
    return _filed.get(policy) or Filed({}, [])


def policies() -> list[type["Policy"]]:
    """Return every policy, ordered by its model's name."""
    return sorted(_policies.values(), key=lambda policy: policy.model._meta.label)


def policy_of(model: type[Model]) -> type["Policy"] | None:
    """Return the policy of a model; a proxy without one of its own has that of its concrete model."""
    return _policies.get(model) or _policies.get(model._meta.concrete_model or model)
