"""What is counted, for Prometheus."""

from functools import lru_cache

from prometheus_client import Counter, Histogram

from .conf import conf
from .views import routes_in_urls

REQUESTS = Counter(
    "bulwark_requests_total", "Requests answered, by route, method and status", ["route", "method", "status"]
)
SECONDS = Histogram(
    "bulwark_request_seconds",
    "Seconds until the answer began, by route",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
LIMIT_DECISIONS = Counter(
    "bulwark_ratelimit_decisions_total", "Requests that were counted against limits, by outcome", ["outcome", "store"]
)
LIMIT_ERRORS = Counter("bulwark_ratelimit_errors_total", "Times the limiter's store could not be reached", ["answer"])
BLOCKED = Counter("bulwark_blocked_requests_total", "Requests of blocked networks")
DISABLED = Counter("bulwark_disabled_requests_total", "Requests for disabled routes")
CSP_REPORTS = Counter("bulwark_csp_reports_total", "Reports of browsers that stopped something on a page")
INVALID = Counter("bulwark_validation_failures_total", "Requests whose input was well-formed and wrong (422)")
UNKNOWN_PATHS = Counter("bulwark_unknown_paths_total", "Requests for paths that are not served: probes, and mistakes")
OUTBOUND_REFUSED = Counter("bulwark_outbound_refused_total", "Outbound requests that were stopped", ["reason"])

for _outcome in ("allowed", "limited"):
    for _store in ("local", "redis"):
        LIMIT_DECISIONS.labels(_outcome, _store)
for _answer in ("closed", "local"):
    LIMIT_ERRORS.labels(_answer)
for _reason in ("address", "failed", "host", "port", "scheme", "url", "userinfo"):
    OUTBOUND_REFUSED.labels(_reason)


def count_request(route: str, method: str, status: int, seconds: float) -> None:
    """Count one request that was answered."""
    counter, histogram = _of_request(route, method, status)
    counter.inc()
    histogram.observe(seconds)


@lru_cache(maxsize=8192)
def _of_request(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    """Return what counts these; looking them up by their labels costs more than counting."""
    return REQUESTS.labels(route, method, status), SECONDS.labels(route)


@lru_cache(maxsize=8)
def limit_decisions(outcome: str, store: str) -> Counter:
    """Return what counts the decisions of this kind."""
    return LIMIT_DECISIONS.labels(outcome, store)


#: Statuses that somebody watches for: known as 0 before the first of them.
_WATCHED = (200, 201, 204, 400, 401, 403, 404, 422, 429, 500, 503)


@lru_cache(maxsize=1)
def know_routes() -> None:
    """Make every route of the API known at 0, so that the first answer of a kind is a change."""
    for route, methods in routes_in_urls():
        if route.startswith(conf.api_prefixes):
            SECONDS.labels(route)
            for method in methods:
                for status in _WATCHED:
                    REQUESTS.labels(route, method, status)
