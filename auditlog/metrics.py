"""What is looked up when Prometheus asks; every value of a label is known at 0 from the start."""

from collections.abc import Iterator
from functools import partial

from django.db import router
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from . import following, spool
from .conf import conf
from .detection.rules import RULES
from .models import Alert, Delivery, Event, Follower, Outcome, Response, Severity
from .shipping.position import follower_of

#: The readers of the log that are always named, with the receivers of `SHIPPING`; others once they have read.
READERS = ("detect", "rollup", "seal")
VERIFIED = "auditlog.log_verified"


def collected() -> Iterator[Metric]:
    """Yield what the database and the spool tell: a few small queries, none of which reads the events."""
    alias = router.db_for_write(Event)
    yield from (_alerts(alias), _open_alerts(alias), *_deliveries(alias), _responses(alias))
    yield from _readers(alias)
    waiting = GaugeMetricFamily("bulwark_audit_spool_bytes", "Bytes of events that wait on this host's disk")
    waiting.add_metric([], sum(path.stat().st_size for path in spool.waiting()))
    yield waiting
    yield _verified(alias)


def _alerts(alias: str) -> Metric:
    found = CounterMetricFamily("bulwark_alerts", "Alerts that were raised, by rule", labels=["rule"])
    counted = _counted(Alert.objects.using(alias), "rule")
    for rule in RULES:
        found.add_metric([rule.name], counted.get(rule.name, 0))
    return found


def _open_alerts(alias: str) -> Metric:
    found = GaugeMetricFamily("bulwark_alerts_open", "Alerts that nobody has closed, by severity", labels=["severity"])
    counted = _counted(Alert.objects.using(alias).live(), "severity")
    for severity in Severity:
        found.add_metric([severity.name.lower()], counted.get(severity.value, 0))
    return found


def _deliveries(alias: str) -> Iterator[Metric]:
    rows = Delivery.objects.using(alias).order_by().values("channel")
    counted = {
        row["channel"]: row
        for row in rows.annotate(taken=Count("pk", filter=Q(delivered_at__isnull=False)), all=Count("pk"))
    }
    taken = CounterMetricFamily("bulwark_alert_deliveries", "Alerts that a channel has taken", labels=["channel"])
    waiting = GaugeMetricFamily(
        "bulwark_alert_deliveries_waiting", "Alerts that wait for a channel", labels=["channel"]
    )
    # The web server that is asked may have no channels: those are the detector's.
    for name in sorted({*conf.alert_channels, *counted}):
        row = counted.get(name, {"taken": 0, "all": 0})
        taken.add_metric([name], row["taken"])
        waiting.add_metric([name], row["all"] - row["taken"])
    yield from (taken, waiting)


def _responses(alias: str) -> Metric:
    found = GaugeMetricFamily(
        "bulwark_responses_active", "Blocks, locks and other actions that hold", labels=["action"]
    )
    now = timezone.now()
    holding = Response.objects.using(alias).filter(Q(ends_at=None) | Q(ends_at__gt=now), undone_at=None)
    counted = _counted(holding, "action")
    for name in conf.responses:
        found.add_metric([name], counted.get(name, 0))
    return found


def _readers(alias: str) -> Iterator[Metric]:
    behind = partial(GaugeMetricFamily, labels=["reader"])
    count = behind(
        "bulwark_audit_unread_events", "Events that a reader of the log has not dealt with: `seal` is unsealed"
    )
    age = behind("bulwark_audit_lag_seconds", "How old the oldest event is that a reader has not dealt with")
    places = {place.name: place for place in Follower.objects.using(alias)}
    now = timezone.now()
    known = (*READERS, *(follower_of(name) for name in sorted(conf.shipping)))
    for name in (*known, *sorted(places.keys() - set(known))):
        count.add_metric([name], following.lag(name, alias))
        first = following.Reading(places.get(name) or Follower(name=name), alias).first_unread(now)
        age.add_metric([name], (now - first.ts).total_seconds() if first else 0.0)
    yield from (count, age)


def _verified(alias: str) -> Metric:
    """Return what the last verification found: 1 good, 0 not, and no value where there was none."""
    found = GaugeMetricFamily("bulwark_audit_verified", "Whether the last verification found the log as it was signed")
    last = Event.objects.using(alias).filter(type=VERIFIED).newest_first().values_list("outcome", flat=True).first()
    if last is not None:
        found.add_metric([], int(last == Outcome.SUCCESS))
    return found


def _counted(rows: "QuerySet[Alert] | QuerySet[Response]", column: str) -> dict[object, int]:
    return dict(rows.order_by().values_list(column).annotate(Count("pk")))
