"""How alerts reach people and machines."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.core.mail import send_mail
from django.utils.module_loading import import_string

from ..conf import conf
from ..models import Alert, AlertState, Delivery, Severity


class DeliveryRefused(Exception):  # noqa: N818 - errors are past participles in this project
    """The receiver did not take the alert; it is tried again."""


class Channel(Protocol):
    """Takes alerts to one place.

    :ivar minimum: the least severity that it takes.
    """

    minimum: int

    def send(self, deliveries: Sequence[Delivery], *, now: datetime) -> None:
        """Deliver all of them in one message.

        :raises Exception: none was taken; all are tried again later.
        """
        ...


def channels() -> dict[str, Channel]:
    """Return the channels that the settings name."""
    found: dict[str, Channel] = {}
    for name, options in conf.alert_channels.items():
        made = dict(options)
        found[name] = import_string(made.pop("class", f"{__package__}.channels.WebhookChannel"))(**made)
    return found


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
class EmailChannel:
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
class WebhookChannel:
    """Posts JSON, signed as Standard Webhooks says (https://www.standardwebhooks.com).

    :param secret: `whsec_` and base64, of 24 to 64 bytes.
    """

    url: str
    secret: str
    minimum: int = Severity.LOW

    def send(self, deliveries: Sequence[Delivery], *, now: datetime) -> None:
        alerts = [described(delivery.alert, delivery.news) for delivery in deliveries]
        body = json.dumps({"type": "alerts", "timestamp": now.isoformat(), "data": {"alerts": alerts}}).encode()
        # The same deliveries tried again have the same id: the receiver can tell.
        name = f"msg_{deliveries[0].pk}_{deliveries[-1].pk}_{len(deliveries)}"
        post(self.url, body, signed(self.secret, name, now, body))


@dataclass
class AlertmanagerChannel:
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
        post(f"{self.url.rstrip('/')}/api/v2/alerts", json.dumps(alerts).encode(), {})


def signed(secret: str, name: str, now: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers of Standard Webhooks."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    stamp = str(int(now.timestamp()))
    mac = hmac.digest(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256)
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Post JSON through the function that the settings name.

    :raises DeliveryRefused: the answer was not 2xx.
    """
    status: int = import_string(conf.http_post)(url, body, {"Content-Type": "application/json", **headers})
    if not 200 <= status < 300:
        msg = f"The receiver answered {status}."
        raise DeliveryRefused(msg)
