"""What is counted, for Prometheus."""

from prometheus_client import Counter, Histogram

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
CSP_REPORTS = Counter("bulwark_csp_reports_total", "Reports of browsers that stopped something on a page")
OUTBOUND_REFUSED = Counter("bulwark_outbound_refused_total", "Outbound requests that were stopped", ["code"])

for _outcome in ("allowed", "limited"):
    for _store in ("local", "redis"):
        LIMIT_DECISIONS.labels(_outcome, _store)
for _answer in ("closed", "local"):
    LIMIT_ERRORS.labels(_answer)
