"""`env`: what a rule may ask about the request, read at most once and only if asked."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from .conf import conf

Address = IPv4Address | IPv6Address


class Environment:
    """The facts about one request; `now` is the same for all of its decisions."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        self._request = request

    @cached_property
    def now(self) -> datetime:
        return timezone.now()

    @cached_property
    def address(self) -> Address | None:
        """The client's address, an IPv4 one even if it came mapped into IPv6; None if unknown."""
        if self._request is None:
            return None
        try:
            return _address(conf.client_ip(self._request))
        except ValueError:
            return None

    @cached_property
    def mfa(self) -> bool:
        return self._request is not None and bool(conf.mfa(self._request))

    @cached_property
    def client(self) -> str:
        return conf.client(self._request) if self._request is not None else ""


class FixedEnvironment(Environment):
    """Facts that are stated instead of read, for jobs without a request and for "what if" questions."""

    def __init__(self, *, now: datetime | None = None, ip: str = "", mfa: bool = False, client: str = "") -> None:
        super().__init__()
        self.now = now or timezone.now()
        self.address = _address(ip) if ip else None
        self.mfa = mfa
        self.client = client


def _address(text: str) -> Address:
    """:raises ValueError: it is no address."""
    address = ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def remote_address(request: HttpRequest) -> str:
    """Return the address that the connection came from."""
    return str(request.META.get("REMOTE_ADDR", ""))


def second_factor(request: HttpRequest) -> bool:
    """Tell whether the request's token says that a second factor was proven (`amr`, RFC 8176: a list of words)."""
    claims: Any = getattr(getattr(request, "auth", None), "claims", None)
    shown = claims.get("amr") if isinstance(claims, Mapping) else None
    return isinstance(shown, list | tuple) and "mfa" in shown


def client_name(request: HttpRequest) -> str:
    """Return the client application that the request's session belongs to, or ""."""
    family = getattr(getattr(request, "auth", None), "family", None)
    return str(getattr(family, "client", "") or "")
