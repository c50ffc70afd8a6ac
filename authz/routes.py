"""Every route of the project, and who decides about it."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from django.contrib.admindocs.views import simplify_regex
from django.db.models import Model
from django.urls import ResolverMatch, URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.mixins import (
    CreateModelMixin,
    DestroyModelMixin,
    ListModelMixin,
    RetrieveModelMixin,
    UpdateModelMixin,
)
from rest_framework.permissions import AND

from .conf import conf
from .drf.actions import DECLARED, PUBLIC, Declared
from .drf.deciding import PolicyMixin
from .drf.permissions import PolicyPermission

_UNASKED = "an action is declared, but neither policy_required nor a PolicyPermission in permission_classes asks for it"
_ROWS = "handlers of REST framework decide about no row and no field: put authz.drf.PolicyMixin before them"
_HANDLERS = (CreateModelMixin, DestroyModelMixin, ListModelMixin, RetrieveModelMixin, UpdateModelMixin)


class By(StrEnum):
    """Who decides about a route."""

    POLICY = "policy"
    NOBODY = "nobody"
    ELSEWHERE = "elsewhere"
    UNDECLARED = "undeclared"


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    :ivar method: "ANY" for a function that takes them all.
    :ivar reason: why nobody decides, who else does, or what is missing.
    """

    path: str
    method: str
    view: str
    by: By
    action: str = ""
    model: type[Model] | None = None
    reason: str = ""


# Who decides, the action, its model, the reason.
_Decision = tuple[By, str, type[Model] | None, str]


def routes() -> list[Route]:
    """Return the routes of ROOT_URLCONF, ordered by path and method."""
    found = [route for entry in _views(get_resolver().url_patterns, "/") for route in _of_view(entry)]
    return sorted(set(found), key=lambda route: (route.path, route.method, route.view))


class _Entry(NamedTuple):
    path: str
    view: Any
    # Where the AdminSite begins that it belongs to, or "".
    admin: str


def _views(patterns: Iterable[URLPattern | URLResolver], prefix: str, *, admin: str = "") -> Iterator[_Entry]:
    for pattern in patterns:
        path = prefix + _text(pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, path, admin=admin or (path if pattern.app_name == "admin" else ""))
        else:
            yield _Entry(path, pattern.callback, admin)


def _text(pattern: URLPattern | URLResolver) -> str:
    if isinstance(pattern.pattern, RoutePattern):
        return str(pattern.pattern)
    return simplify_regex(str(pattern.pattern)).removeprefix("/")


def _of_view(entry: _Entry) -> Iterator[Route]:
    path, view, admin = entry
    kind = _class_of(view)
    name = _name(kind or view)
    if admin:
        by, action, model, reason = _elsewhere("django.contrib.admin")
        # Its routes are many and alike: one stands for all.
        yield Route(f"{admin}...", "ANY", "django.contrib.admin", by, action, model, reason)
        return
    permissions = _given(view, "permission_classes")
    for method, handler in _handlers(view, kind):
        by, action, model, reason = _decision(view, handler, name, permissions)
        yield Route(path, method, name, by, action, model, reason)


def _class_of(view: Any) -> Any:
    """Return the class that a view of a URLconf was made of, REST framework's or Django's, or None."""
    return getattr(view, "cls", None) or getattr(view, "view_class", None)


def _given(view: Any, name: str) -> Any:
    """Return an attribute of a view's class, or what its URL gives instead."""
    return getattr(view, "initkwargs", {}).get(name, getattr(_class_of(view), name, ()))


def _name(view: Any) -> str:
    plain = view if isinstance(view, type) else getattr(view, "model_admin", view)
    owner = plain if hasattr(plain, "__qualname__") else type(plain)
    return f"{owner.__module__}.{owner.__qualname__}"


def _handlers(view: Any, kind: Any) -> Iterator[tuple[str, Any]]:
    """Yield the methods of a view with what handles each: the name in a view set, else the function."""
    actions = getattr(view, "actions", None)
    if actions:
        # A view set gets its HEAD with the first request.
        yield from ((method.upper(), name) for method, name in actions.items() if method != "head")
    elif kind is None:
        yield "ANY", view
    else:
        names = (name for name in kind.http_method_names if name not in {"options", "head", "trace"})
        yield from ((name.upper(), getattr(kind, name)) for name in names if hasattr(kind, name))


def _decision(view: Any, handler: Any, name: str, permissions: Collection[Any]) -> _Decision:
    kind = _class_of(view)
    function = getattr(kind, handler, None) if isinstance(handler, str) else handler
    places = (function, view, kind, *permissions)
    declared = next((place for place in places if getattr(place, PUBLIC, None) or getattr(place, DECLARED, None)), None)
    reason = getattr(declared, PUBLIC, None)
    if reason:
        return By.NOBODY, "", None, reason
    found = _declared(kind, handler, getattr(declared, DECLARED, None))
    if found is not None and found.model is not None and found.action:
        return _guarded(view, found, permissions)
    return _elsewhere(name)


def _declared(kind: Any, handler: Any, declared: Declared | None) -> Declared | None:
    ask = getattr(kind, "declared_for", None)
    return ask(handler, declared) if ask is not None and isinstance(handler, str) else declared


def _guarded(view: Any, declared: Declared, permissions: Collection[Any]) -> _Decision:
    kind = _class_of(view)
    if not (declared.by_itself or any(map(_asks_policy, permissions))):
        return By.UNDECLARED, "", None, _UNASKED
    if isinstance(kind, type) and issubclass(kind, _HANDLERS) and not issubclass(kind, PolicyMixin):
        return By.UNDECLARED, "", None, _ROWS
    loose = next(filter(_asks_no_policy, _given(view, "filter_backends")), None)
    if loose is not None:
        return By.UNDECLARED, "", None, f"{loose.__name__} tells of hidden fields and rows: take the one of authz.drf"
    return By.POLICY, declared.action, declared.model, ""


def _asks_policy(permission: Any) -> bool:
    """Tell whether what stands in `permission_classes` asks the policy: a class, two joined by `&`, or an instance."""
    if getattr(permission, "operator_class", None) is AND:
        return _asks_policy(permission.op1_class) or _asks_policy(permission.op2_class)
    return issubclass(permission if isinstance(permission, type) else type(permission), PolicyPermission)


def _asks_no_policy(backend: type[Any]) -> bool:
    """Tell whether this filters or orders by whatever a query names, hidden or not."""
    bases = backend.__mro__
    if any(base.__module__.startswith(f"{__package__}.drf.") for base in bases):
        return False
    return any(
        base in {OrderingFilter, SearchFilter} or base.__module__.startswith("django_filters.") for base in bases
    )


def _elsewhere(name: str) -> _Decision:
    for prefix, reason in conf.decided_elsewhere.items():
        if f"{name}.".startswith(f"{prefix}."):
            return By.ELSEWHERE, "", None, reason
    return By.UNDECLARED, "", None, "no policy action and no @public"


def is_decided_elsewhere(match: ResolverMatch) -> bool:
    """Tell whether a view decides by itself, as the Django admin does."""
    view = match.func
    return "admin" in match.app_names or _elsewhere(_name(_class_of(view) or view))[0] is By.ELSEWHERE
