"""How a version of the API ends: announced, then gone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import http_date

from .context import request_in
from .problems import answer_to
from .problems.errors import VersionEnded

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Deprecation:
    """When a route was or will be deprecated, when it ends, and where to read on."""

    since: datetime
    sunset: datetime
    successor: str = ""
    documentation: str = ""

    def is_over(self, now: datetime) -> bool:
        """Say whether the route has ended."""
        return now >= self.sunset

    def set_headers(self, response: HttpResponseBase) -> None:
        """Announce the end on an answer (RFC 9745, RFC 8594, RFC 5829)."""
        response.headers["Deprecation"] = f"@{int(self.since.timestamp())}"
        response.headers["Sunset"] = http_date(self.sunset.timestamp())
        links = [(self.successor, "successor-version"), (self.documentation, "deprecation")]
        own = [f'<{target}>; rel="{relation}"' for target, relation in links if target]
        if own:
            response.headers["Link"] = ", ".join([*filter(None, [response.headers.get("Link")]), *own])


def deprecated(
    *, since: datetime, sunset: datetime, successor: str = "", documentation: str = ""
) -> Callable[[View], View]:
    """Announce the end of a view, class or method; from then on it answers 410.

    :param since: when it is deprecated; may lie ahead.
    :param sunset: when it ends.
    :param successor: the address of what replaces it.
    :param documentation: the address of a page that tells more.
    :raises ImproperlyConfigured: it would end before it is deprecated (RFC 9745, section 4), or a time has no zone.
    """
    ending = Deprecation(since, sunset, successor, documentation)
    if timezone.is_naive(since) or timezone.is_naive(sunset) or sunset < since:
        msg = "A route ends after it is deprecated, and both times have a zone."
        raise ImproperlyConfigured(msg)

    def decorate(view: View) -> View:
        owner: Any = view
        if isinstance(view, type):
            owner = method_decorator(decorate, name="dispatch")(view)
        else:
            owner = _asynchronous(view, ending) if iscoroutinefunction(view) else _synchronous(view, ending)
        owner.edge_deprecation = ending
        return owner  # type: ignore[no-any-return]  # a class is a View too

    return decorate


def _synchronous(view: Callable[..., Any], ending: Deprecation) -> Callable[..., Any]:
    @wraps(view)
    def announced(*args: Any, **kwargs: Any) -> Any:
        response = _ended(request_in(args), ending) or view(*args, **kwargs)
        ending.set_headers(response)
        return response

    return announced


def _asynchronous(view: Callable[..., Any], ending: Deprecation) -> Callable[..., Any]:
    @wraps(view)
    async def announced(*args: Any, **kwargs: Any) -> Any:
        response = _ended(request_in(args), ending) or await view(*args, **kwargs)
        ending.set_headers(response)
        return response

    return announced


def _ended(request: Any, ending: Deprecation) -> HttpResponseBase | None:
    return answer_to(request, VersionEnded()) if ending.is_over(timezone.now()) else None
