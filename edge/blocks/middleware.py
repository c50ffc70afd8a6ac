"""Refuses whoever is blocked."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .. import metrics
from ..client_ip import client_ip
from ..middleware import Middleware
from ..problems import Blocked, answer_to
from ..ratelimit.spending import spending
from .blocklist import blocklist


class BlockMiddleware(Middleware):
    """Answers 403 to blocked clients, before anything asks the database. It sends no signal: each would be a query.

    It stands inside `RateLimitMiddleware`, whose counting brings the news of changes along.
    """

    def before(self, request: HttpRequest) -> HttpResponseBase | None:
        if blocklist().find(client_ip(request)) is None:
            return None
        blocklist().refresh(was_counted=False)  # a block that was lifted elsewhere
        return self._refusal(request)

    def process_view(
        self, request: HttpRequest, _view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        """Answer 403, or None to go on."""
        blocklist().refresh(was_counted=bool(spending(request).decisions))
        return self._refusal(request)

    def _refusal(self, request: HttpRequest) -> HttpResponseBase | None:
        if blocklist().find(client_ip(request)) is None:
            return None
        spending(request).is_managed = True  # a blocked request is not counted as well
        metrics.BLOCKED.inc()
        return answer_to(request, Blocked())

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        if blocklist().find(client_ip(request)) is not None:
            refusal = await sync_to_async(self.before)(request)
            if refusal is not None:
                return refusal
        response: Any = self.get_response(request)
        answered: HttpResponseBase = await response
        return answered
