"""How alerts reach people and machines."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import send_mail

from ..backends import made
from ..conf import conf
from ..models import Alert, AlertState, Delivery, Severity
from ..posting import checked_url, deliver, key_of, signed

_JSON = {"Content-Type": "application/json"}


class Channel(ABC):
    """Takes alerts to one place.

    :ivar minimum: the least severity that it takes.
    """

    minimum: int

    @abstractmethod
    def send(self, deliveries: Sequence[Delivery], *, now: datetime) -> None:
        """Deliver all of them in one message.

        :raises Exception: none was taken; all are tried again later.
        """


def channels() -> dict[str, Channel]:
    """Return the channels that the settings name.

    :raises KeyError, ImportError: there is no such class.
    :raises TypeError, ValueError: it does not take the options.
    """
    return {name: made(described, Channel) for name, described in conf.alert_channels.items()}  # type: ignore[type-abstract]


def described(alert: Alert, news: str) -> dict[str, Any]:
    """Return an alert as JSON: what happened, why it matters, what to check first."""
    from ..detection.rules import BY_NAME

    rule = BY_NAME.get(alert.rule)
    return {
        "id": alert.pk,
        "state": news,
        "rule": alert.rule,
        "about": alert.key,
        "severity": str(Severity(alert.severity).label),
        "summary": " ".join(alert.summary.split()),  # a mail with a line break in its subject is never sent
        "why": rule.why if rule else "",
        "first": rule.first if rule else "",
        "count": alert.count,
        "first_event": alert.first_ts.isoformat(),
        "last_event": alert.last_ts.isoformat(),
        "evidence": alert.evidence,
        "url": f"{conf.site_url}/admin/bulwark_auditlog/alert/{alert.pk}/change/" if conf.site_url else "",
    }


@dataclass
class EmailChannel(Channel):
    """Mails people: one mail for what came together."""

    to: Sequence[str]
    minimum: int = Severity.MEDIUM

    def send(self, deliveries: Sequence[Delivery], *, now: datetime) -> None:  # noqa: ARG002 - the contract
        alerts = [described(delivery.alert, delivery.news) for delivery in deliveries]
        more = f" and {len(alerts) - 1} more" if len(alerts) > 1 else ""
        blocks = [
            f"{each['severity'].upper()}, {each['state']}: {each['summary']}\n"
            f"{each['count']} events, {each['first_event']} to {each['last_event']}\n"
            f"Why: {each['why']}\nFirst: {each['first']}\n{each['url']}"
            for each in alerts
        ]
        send_mail(f"[alert] {alerts[0]['summary']}{more}"[:200], "\n\n".join(blocks), None, list(self.to))


@dataclass
class WebhookChannel(Channel):
    """Posts JSON, signed as Standard Webhooks says (https://www.standardwebhooks.com).

    :param secret: `whsec_` and base64, of 24 to 64 bytes.
    :raises ValueError: the address is not encrypted and not on this machine, or the secret cannot be read.
    """

    url: str
    secret: str = field(repr=False)
    minimum: int = Severity.LOW

    def __post_init__(self) -> None:
        checked_url(self.url)
        if not key_of(self.secret):
            msg = "The secret of a webhook is empty: whoever gets alerts must be able to check them."
            raise ValueError(msg)

    def send(self, deliveries: Sequence[Delivery], *, now: datetime) -> None:
        alerts = [described(delivery.alert, delivery.news) for delivery in deliveries]
        body = json.dumps({"type": "alerts", "timestamp": now.isoformat(), "data": {"alerts": alerts}}).encode()
        # The same deliveries tried again have the same id: the receiver can tell.
        name = f"msg_{deliveries[0].pk}_{deliveries[-1].pk}_{len(deliveries)}"
        deliver(self.url, body, {**_JSON, **signed(key_of(self.secret), name, now, body)})


@dataclass
class AlertmanagerChannel(Channel):
    """Posts to Prometheus Alertmanager's v2 API; a closed alert is resolved there.

    Alertmanager forgets an alert that nobody repeats; `lasts` is told as its end.
    """

    url: str
    minimum: int = Severity.LOW
    lasts: timedelta = timedelta(hours=4)

    def send(self, deliveries: Sequence[Delivery], *, now: datetime) -> None:
        alerts = []
        for delivery in deliveries:
            told = described(delivery.alert, delivery.news)
            ends = now if delivery.news == AlertState.CLOSED else now + self.lasts
            alerts.append(
                {
                    "labels": {
                        "alertname": told["rule"],
                        "severity": told["severity"],
                        "about": told["about"],
                        "service": "bulwark",
                    },
                    "annotations": {name: str(told[name]) for name in ("summary", "why", "first", "count")},
                    "startsAt": delivery.alert.raised_at.isoformat(),
                    "endsAt": ends.isoformat(),
                    **({"generatorURL": told["url"]} if told["url"] else {}),
                }
            )
        deliver(f"{self.url.rstrip('/')}/api/v2/alerts", json.dumps(alerts).encode(), _JSON)
