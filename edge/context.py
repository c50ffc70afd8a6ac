"""The id that ties a request's answer, log lines, problems and audit events together."""

import re
import secrets
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .middleware import Middleware

HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)
_current: ContextVar[str] = ContextVar("bulwark_request_id", default="")


def request_id(request: Any = None) -> str:
    """Return the id of ``request``, or of the request that is being served here; empty outside of one.

    :param request: a Django or REST framework request, or None.
    """
    return getattr(request, "request_id", "") or _current.get()


def django_request(request: Any) -> HttpRequest:
    """Return the Django request inside a REST framework request, or ``request`` itself."""
    inner: HttpRequest = getattr(request, "_request", request)
    return inner


class RequestContextMiddleware(Middleware):
    """Sets `request.request_id`, and the header `X-Request-ID` on the answer.

    An id that the caller sends is kept when it has 8 to 64 letters, digits, dots, dashes or underscores: it can
    then stand in a log line or a header as it is. Any other is replaced.
    """

    def before(self, request: HttpRequest) -> None:
        given = request.headers.get(HEADER, "")
        chosen = given if _WELL_FORMED.fullmatch(given) else secrets.token_hex(16)
        vars(request)["request_id"] = chosen
        # Not reset afterwards: what runs after the answer (streams, on_commit, logging of the server) still belongs
        # to this request, and the next request in the same thread sets its own before anything else.
        _current.set(chosen)

    def after(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers[HEADER] = request_id(request)
        return response
