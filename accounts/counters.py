"""What is counted where sessions end, for Prometheus."""

from prometheus_client import Counter

from .models import EndReason

OTHER = "other"
ENDED = Counter("bulwark_sessions_ended_total", "Sessions that were ended before their time, by reason", ["reason"])

for _reason in (*EndReason.values, OTHER):
    ENDED.labels(str(_reason))


def count_ended(reason: str, sessions: int) -> None:
    """Count sessions that were ended; words that people gave are one kind."""
    ENDED.labels(reason if reason in EndReason.values else OTHER).inc(sessions)
