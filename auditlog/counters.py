"""What is counted while events are written, for Prometheus."""

from prometheus_client import Counter, Histogram

WRITE_FAILURES = Counter(
    "bulwark_audit_write_failures_total", "Events that could not be stored, by what became of them", ["kept"]
)
WRITE_SECONDS = Histogram(
    "bulwark_audit_write_seconds",
    "Seconds that storing events took",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5),
)

for _kept in ("spool", "transaction"):
    WRITE_FAILURES.labels(_kept)
