"""Finds what decorators have declared on a view: a function, a class, or one method of a class."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

_METHODS = ("get", "post", "put", "patch", "delete")


def declared(view: Any, method: str | None, attribute: str) -> Iterator[Any]:
    """Yield each value of ``attribute`` that applies to ``method``, the most general first.

    :param view: what the URLconf names: a function, or what `as_view()` made of a class.
    :param method: the request's HTTP method.
    :param attribute: what the decorator has set.
    """
    cls = getattr(view, "cls", None) or getattr(view, "view_class", None)
    seen: list[Any] = []
    for owner in (cls, view, _handler(cls, view, method)):
        # A class's attribute is inherited on purpose: a subclass keeps the limits of its base.
        value = getattr(owner, attribute, None)
        if value is not None and not any(value is other for other in seen):
            seen.append(value)
            yield value


def _handler(cls: Any, view: Any, method: str | None) -> Any:
    if cls is None:
        return None
    name = (method or "").lower()
    if name == "head" and not hasattr(cls, name):
        name = "get"  # which Django and REST framework call for it
    return getattr(cls, (getattr(view, "actions", None) or {}).get(name, name), None)


def limits_in_urls() -> Iterator[tuple[str, Any]]:
    """Yield the name of each view in the URLconf with each limit that `@ratelimit` has declared on it."""
    for name, limits in _declared_in_urls("edge_limits"):
        for each in limits:
            yield name, each


def body_limits_in_urls() -> Iterator[int]:
    """Yield each limit that `@body_limit` has declared on a view in the URLconf, in bytes."""
    for _, limit in _declared_in_urls("edge_body_limit"):
        yield limit


def _declared_in_urls(attribute: str) -> Iterator[tuple[str, Any]]:
    for _, view in _views(get_resolver().url_patterns):
        cls = getattr(view, "cls", None) or getattr(view, "view_class", None)
        owners = [view, cls, *(getattr(cls, name, None) for name in dir(cls))] if cls else [view]
        for owner in owners:
            value = getattr(owner, attribute, None)
            if value is not None:
                yield getattr(cls or view, "__qualname__", repr(view)), value


def routes_in_urls() -> Iterator[tuple[str, list[str]]]:
    """Yield each route of the URLconf, as a request's `resolver_match` spells it, and the methods that it answers."""
    for route, view in _views(get_resolver().url_patterns):
        cls = getattr(view, "cls", None) or getattr(view, "view_class", None)
        names = getattr(view, "actions", None) or [name for name in _METHODS if hasattr(cls, name)] or ["get"]
        yield f"/{route}", sorted(name.upper() for name in names)


def _views(patterns: Iterable[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, route)
        else:
            yield route, pattern.callback
