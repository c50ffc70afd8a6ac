"""What an event knows of its request, for a host that names no getters of its own."""

from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone


def request_id(request: HttpRequest) -> str:
    """Return the attribute `request.request_id` that a middleware of the host may have set, or nothing."""
    return str(getattr(request, "request_id", ""))


def client_ip(request: HttpRequest) -> str:
    """Return the address of the connection's other end: behind a proxy that is the proxy."""
    return str(request.META.get("REMOTE_ADDR", ""))


def nothing(request: HttpRequest) -> str:  # noqa: ARG001 - the contract of a getter
    """Return the empty text: this project has no such thing."""
    return ""


def has_logged_in_recently(request: HttpRequest) -> bool:
    """Say whether the user's last login, wherever it was, is at most 15 minutes ago."""
    last = getattr(request.user, "last_login", None)
    return last is not None and timezone.now() - last <= timedelta(minutes=15)
