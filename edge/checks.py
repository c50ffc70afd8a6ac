"""What can be wrong with this app's settings."""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from .conf import KEYS, conf
from .ratelimit.policies import named_policy
from .views import limits_in_urls

#: Networks wider than these are no set of proxies.
_WIDEST = {4: 8, 6: 16}
_HEADERS = ("X-Forwarded-For", "Forwarded")


def check_keys(*_: Any, **__: Any) -> list[CheckMessage]:
    """E001: a key that this app does not know, misspelt perhaps."""
    unknown = sorted(set(getattr(settings, "BULWARK_EDGE", {})) - KEYS)
    return [Error(f'BULWARK_EDGE has no setting "{key}".', id="bulwark_edge.E001") for key in unknown]


def check_proxies(*_: Any, **__: Any) -> list[CheckMessage]:
    """E002 to E004: networks that are none, proxies that are everybody, a header that no proxy writes."""
    found: list[CheckMessage] = []
    for key, texts in (
        ("TRUSTED_PROXIES", conf.trusted_proxies),
        ("METRICS_NETWORKS", conf.metrics_networks),
        ("EXEMPT_NETWORKS", conf.exempt_networks),
    ):
        for text in texts:
            try:
                network = ipaddress.ip_network(text)
            except ValueError as error:
                found.append(Error(f"{key}: {error}.", id="bulwark_edge.E002"))
                continue
            if network.prefixlen < _WIDEST[network.version]:
                message = f"{key}: {text} is a large part of the internet."
                found.append(Error(message, hint="Name the proxies' own networks.", id="bulwark_edge.E003"))
    if conf.forwarded_header not in _HEADERS:
        found.append(Error(f"FORWARDED_HEADER is one of {', '.join(_HEADERS)}.", id="bulwark_edge.E004"))
    return found


def check_ratelimits(*_: Any, **__: Any) -> list[CheckMessage]:
    """E005: a policy that makes no sense or is missing. W001: a count whose key the caller chooses."""
    wanted: dict[Any, str] = {name: f"RATELIMITS[{name!r}]" for name in conf.ratelimits}
    if conf.general_ratelimit:
        wanted[conf.general_ratelimit] = f"GENERAL_RATELIMIT {conf.general_ratelimit!r}"
    wanted.update((declared, f"@ratelimit on {view}") for view, declared in limits_in_urls())
    found: list[CheckMessage] = []
    mistaken: dict[str, list[str]] = {}  # a policy that many views name is missing once
    for each, where in wanted.items():
        try:
            policy = each() if callable(each) else named_policy(each)
        except (ImproperlyConfigured, ImportError, TypeError) as error:
            mistaken.setdefault(str(error), []).append(where)
            continue
        if isinstance(policy.key, str) and policy.key.startswith("header:"):
            message = f"{where} counts by a header, which a caller changes at will."
            found.append(Warning(message, hint="Count by ip or user as well.", id="bulwark_edge.W001"))
    found.extend(Error(f"{_some(places)}: {error}", id="bulwark_edge.E005") for error, places in mistaken.items())
    return found


def _some(places: Iterable[str], most: int = 3) -> str:
    """Return where a mistake is, each place once, and no more of them than can be read."""
    known = list(dict.fromkeys(places))
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more


def check_store(*_: Any, **__: Any) -> list[CheckMessage]:
    """E006 (deployment): limits kept in process while several processes serve.

    E007: limits in a database that a cache empties.
    """
    if not conf.redis_url:
        if conf.processes == 1:
            return []
        message = "Limits are kept in each process, so they do not hold when several processes serve."
        hint = 'Set BULWARK_EDGE["REDIS_URL"], or "PROCESSES" to 1 if one process is all there is.'
        return [Error(message, hint=hint, id="bulwark_edge.E006")]
    shared = [alias for alias, cache in settings.CACHES.items() if _same_database(cache, conf.redis_url)]
    message = "The cache %r uses the limiter's Redis database: clearing it lifts every limit."
    return [Error(message % alias, hint="Give each its own database.", id="bulwark_edge.E007") for alias in shared]


def _same_database(cache: dict[str, Any], url: str) -> bool:
    location = cache.get("LOCATION") or ""
    return any(_database(each) == _database(url) for each in _texts(location) if "://" in each)


def _database(url: str) -> tuple[str | None, int | None, str]:
    parts = urlsplit(url)
    return parts.hostname, parts.port or 6379, parts.path.strip("/") or "0"


def _texts(value: str | Iterable[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else list(value)


def check_paths(*_: Any, **__: Any) -> list[CheckMessage]:
    """E008: a dotted path that leads nowhere."""
    found: list[CheckMessage] = []
    for key, path in (
        ("BLOCK_SOURCE", conf.block_source),
        ("IDENTITY", conf.identity),
        *(("METRICS_SOURCES", path) for path in conf.metrics_sources),
        ("ROUTE_SOURCE", conf.route_source),
        ("TENANT", conf.tenant),
    ):
        try:
            if path and not callable(import_string(path)):
                found.append(Error(f"{key}: {path} is no function.", id="bulwark_edge.E008"))
        except ImportError as error:
            found.append(Error(f"{key}: {error}.", id="bulwark_edge.E008"))
    return found


def check_wiring(*_: Any, **__: Any) -> list[CheckMessage]:
    """E009: middleware in an order that leaves a gap. W002: REST framework answers errors in its own way."""
    package = __name__.rpartition(".")[0]
    found: list[CheckMessage] = [
        Error(f"MIDDLEWARE: {first} must stand before {second}.", id="bulwark_edge.E009")
        for first, second in _misplaced(package)
    ]
    handler = getattr(settings, "REST_FRAMEWORK", {}).get("EXCEPTION_HANDLER")
    if handler != f"{package}.problems.exception_handler":
        message = "REST framework answers errors in its own way: no problem details, and 403 where a limit is reached."
        hint = f'Set REST_FRAMEWORK["EXCEPTION_HANDLER"] to "{package}.problems.exception_handler".'
        found.append(Warning(message, hint=hint, id="bulwark_edge.W002"))
    return found


def check_policies(*_: Any, **__: Any) -> list[CheckMessage]:
    """E010: django-csp and Django's own middleware both write a content security policy, and one of them loses."""
    both = {"csp.middleware.CSPMiddleware", "django.middleware.csp.ContentSecurityPolicyMiddleware"}
    if not both <= set(settings.MIDDLEWARE):
        return []
    message = "MIDDLEWARE has django-csp and Django's own content security policy: only one of them is sent."
    return [Error(message, hint="Keep one.", id="bulwark_edge.E010")]


def _misplaced(package: str) -> Iterator[tuple[str, str]]:
    places = {path: index for index, path in enumerate(settings.MIDDLEWARE)}
    security = "django.middleware.security.SecurityMiddleware"
    for first, second in (
        (f"{package}.context.RequestContextMiddleware", f"{package}.access.AccessMiddleware"),
        (f"{package}.context.RequestContextMiddleware", f"{package}.problems.ProblemMiddleware"),
        (f"{package}.headers.HttpsRequiredMiddleware", security),
        (security, f"{package}.headers.HeadersMiddleware"),
        ("csp.middleware.CSPMiddleware", f"{package}.headers.HeadersMiddleware"),
        (f"{package}.headers.HeadersMiddleware", f"{package}.problems.ProblemMiddleware"),
        (f"{package}.problems.ProblemMiddleware", f"{package}.bounds.BoundsMiddleware"),
        (f"{package}.bounds.BoundsMiddleware", f"{package}.ratelimit.RateLimitMiddleware"),
        ("corsheaders.middleware.CorsMiddleware", f"{package}.ratelimit.RateLimitMiddleware"),
        (f"{package}.ratelimit.RateLimitMiddleware", f"{package}.blocks.BlockMiddleware"),
        (f"{package}.blocks.BlockMiddleware", f"{package}.bodies.BodyLimitMiddleware"),
        (f"{package}.ratelimit.RateLimitMiddleware", f"{package}.bodies.BodyLimitMiddleware"),
        (f"{package}.bodies.BodyLimitMiddleware", "django.middleware.csrf.CsrfViewMiddleware"),
    ):
        if first in places and second in places and places[first] > places[second]:
            yield first, second
