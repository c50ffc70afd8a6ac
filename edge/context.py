"""The id that ties a request's answer, log lines, problems and audit events together."""

import re
import secrets

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .current import current_id, django_request, request_id, request_in
from .middleware import Middleware

__all__ = ["HEADER", "RequestContextMiddleware", "django_request", "request_id", "request_in"]

HEADER = "X-Request-ID"
_META = "HTTP_X_REQUEST_ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)


class RequestContextMiddleware(Middleware):
    """Sets `request.request_id`, and the header `X-Request-ID` on the answer.

    An id that the caller sends is kept when it has 8 to 64 letters, digits, dots, dashes or underscores: it can
    then stand in a log line or a header as it is. Any other is replaced.
    """

    def before(self, request: HttpRequest) -> None:
        given = request.META.get(_META, "")  # `request.headers` would be built for this alone
        chosen = given if _WELL_FORMED.fullmatch(given) else secrets.token_hex(16)
        vars(request)["request_id"] = chosen
        # Not reset afterwards: what runs after the answer (streams, on_commit, logging of the server) still belongs
        # to this request, and the next request in the same thread sets its own before anything else.
        current_id.set(chosen)

    def after(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers[HEADER] = request_id(request)
        return response
