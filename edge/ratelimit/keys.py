"""Whose count a request goes to."""

import unicodedata
from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.module_loading import import_string

from ..client_ip import client_ip, ip_bucket
from ..conf import conf
from ..context import django_request

#: A key: one of the words below, `header:NAME`, `get:NAME`, `post:NAME` or `body:NAME`, a callable, or its dotted path.
Key = str | Callable[[str, HttpRequest], str]


def identity(request: Any) -> str | None:
    """Return who calls, as text, or None: what `IDENTITY` says, else the session's user."""
    inner = django_request(request)
    if conf.identity:
        found: str | None = import_string(conf.identity)(inner)
        if found:
            return found
    user = getattr(inner, "user", None)
    return str(user.pk) if user is not None and user.is_authenticated else None


def by_ip(request: Any) -> str:
    return f"ip:{ip_bucket(client_ip(request))}"


def by_user(request: Any) -> str:
    """Return the user, or the address of a caller who is nobody yet: strangers do not share one count."""
    who = identity(request)
    return f"user:{who}" if who else by_ip(request)


def tenant_of(request: Any) -> str | None:
    """Return the tenant that the call is made for, as text, or None: what `TENANT` says."""
    found = import_string(conf.tenant)(django_request(request)) if conf.tenant else None
    return str(found) if found else None


def by_tenant(request: Any) -> str:
    tenant = tenant_of(request)
    return f"tenant:{tenant}" if tenant else by_user(request)


def everyone(_request: Any) -> str:
    return "endpoint"


_WORDS: dict[str, Callable[[Any], str]] = {
    "endpoint": everyone,
    "ip": by_ip,
    "tenant": by_tenant,
    "user": by_user,
    "user_or_ip": by_user,
}


def from_header(request: Any, name: str) -> str:
    return django_request(request).headers.get(name, "")


def from_query(request: Any, name: str) -> str:
    return django_request(request).GET.get(name, "")


def from_body(request: Any, name: str) -> str:
    """Return a member of the parsed body: JSON or form. `request.POST` alone would put all JSON into one count."""
    data: Any = request.data if hasattr(request, "_request") else django_request(request).POST
    value = data.get(name, "") if hasattr(data, "get") else ""
    return unicodedata.normalize("NFKC", value).strip().casefold() if isinstance(value, str) else repr(value)


_ACCESSORS: dict[str, Callable[[Any, str], str]] = {
    "body": from_body,
    "get": from_query,
    "header": from_header,
    "post": from_body,
}


def check_key(key: Key) -> None:
    """Check that ``key`` can be resolved.

    :raises ImproperlyConfigured: it cannot.
    """
    if callable(key) or key in _WORDS or key == "account":
        return
    accessor, colon, name = key.partition(":")
    if colon and accessor in _ACCESSORS and name:
        return
    if not colon and "." in key:
        try:
            import_string(key)
        except ImportError as error:
            msg = f"The rate-limit key {key!r} cannot be imported."
            raise ImproperlyConfigured(msg) from error
        return
    msg = f"{key!r} is no rate-limit key."
    raise ImproperlyConfigured(msg)


def is_early(key: Key) -> bool:
    """Say whether ``key`` is known before the view runs: a body is not read yet, and a callable may read anything."""
    return isinstance(key, str) and (key in _WORDS or key.partition(":")[0] in {"get", "header"})


def value_of(key: Key, group: str, request: Any) -> str:
    """Return whose count the request goes to.

    :raises ImproperlyConfigured: ``key`` cannot be resolved.
    """
    if isinstance(key, str):
        if key in _WORDS:
            return _WORDS[key](request)
        accessor, colon, name = ("body", ":", "email") if key == "account" else key.partition(":")
        if colon and accessor in _ACCESSORS:
            return f"{accessor}:{name}:{_ACCESSORS[accessor](request, name)}"
        check_key(key)
        key = import_string(key)
        assert callable(key)  # noqa: S101 - a dotted path leads to one
    return f"own:{key(group, request)}"


def digest(value: str) -> str:
    """Return what stands for ``value`` in a store: short whatever its length, and no address in the clear."""
    return blake2b(value.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
