"""The settings of this app: `BULWARK_EDGE = {...}`, each key with its default, read when it is used."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.conf import settings

Value = TypeVar("Value")


_NOTHING: Mapping[str, Any] = {}
#: Django's own cache of the settings that were read, which it empties itself when they change. To ask `settings` each
#: time costs three times as much, and a request does two dozen times.
_READ: Mapping[str, Any] = vars(settings)


def given() -> Mapping[str, Any]:
    """Return the settings as the project has written them: the same object until they are replaced."""
    found: Mapping[str, Any] | None = _READ.get("BULWARK_EDGE")
    return getattr(settings, "BULWARK_EDGE", _NOTHING) if found is None else found


class Conf:
    """One property a key: `conf.redis_url` is `BULWARK_EDGE["REDIS_URL"]`."""

    def _read(self, key: str, default: Value) -> Value:
        found: Value = given().get(key, default)
        return found

    @property
    def api_prefixes(self) -> tuple[str, ...]:
        """Paths that speak JSON only: problems, the API's headers, HTTPS required, the general limit."""
        return tuple(self._read("API_PREFIXES", ["/api/"]))

    @property
    def trusted_proxies(self) -> Sequence[str]:
        """Networks whose forwarded header is believed, as `10.0.0.0/8`. Never the whole internet."""
        return self._read("TRUSTED_PROXIES", [])

    @property
    def forwarded_header(self) -> str:
        """The one header the trusted proxies write: `X-Forwarded-For` or `Forwarded`."""
        return self._read("FORWARDED_HEADER", "X-Forwarded-For")

    @property
    def identity(self) -> str:
        """Dotted path of `f(request) -> str | None`: who calls, before the view asks; empty: the session's user."""
        return self._read("IDENTITY", "")

    @property
    def tenant(self) -> str:
        """Dotted path of `f(request) -> str | None`, the tenant a call is made for; empty: none."""
        return self._read("TENANT", "")

    @property
    def redis_url(self) -> str:
        """The limiter's own Redis database; empty keeps limits in this process."""
        return self._read("REDIS_URL", "")

    @property
    def redis_timeout(self) -> float:
        """Seconds to wait for the limiter's Redis before it counts as lost."""
        return self._read("REDIS_TIMEOUT", 0.5)

    @property
    def redis_prefix(self) -> str:
        """What the limiter's keys start with."""
        return self._read("REDIS_PREFIX", "edge")

    @property
    def probe_interval(self) -> float:
        """Seconds between attempts to reach a lost Redis."""
        return self._read("PROBE_INTERVAL", 1.0)

    @property
    def processes(self) -> int:
        """How many processes serve; with more than one, limits kept in process do not hold. 0: not known."""
        return self._read("PROCESSES", int(os.environ.get("WEB_CONCURRENCY", "0") or 0))

    @property
    def local_keys(self) -> int:
        """How many keys the in-process store holds before it forgets the oldest."""
        return self._read("LOCAL_KEYS", 100_000)

    @property
    def deny_cache(self) -> float:
        """Seconds that a process remembers a refusal of the shared store without asking again; 0: not at all."""
        return self._read("DENY_CACHE", 1.0)

    @property
    def exempt_networks(self) -> Sequence[str]:
        """Networks whose requests are not counted against any limit, as monitoring."""
        return self._read("EXEMPT_NETWORKS", [])

    @property
    def redis_cluster(self) -> bool:
        """Whether `REDIS_URL` names a node of a Redis Cluster."""
        return self._read("REDIS_CLUSTER", default=False)

    @property
    def ratelimit_enabled(self) -> bool:
        """Whether limits are applied at all."""
        return self._read("RATELIMIT_ENABLED", default=True)

    @property
    def ratelimits(self) -> Mapping[str, Mapping[str, Any]]:
        """Policies by name, as `{"login": {"key": "ip", "rate": ["5/m", "10/h"], "outage": "closed"}}`."""
        return self._read("RATELIMITS", {})

    @property
    def general_ratelimit(self) -> str:
        """Name of the policy that every request under `API_PREFIXES` spends from; empty: none."""
        return self._read("GENERAL_RATELIMIT", "")

    @property
    def body_limit(self) -> int:
        """Bytes that a request body under `API_PREFIXES` may have, where the view does not say otherwise."""
        return self._read("BODY_LIMIT", 10_240)

    @property
    def page_body_limit(self) -> int:
        """Bytes that any other request body may have, where the view does not say otherwise."""
        return self._read("PAGE_BODY_LIMIT", 2_621_440)

    @property
    def uri_limit(self) -> int:
        """Characters that the path and the query may have together."""
        return self._read("URI_LIMIT", 4_096)

    @property
    def query_parameters(self) -> int:
        """How many parameters a query may have."""
        return self._read("QUERY_PARAMETERS", 100)

    @property
    def header_limit(self) -> int:
        """Characters that the names and values of all headers may have together."""
        return self._read("HEADER_LIMIT", 16_384)

    @property
    def header_count(self) -> int:
        """How many headers a request may have."""
        return self._read("HEADER_COUNT", 64)

    @property
    def json_depth(self) -> int:
        """How deep JSON may nest."""
        return self._read("JSON_DEPTH", 32)

    @property
    def json_keys(self) -> int:
        """How many object members and array items JSON may have in all."""
        return self._read("JSON_KEYS", 1_000)

    @property
    def json_digits(self) -> int:
        """How many digits a JSON number may have."""
        return self._read("JSON_DIGITS", 32)

    @property
    def problem_type(self) -> str:
        """What the `type` of a problem is; `{code}` is replaced."""
        return self._read("PROBLEM_TYPE", "urn:bulwark:problem:{code}")

    @property
    def api_headers(self) -> Mapping[str, str]:
        """Changes to the headers of API answers; an empty value leaves a header out."""
        return self._read("API_HEADERS", {})

    @property
    def page_headers(self) -> Mapping[str, str]:
        """Changes to the headers of pages; an empty value leaves a header out."""
        return self._read("PAGE_HEADERS", {})

    @property
    def block_source(self) -> str:
        """Dotted path of `f() -> Iterable[Block]`: where blocks outlive Redis; empty: nowhere."""
        return self._read("BLOCK_SOURCE", "")

    @property
    def route_source(self) -> str:
        """Dotted path of `f() -> Iterable[DisabledRoute]`: where disabled routes outlive Redis; empty: nowhere."""
        return self._read("ROUTE_SOURCE", "")

    @property
    def metrics_networks(self) -> Sequence[str]:
        """Networks that may read `/metrics`."""
        return self._read("METRICS_NETWORKS", ["127.0.0.0/8", "::1/128"])

    @property
    def metrics_sources(self) -> Sequence[str]:
        """Dotted paths of `f() -> iterable of prometheus_client metrics`, asked each time `/metrics` is read."""
        return self._read("METRICS_SOURCES", ())


conf = Conf()

#: Every key there is, as the settings spell it.
KEYS = frozenset(name.upper() for name, value in vars(Conf).items() if isinstance(value, property))
