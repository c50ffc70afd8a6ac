"""Every setting of `BULWARK_AUDITLOG`, with its type and default; read when used."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

NAME = "BULWARK_AUDITLOG"
Value = TypeVar("Value")


class Conf:
    @property
    def signals(self) -> Sequence[str]:
        """Dotted paths of the signals to record, as "shop.signals.order_refunded"."""
        return self._given("SIGNALS", ())

    @property
    def types(self) -> Mapping[str, Mapping[str, Any]]:
        """The host's own event types: name -> {"severity": 1 to 6, "fields": the data fields it may carry}."""
        return self._given("TYPES", {})

    @property
    def request_id(self) -> str:
        """Dotted path of `f(request) -> str`: the id that the request's log lines carry too."""
        return self._given("REQUEST_ID", f"{__package__}.getters.request_id")

    @property
    def client_ip(self) -> str:
        """Dotted path of `f(request) -> str`: the client's address; name one that knows your proxies."""
        return self._given("CLIENT_IP", f"{__package__}.getters.client_ip")

    @property
    def session_id(self) -> str:
        """Dotted path of `f(request) -> str`: the login that the request belongs to, never a secret."""
        return self._given("SESSION_ID", f"{__package__}.getters.nothing")

    @property
    def session_model(self) -> str:
        """Model whose row is a login, as "accounts.TokenFamily": an event about one belongs to that session."""
        return self._given("SESSION_MODEL", "")

    @property
    def tenant(self) -> str:
        """Dotted path of `f(request) -> str`: the id of the tenant that the request acts in."""
        return self._given("TENANT", f"{__package__}.getters.nothing")

    @property
    def country(self) -> str:
        """Dotted path of `f(request) -> str`: two letters (ISO 3166-1), from a header of your CDN for example."""
        return self._given("COUNTRY", f"{__package__}.getters.nothing")

    @property
    def spool(self) -> Path:
        """Folder that keeps events while the database is away; on a disk that survives a restart."""
        return Path(self._given("SPOOL", "") or Path(tempfile.gettempdir(), f"bulwark-auditlog-{os.getuid()}"))

    @property
    def flood_limit(self) -> int:
        """How many like refusals of one source a process writes singly in a window, before it only counts; 0: all."""
        return self._given("FLOOD_LIMIT", 100)

    @property
    def flood_window(self) -> float:
        """How long such a window is, in seconds."""
        return self._given("FLOOD_WINDOW", 60.0)

    @property
    def rules(self) -> Mapping[str, dict[str, Any]]:
        """Rule name -> "enabled", "limit", "window" (seconds), "severity" (1 to 6), "respond"; all optional."""
        return self._given("RULES", {})

    @property
    def geoip_file(self) -> str:
        """A file of places in MaxMind's format (`maxminddb`), for countries and journeys; empty: neither is known."""
        return self._given("GEOIP_FILE", "")

    @property
    def alert_channels(self) -> Mapping[str, Mapping[str, Any]]:
        """Where alerts are sent: name -> {"BACKEND": dotted path of a channel, "OPTIONS": {...}}."""
        return self._given("ALERT_CHANNELS", {})

    @property
    def http_post(self) -> str:
        """Dotted path of `f(url, body, headers) -> status`, which posts alerts and events."""
        return self._given("HTTP_POST", f"{__package__}.posting.post")

    @property
    def site_url(self) -> str:
        """Address of this site, for links in alerts, as "https://api.example.com"."""
        return self._given("SITE_URL", "").rstrip("/")

    @property
    def shipping(self) -> Mapping[str, Mapping[str, Any]]:
        """Who gets events: name -> {"BACKEND": dotted path, "FORMAT": "ocsf", "ecs" or "ndjson", "OPTIONS": {...}}."""
        return self._given("SHIPPING", {})

    @property
    def review_timeout(self) -> float:
        """After how many seconds PostgreSQL gives up a statement of a reviewer; 0: never."""
        return self._given("REVIEW_TIMEOUT", 5.0)

    @property
    def seal_keys(self) -> str:
        """Note keys, one a line (`auditlog_seal --new-key NAME` makes one): the first private one signs, all check."""
        return self._given("SEAL_KEYS", "")

    @property
    def seal_origin(self) -> str:
        """What this log is called in its checkpoints, and no other log is: a name as in a URL, without a scheme."""
        return self._given("SEAL_ORIGIN", "bulwark-auditlog")

    @property
    def publishers(self) -> Mapping[str, Mapping[str, Any]]:
        """Where checkpoints go, outside the database: {"disk": {"BACKEND": dotted path, "OPTIONS": {...}}, ...}."""
        return self._given("PUBLISHERS", {})

    @property
    def responses(self) -> Mapping[str, str | Sequence[str]]:
        """Action -> dotted path of the function that takes it, or of two: one takes it, the other takes it back."""
        return self._given("RESPONSES", {})

    @property
    def response_subjects(self) -> Mapping[str, str]:
        """Kind of subject ("account", "network", ...) -> dotted path of what finds one by its name, or raises."""
        return self._given("RESPONSE_SUBJECTS", {})

    @property
    def recent_login(self) -> str:
        """Dotted path of `f(request) -> bool`: whether the user has logged in recently enough to act."""
        return self._given("RECENT_LOGIN", f"{__package__}.getters.has_logged_in_recently")

    @property
    def incident_template(self) -> str:
        """Template of the message to customers whom an incident concerns; its first line is the subject."""
        return self._given("INCIDENT_TEMPLATE", "bulwark_auditlog/incident_notice.txt")

    @property
    def never_block(self) -> Sequence[str]:
        """Networks that no automatic response touches: offices, monitoring, partners."""
        return self._given("NEVER_BLOCK", ())

    @property
    def responses_an_hour(self) -> int:
        """How many automatic responses there may be within an hour."""
        return self._given("RESPONSES_AN_HOUR", 20)

    def _given(self, key: str, default: Value) -> Value:
        given: Value = getattr(settings, NAME, {}).get(key, default)
        return given


conf = Conf()


def keys() -> set[str]:
    """Return the keys that `BULWARK_AUDITLOG` may hold."""
    return {name.upper() for name, value in vars(Conf).items() if isinstance(value, property)}
