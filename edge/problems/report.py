"""Tells the world about refusals."""

from typing import Any

from django.dispatch import Signal
from django.http import HttpRequest

from .. import signals
from ..context import django_request
from .errors import Problem


def actor(request: HttpRequest) -> Any:
    """Return the user of ``request`` if something has already found out who that is, else None; costs no query."""
    user = vars(request).get("_cached_user") or vars(request).get("user")
    if user is None or "_wrapped" in vars(user):  # still lazy: asking would query
        return None
    return user if user.is_authenticated else None


def refused(request: Any, *, code: str, status: int) -> None:
    """Send `request_refused`."""
    tell(signals.request_refused, Problem, request, code=code, status=status)


def tell(signal: Signal, sender: type, request: Any, *, outcome: str = "refused", **data: Any) -> None:
    """Send a signal about what became of a request; its path and method go with the data."""
    inner = django_request(request)
    data |= {"path": inner.path, "method": inner.method}
    signal.send_robust(sender=sender, request=inner, user=actor(inner), target=None, outcome=outcome, data=data)
