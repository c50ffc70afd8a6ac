"""Collects what is known of an event's actor, target and request; asks the database nothing."""

import logging
from collections.abc import Callable
from functools import cache, lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any

from django.db import models
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.functional import LazyObject
from django.utils.module_loading import import_string

from .cleaning import text
from .conf import conf
from .models import Event

logger = logging.getLogger(__name__)
Facts = dict[str, Any]


#: How many characters each column holds.
LIMITS: dict[str, int] = {
    field.name: field.max_length
    for field in Event._meta.concrete_fields  # noqa: SLF001 - Django's documented face of a model
    if field.max_length
}


def cleaned(facts: Facts) -> Facts:
    """Return ``facts`` with every text made storable and cut to its column."""
    return {
        name: text(value, LIMITS[name]) if value and isinstance(value, str) else value for name, value in facts.items()
    }


def of_request(request: HttpRequest) -> Facts:
    """Return the columns that a request fills."""
    return {
        "src_ip": address(_asked(conf.client_ip, request)),
        "country": _asked(conf.country, request),
        "user_agent": request.META.get("HTTP_USER_AGENT", ""),
        "request_id": _asked(conf.request_id, request),
        "route": route(request),
        "method": request.method or "",
        "session": _asked(conf.session_id, request),
        "tenant": _asked(conf.tenant, request),
    }


def of_actor(user: Any, request: HttpRequest | None) -> Facts:
    """Return the columns that tell who acted: the user, somebody unknown, or the system where there is no request."""
    user = user if user is not None else known_user(request)
    if user is None or user.pk is None:
        return {"actor_type": "system" if request is None else "anonymous"}
    return {"actor_type": "user", "actor_id": str(user.pk), "actor_label": label(user)}


def of_target(target: models.Model | None) -> Facts:
    """Return the columns that tell what was acted on."""
    if target is None:
        return {}
    kind = target._meta.label_lower  # noqa: SLF001 - Django's documented face of a model
    facts = {"target_type": kind, "target_id": str(target.pk), "target_label": label(target)}
    tenant = vars(target).get("tenant_id", vars(target).get("tenant"))
    if tenant is not None:
        facts["tenant"] = str(tenant)
    if kind == conf.session_model.lower():
        facts["session"] = str(target.pk)
    return facts


def known_user(request: HttpRequest | None) -> Any:
    """Return the user of ``request`` where one is known already; finding out could cost queries, or fail."""
    if request is None:
        return None
    user = vars(request).get("user")
    if isinstance(user, LazyObject):  # AuthenticationMiddleware's: who it is shows only after somebody asked
        user = vars(request).get("_cached_user")
    return user if getattr(user, "is_authenticated", False) else None


def label(thing: Any) -> str:
    """Return a name for people; nothing where the model fails to give one."""
    try:
        return str(thing.get_username()) if hasattr(thing, "get_username") else str(thing)
    except Exception:
        # Not least the database: a name may be read from it, and the transaction may be one that is broken.
        logger.exception("%s has no text.", type(thing).__name__)
        return ""


def address(value: str) -> str | None:
    """Return an IP address in its shortest spelling without a zone, or None where ``value`` is none."""
    return _address(value.strip()[:100])


@lru_cache(maxsize=1000)
def _address(value: str) -> str | None:
    try:
        found = ip_address(value.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def route(request: HttpRequest) -> str:
    """Return the URL pattern of ``request``, as `api/v1/articles/<uuid:pk>/`; nothing where none matches."""
    match = request.resolver_match
    if match is None:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return ""
        except Exception:
            logger.exception("The route of a request cannot be found.")
            return ""
    return str(match.route)


@cache
def _getter(path: str) -> Callable[[HttpRequest], object]:
    found: Callable[[HttpRequest], object] = import_string(path)
    return found


def _asked(path: str, request: HttpRequest) -> str:
    try:
        return str(_getter(path)(request) or "")
    except Exception:
        # An event with a hole is better than none.
        logger.exception("%s failed.", path)
        return ""
