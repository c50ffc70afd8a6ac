"""Mistakes that must not reach production: in the settings, in the graph of roles, in the rules."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.db.models import Model
from django.utils.module_loading import import_string

from . import conf as settings_module
from .changes import may_reattach
from .conf import SETTING, conf
from .engine import Action, tenant_column
from .fieldsets import check_fields
from .files import loading
from .language.sites import PolicyError
from .managers import ProtectedManager, ProtectedQuerySet
from .middleware import AuthzMiddleware
from .permissions import roles_asked
from .policies import EVERY_ACTION, Policy, loose_forbids
from .registry import policies
from .roles import IMPLICIT, RoleGraphError, check_graph, known_roles
from .routes import By, routes


def check_settings(**_: Any) -> list[CheckMessage]:
    """Check `BULWARK_AUTHZ`."""
    return [*_keys(), *_getters(), *_roles(), *_time_zone(), *_undeclared(), *_cache_size()]


def check_policies(**_: Any) -> list[CheckMessage]:
    """Compile every rule of every policy: a path, a value or a role that makes no sense is named with its line."""
    try:
        known = known_roles()
    except (TypeError, ValueError):
        return []  # check_settings tells
    found = [(policy.__qualname__, error) for policy in policies() for error in problems(policy, known)]
    found += [("forbid", error) for error in loose_forbids()]
    return [Error(error.problem, hint=f"See {error.site}.", obj=name, id="bulwark_authz.E005") for name, error in found]


def check_permissions(**_: Any) -> list[CheckMessage]:
    """Check that the roles exist that classic permission classes ask for."""
    if getattr(settings, "ROOT_URLCONF", None):
        routes()  # their modules are imported with the views
    try:
        known = known_roles()
    except (TypeError, ValueError):
        return []  # check_settings tells
    asked = sorted((str(site), role) for role, site in roles_asked if role not in known)
    return [
        Error(f"There is no role {role!r}.", hint=f"See {site}.", obj="HasRole", id="bulwark_authz.E005")
        for site, role in asked
    ]


def check_grants(**_: Any) -> list[CheckMessage]:
    """Warn of rows that can be made without a signal under a key on which there still are grants."""
    return [
        CheckWarning(
            f"bulk_create() of {policy.model._meta.label} lets grants that SQL left behind count for new rows.",  # noqa: SLF001
            hint=f"Give it {ProtectedManager.__module__}.ProtectedManager, or a key that is a UUID.",
            obj=policy.__qualname__,
            id="bulwark_authz.W004",
        )
        for policy in policies()
        if may_reattach(policy.model) and not _has_protected_manager(policy.model)
    ]


def check_files(**_: Any) -> list[CheckMessage]:
    """Read the policy files and compile every rule in them; each mistake is named with its file, line and key."""
    return [
        Error(error.problem, hint=f"See {error.site}.", obj=error.site.file, id="bulwark_authz.E010")
        for error in loading.problems()
    ]


def check_middleware(**_: Any) -> list[CheckMessage]:
    """Check that queries know their request where something depends on it: protected managers, row level security."""
    guarded = [model._meta.label for model in apps.get_models() if _has_protected_manager(model)]  # noqa: SLF001
    if not (conf.row_level_security or guarded):
        return []
    found = [import_string(path) for path in getattr(settings, "MIDDLEWARE", ())]
    if any(isinstance(kind, type) and issubclass(kind, AuthzMiddleware) for kind in found):
        return []
    needs = f"{SETTING}['ROW_LEVEL_SECURITY']" if conf.row_level_security else f"The manager of {guarded[0]}"
    hint = f"Add {AuthzMiddleware.__module__}.AuthzMiddleware to MIDDLEWARE."
    return [Error(f"{needs} needs to know which request a query is of.", hint=hint, id="bulwark_authz.E009")]


def _has_protected_manager(model: type[Model]) -> bool:
    return isinstance(model._default_manager.get_queryset(), ProtectedQuerySet)  # noqa: SLF001  (documented)


def check_routes(**_: Any) -> list[CheckMessage]:
    """Check that each method of each route has a policy action, is public for a reason, or is decided elsewhere."""
    kind = {"error": Error, "warning": CheckWarning}.get(conf.undeclared_routes)
    if kind is None or not getattr(settings, "ROOT_URLCONF", None):
        return []
    number = "E006" if kind is Error else "W001"
    return [
        kind(
            f"{route.method} {route.path} ({route.view}) is not decided about: {route.reason}.",
            hint=f"Use @policy_action or @public, or name its module in {SETTING}['DECIDED_ELSEWHERE'].",
            id=f"bulwark_authz.{number}",
        )
        for route in routes()
        if route.by is By.UNDECLARED
    ]


def problems(policy: type[Policy], roles: frozenset[str]) -> Iterator[PolicyError]:
    """Yield what is wrong with a policy."""
    try:
        tenant_column(policy)
    except PolicyError as error:
        yield error
        return
    actions = policy.allows()
    for name in actions:
        try:
            Action(policy, name)
        except PolicyError as error:
            yield error
    asked = [(rule.role, rule.site) for allow in actions.values() for rule in allow.rules]
    asked += [(forbid.role, forbid.site) for forbid in policy.forbids() if forbid.role]
    yield from (PolicyError(f"There is no role {role!r}.", site) for role, site in asked if role not in roles)
    yield from (
        PolicyError(f"There is no action {name!r} to forbid.", forbid.site)
        for forbid in policy.forbids()
        for name in forbid.actions
        if name not in {*actions, EVERY_ACTION}
    )
    yield from check_fields(policy, roles)


def _keys() -> Iterator[CheckMessage]:
    for key in sorted(set(conf.given()) - set(settings_module.KEYS)):
        yield Error(f"{SETTING} has no key {key!r}.", hint=f"It has {settings_module.KEYS}.", id="bulwark_authz.E001")


def _getters() -> Iterator[CheckMessage]:
    for key in settings_module.GETTERS:
        path = conf.given().get(key)
        if path is None:
            continue
        try:
            found = import_string(path)
        except (ImportError, AttributeError, TypeError) as error:
            yield Error(f"{SETTING}[{key!r}] cannot be imported: {error}", id="bulwark_authz.E002")
            continue
        if not callable(found):
            yield Error(f"{SETTING}[{key!r}] names nothing that can be called.", id="bulwark_authz.E002")


def _roles() -> Iterator[CheckMessage]:
    try:
        check_graph(conf.roles)
    except RoleGraphError as error:
        yield Error(str(error), hint=f"See {SETTING}['ROLES'].", id="bulwark_authz.E003")
    except (TypeError, ValueError, AttributeError):
        yield Error(f"{SETTING}['ROLES'] maps each role to a list of roles.", id="bulwark_authz.E003")
    else:
        for role in sorted(IMPLICIT & set(conf.roles)):
            yield Error(f"The role {role!r} is held without a membership: choose a name.", id="bulwark_authz.E003")


def _time_zone() -> Iterator[CheckMessage]:
    try:
        ZoneInfo(conf.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield Error(f"{SETTING}['TIME_ZONE'] is no time zone: {conf.time_zone!r}.", id="bulwark_authz.E004")


def _cache_size() -> Iterator[CheckMessage]:
    given = conf.given().get("ROLE_CACHE_SIZE", 0)
    if type(given) is not int or given < 0:
        yield Error(f"{SETTING}['ROLE_CACHE_SIZE'] is a number, 0 to remember none.", id="bulwark_authz.E012")


def _undeclared() -> Iterator[CheckMessage]:
    if conf.undeclared_routes not in {"error", "warning", "ignored"}:
        yield Error(f"{SETTING}['UNDECLARED_ROUTES'] is error, warning or ignored.", id="bulwark_authz.E007")
    if conf.unscoped_queries not in {"raise", "warn", "off"}:
        yield Error(f"{SETTING}['UNSCOPED_QUERIES'] is raise, warn or off.", id="bulwark_authz.E011")
