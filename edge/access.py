"""One log line and one measurement for each request."""

import logging
import time

from django.core.exceptions import SynchronousOnlyOperation
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import metrics
from .client_ip import client_ip
from .middleware import Middleware
from .problems.report import actor
from .ratelimit.keys import tenant_of

logger = logging.getLogger("bulwark.access")
#: Methods that get a label of their own; a caller can invent others.
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class AccessMiddleware(Middleware):
    """Logs method, route, status, milliseconds, address, user and tenant; never the path's values or the query.

    It stands inside `RequestContextMiddleware`, outside everything that is to be measured.
    """

    def before(self, request: HttpRequest) -> None:
        vars(request)["_edge_started"] = time.perf_counter()

    def after(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        seconds = time.perf_counter() - vars(request)["_edge_started"]
        match = getattr(request, "resolver_match", None)
        route = f"/{match.route}" if match else "(none)"
        method = request.method if request.method in _METHODS else "OTHER"
        metrics.count_request(route, method, response.status_code, seconds)
        user = actor(request)
        logger.info(
            "request",
            extra={
                "method": method,
                "route": route,
                "view": match.view_name if match else None,
                "status": response.status_code,
                "ms": round(seconds * 1000, 2),
                "ip": client_ip(request),
                "user": str(user.pk) if user is not None else None,
                "tenant": _tenant(request),
            },
        )
        return response


def _tenant(request: HttpRequest) -> str | None:
    try:
        return tenant_of(request)
    except SynchronousOnlyOperation:
        return None  # an async stack does not wait for a query to write a line
