"""The request that is being served here, and its id."""

from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest

current_id: ContextVar[str] = ContextVar("bulwark_request_id", default="")


def request_id(request: Any = None) -> str:
    """Return the id of ``request``, or of the request that is being served here; empty outside of one.

    :param request: a Django or REST framework request, or None.
    """
    return getattr(request, "request_id", "") or current_id.get()


def django_request(request: Any) -> HttpRequest:
    """Return the Django request inside a REST framework request, or ``request`` itself."""
    inner: HttpRequest = getattr(request, "_request", request)
    return inner


def request_in(args: tuple[Any, ...]) -> Any:
    """Return the request among a view's arguments: the first of a function, the second of a method."""
    return next(arg for arg in args[:2] if hasattr(django_request(arg), "META"))
