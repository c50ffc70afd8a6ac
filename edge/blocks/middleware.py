"""Refuses whoever is blocked, and whatever is disabled."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .. import metrics
from ..client_ip import client_ip
from ..middleware import ViewMiddleware
from ..problems import Blocked, RouteDisabled, answer_to
from ..ratelimit.spending import spending
from .blocklist import blocklist
from .known import known
from .routes import routes

#: Seconds after which to try again, where a route is disabled until somebody enables it.
UNKNOWN_WAIT = 300


class BlockMiddleware(ViewMiddleware):
    """Answers 403 to blocked clients and 503 for disabled routes, before anything asks the database.

    It sends no signal: each would be a query. It stands inside `RateLimitMiddleware`, whose counting brings the news of
    changes along: what another process has blocked or disabled holds for the next request here. A client that is
    refused already is forgiven within a second.
    """

    def before(self, request: HttpRequest) -> HttpResponseBase | None:
        if blocklist().find(client_ip(request)) is None:
            return None
        known().learn_now_and_then()  # a block that was lifted elsewhere
        return self._refusal(request)

    def before_view(self, request: HttpRequest, view: Callable[..., Any]) -> HttpResponseBase | None:  # noqa: ARG002
        known().learn(spending(request).counter)
        return self._refusal(request) or self._disabled(request)

    async def abefore_view(
        self,
        request: HttpRequest,
        view: Callable[..., Any],  # noqa: ARG002 - the hook's
    ) -> HttpResponseBase | None:
        await known().alearn(spending(request).counter)
        return self._refusal(request) or self._disabled(request)

    def _refusal(self, request: HttpRequest) -> HttpResponseBase | None:
        if blocklist().find(client_ip(request)) is None:
            return None
        spending(request).is_managed = True  # a blocked request is not counted as well
        metrics.BLOCKED.inc()
        return answer_to(request, Blocked())

    def _disabled(self, request: HttpRequest) -> HttpResponseBase | None:
        match = request.resolver_match
        route = routes().find(match.view_name) if match else None
        if route is None:
            return None
        metrics.DISABLED.inc()
        return answer_to(request, RouteDisabled(routes().seconds_left(route) or UNKNOWN_WAIT))

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        if blocklist().find(client_ip(request)) is not None:
            await known().alearn_now_and_then()
            if (refusal := self._refusal(request)) is not None:
                return refusal
        return await cast("Awaitable[HttpResponseBase]", self.get_response(request))
