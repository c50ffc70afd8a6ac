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

    def _given(self, key: str, default: Value) -> Value:
        given: Value = getattr(settings, NAME, {}).get(key, default)
        return given


conf = Conf()


def keys() -> set[str]:
    """Return the keys that `BULWARK_AUDITLOG` may hold."""
    return {name.upper() for name, value in vars(Conf).items() if isinstance(value, property)}
