"""Decides: compiles the rules of a model's action when first asked, and reads them as a check or as a filter."""

# ruff: noqa: SLF001  (`_meta`, `_base_manager` and `_state` are Django's documented faces of a model)

import logging
from collections.abc import Iterable
from enum import Enum
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.db.models import Model, Q, QuerySet

from . import registry
from .files.loading import refresh
from .language.clauses import Folded
from .language.joined import conjunction, disjunction
from .language.paths import Column, resolve
from .language.sites import PolicyError
from .managers import marked_scoped
from .models import Tenant
from .policies import EVERY_ACTION, Policy
from .principals import Principal
from .rules import RoleRules, Rule, by_role, merged
from .signals import policy_failed

logger = logging.getLogger(__name__)
Row = TypeVar("Row", bound=Model)


class Verdict(Enum):
    """What a scope is when no filter is needed."""

    ALL = "all"
    NONE = "none"


class Action:
    """The rules of one action on one model."""

    def __init__(self, policy: type[Policy], action: str) -> None:
        self.name = action
        self.model = policy.model
        self.tenant = tenant_column(policy)
        found, forbids = policy.rules()
        allows = found.get(action)
        self.allows = [
            Rule.compiled(self.model, action, rule.when, rule.site, role=rule.role)
            for rule in (allows.rules if allows else ())
        ]
        self.forbids = [
            Rule.compiled(self.model, action, forbid.when, forbid.site, role=forbid.role, why=forbid.why)
            for forbid in forbids
            if action in forbid.actions or EVERY_ACTION in forbid.actions
        ]
        rules = (*self.allows, *self.forbids)
        # What a row must bring along so that its check asks the database nothing more.
        self.hops = tuple(sorted({hop for rule in rules for hop in rule.hops} | self._tenant_hops()))
        self.asks_rows = any(rule.asks_rows for rule in rules)
        self._allows, self._forbids = by_role(self.allows), by_role(self.forbids)
        self._of_roles: dict[frozenset[str], RoleRules] = {}

    def _tenant_hops(self) -> set[str]:
        return {self.tenant.hops} if self.tenant is not None and self.tenant.hops else set()

    def rules_for(self, roles: frozenset[str]) -> RoleRules:
        """Return the rules of a set of roles, looked up once for each set."""
        found = self._of_roles.get(roles)
        if found is None:
            if len(self._of_roles) > 1000:
                self._of_roles.clear()
            allows = [rule for role in sorted(roles) for rule in self._allows.get(role, ())]
            forbids = [rule for role in ("", *sorted(roles)) for rule in self._forbids.get(role, ())]
            found = self._of_roles[roles] = RoleRules(merged(allows), merged(forbids))
        return found

    def in_tenant(self, principal: Principal, row: Model) -> bool:
        """Tell whether the row is of the principal's tenant, or of a model without tenants."""
        if self.tenant is None or principal.crosses_tenants:
            return True
        return principal.tenant_id is not None and self.tenant.read(row) == principal.tenant_id

    def check(self, principal: Principal, row: Model) -> bool:
        """Decide about one row."""
        if self.tenant is not None and not self.in_tenant(principal, row):
            return False
        if self.allowing(principal, row) is None:
            return False
        return not self.forbids or self.forbidding(principal, row) is None

    def allowing(self, principal: Principal, row: Model) -> Rule | None:
        """Return the first rule that allows, whatever is forbidden; a rule that fails does not."""
        for rule in self.rules_for(principal.roles).allows:
            try:
                if rule.holds(principal, row):
                    return rule
            except Exception as error:  # noqa: BLE001  (whatever it is, it must not allow)
                self._note(rule, error)
        return None

    def forbidding(self, principal: Principal, row: Model) -> Rule | None:
        """Return the first rule that forbids; a rule that fails does."""
        for rule in self.rules_for(principal.roles).forbids:
            try:
                if rule.holds(principal, row):
                    return rule
            except Exception as error:  # noqa: BLE001  (whatever it is, it must deny)
                self._tell(rule, error, principal, row)
                return rule
        return None

    def scope(self, principal: Principal) -> Q | Verdict:
        """Return the filter for the rows that `check` allows, or that it is all of them, or none."""
        folded = self._scope(principal)
        if folded is True:
            return Verdict.ALL
        return Verdict.NONE if folded is False else folded

    def _scope(self, principal: Principal) -> Folded:
        border: Folded = True
        if self.tenant is not None and not principal.crosses_tenants:
            if principal.tenant_id is None:
                return False
            border = Q((self.tenant.lookup, principal.tenant_id))
        allowed = disjunction(self._allowed(principal))
        if allowed is False:
            return False
        return conjunction((border, allowed, *self._not_forbidden(principal)))

    def _allowed(self, principal: Principal) -> Iterable[Folded]:
        for rule in self.rules_for(principal.roles).allows:
            try:
                yield rule.clause.query(rule.values(principal))
            except Exception as error:  # noqa: BLE001
                self._note(rule, error)

    def _not_forbidden(self, principal: Principal) -> Iterable[Folded]:
        for rule in self.rules_for(principal.roles).forbids:
            try:
                yield rule.opposite.query(rule.values(principal))
            except Exception as error:  # noqa: BLE001
                self._tell(rule, error, principal, None)
                yield False

    def _note(self, rule: Rule, error: Exception) -> None:
        logger.warning("The rule at %s failed and allows nothing: %r", rule.site, error)

    def _tell(self, rule: Rule, error: Exception, principal: Principal, row: Model | None) -> None:
        logger.error("The rule at %s failed and forbids: %r", rule.site, error)
        data = {
            "action": self.name,
            "model": self.model._meta.label_lower,
            "rule": str(rule.site),
            "error": type(error).__name__,
        }
        policy_failed.send_robust(
            sender=self.model,
            request=principal.request,
            user=principal.user if principal.known else None,
            target=row,
            outcome="failed",
            data=data,
        )


def tenant_column(policy: type[Policy]) -> Column | None:
    """Return the column that holds the tenant of a row.

    :raises PolicyError: the policy's `tenant` is no foreign key to a Tenant.
    """
    if not policy.tenant:
        return None
    reached, _ = resolve(policy.model, tuple(policy.tenant.replace("__", ".").split(".")), policy.site)
    if not isinstance(reached, Column) or reached.related is None or not issubclass(reached.related, Tenant):
        raise PolicyError(f"tenant={policy.tenant!r} is no foreign key to a Tenant.", policy.site)
    return reached


def action_of(model: type[Model], name: str) -> Action | None:
    """Return the compiled action, or None where the model has no policy.

    :raises PolicyError: a rule of the action makes no sense.
    """
    refresh()
    key, compiled = (model, name), registry.compiled
    found = compiled.get(key)
    if found is None:
        policy = registry.policy_of(model)
        if policy is None:
            return None
        found = compiled[key] = Action(policy, name)
    return found


def check(principal: Principal, action: str, row: Model) -> bool:
    """Tell whether the principal may take the action on the row: no unless a rule allows it and none forbids it."""
    found = action_of(type(row), action)
    return found is not None and found.check(principal, row)


def scope(principal: Principal, action: str, model: type[Model]) -> Q | Verdict:
    """Return the filter for exactly those rows of which `check` is true, or ALL, or NONE."""
    found = action_of(model, action)
    return Verdict.NONE if found is None else found.scope(principal)


def scoped(rows: QuerySet[Row], principal: Principal, action: str = "read") -> QuerySet[Row]:
    """Return those of the rows that the principal may take the action on; if there can be none, nothing is queried."""
    found = scope(principal, action, rows.model)
    if found is Verdict.NONE:
        rows = rows.none()
    elif isinstance(found, Q):
        rows = rows.filter(found)
    return marked_scoped(rows)


async def acheck(principal: Principal, action: str, row: Model) -> bool:
    """Return what `check` does; rules over many rows ask the database in a thread."""
    return await sync_to_async(check)(principal, action, row)


async def ascope(principal: Principal, action: str, model: type[Model]) -> Q | Verdict:
    """Return what `scope` does."""
    return await sync_to_async(scope)(principal, action, model)


async def ascoped(rows: QuerySet[Row], principal: Principal, action: str = "read") -> QuerySet[Row]:
    """Return what `scoped` does; iterate over it with `async for`."""
    return await sync_to_async(scoped)(rows, principal, action)
