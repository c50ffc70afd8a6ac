"""What is counted, for Prometheus."""

from functools import lru_cache
from typing import Any

from prometheus_client import Counter

from .signals import access_denied

DENIALS = Counter("bulwark_denials_total", "Requests that a policy denied, by action", ["action"])
OTHER = "other"


def connect() -> None:
    """Count what the signal tells."""
    access_denied.connect(_on_denial, dispatch_uid="bulwark_authz.metrics.denial")


@lru_cache(maxsize=1)
def know_actions() -> frozenset[str]:
    """Make every action of every policy known at 0, and return them."""
    from .registry import policies

    known = frozenset(action for policy in policies() for action in policy.rules()[0])
    for action in (*known, OTHER):
        DENIALS.labels(action)
    return known


def collected() -> list[Any]:
    """Make every action known; there is nothing to look up."""
    know_actions()
    return []


def _on_denial(*, data: dict[str, Any], **_: Any) -> None:
    action = str(data.get("action", ""))
    DENIALS.labels(action if action in know_actions() else OTHER).inc()
