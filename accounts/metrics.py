"""What is counted, for Prometheus; every value of a label is known at 0 from the start."""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily

from . import keys, signals
from .counters import OTHER
from .first_factor import LoginFault
from .models import TokenFamily

logger = logging.getLogger(__name__)
_SESSIONS = "bulwark:accounts:sessions_active"
#: Seconds.
_COUNTED_FOR = 60
LOGINS = Counter("bulwark_login_attempts_total", "Logins, by outcome and by why they failed", ["outcome", "reason"])
REUSES = Counter("bulwark_token_reuses_total", "Refresh tokens and authorization codes that were used twice", ["kind"])
WITHHELD = Counter("bulwark_mails_withheld_total", "Mails that were not sent to a mailbox that has had enough")

LOGINS.labels("success", "")
for _fault in (*LoginFault, OTHER):
    LOGINS.labels("refused", str(_fault))
for _kind in ("code", "refresh"):
    REUSES.labels(_kind)


def connect() -> None:
    """Count what the signals tell."""
    for signal, receiver in (
        (signals.login_succeeded, _on_login),
        (signals.login_failed, _on_failure),
        (signals.token_reuse_detected, _on_reuse),
        (signals.code_reuse_detected, _on_code_reuse),
        (signals.mail_withheld, _on_withheld),
    ):
        signal.connect(receiver, dispatch_uid=f"bulwark_accounts.metrics.{receiver.__name__}")


def collected() -> Iterator[GaugeMetricFamily]:
    """Yield what is looked up when Prometheus asks: live sessions, and the age of each kind of key."""
    now = timezone.now()
    active = GaugeMetricFamily("bulwark_sessions_active", "Sessions that are alive")
    active.add_metric([], _live(now))
    yield active
    ages = GaugeMetricFamily("bulwark_key_age_seconds", "Since when the active key is in use", labels=["purpose"])
    ring = keys.keyring()
    for purpose, key_set in (("access", ring.access), ("refresh", ring.refresh)):
        ages.add_metric([purpose], (now - key_set.active(now).active_from).total_seconds())
    yield ages


def _live(now: datetime) -> int:
    """Return how many sessions are alive, or were within the last minute.

    Counting reads the whole table, some 35 ms for 100 000 rows on PostgreSQL. An index that answered it would have to
    be written by every refresh.
    """
    count = TokenFamily.objects.live(now).count
    try:
        return int(cache.get_or_set(_SESSIONS, count, _COUNTED_FOR) or 0)
    except Exception:  # caches raise what their client raises
        logger.exception("The number of sessions cannot be kept in the cache, so it is counted each time.")
        return count()


def _on_login(**_: Any) -> None:
    LOGINS.labels("success", "").inc()


def _on_failure(*, data: dict[str, Any], **_: Any) -> None:
    reason = str(data.get("reason", ""))
    LOGINS.labels("refused", reason if reason in set(map(str, LoginFault)) else OTHER).inc()


def _on_reuse(**_: Any) -> None:
    REUSES.labels("refresh").inc()


def _on_code_reuse(**_: Any) -> None:
    REUSES.labels("code").inc()


def _on_withheld(**_: Any) -> None:
    WITHHELD.inc()
