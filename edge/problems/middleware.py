"""Makes a problem of whatever error the API would answer with otherwise."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ..metrics import UNKNOWN_PATHS
from ..middleware import Middleware
from .drf import answer_to
from .errors import Problem
from .report import refused
from .responses import is_api, problem_response

_CODES = {
    400: "bad_request",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    500: "server_error",
}
_DETAILS = {404: "There is nothing here.", 405: "This method is not served here.", 500: "Something went wrong here."}
#: What describes the replaced body.
_BODY_HEADERS = frozenset({"content-type", "content-length", "content-encoding", "etag", "last-modified"})


class ProblemMiddleware(Middleware):
    """Replaces empty error answers (Django's 405), and under `API_PREFIXES` every error page, by problems.

    A problem that an exception carries, as a reached limit does, is answered in any view.
    """

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Answer an exception that carries a problem."""
        problem = getattr(exception, "problem", exception)
        return answer_to(request, problem) if isinstance(problem, Problem) else None

    def after(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        status = response.status_code
        if status == 404 and request.resolver_match is None:  # with DEBUG no handler of ours is asked
            UNKNOWN_PATHS.inc()
            refused(request, code="not_found", status=404)
        if status < 400 or not response.headers.get("Content-Type", "").startswith("text/"):
            return response
        if not is_api(request) and (response.streaming or getattr(response, "content", None)):
            return response
        problem = problem_response(
            request,
            status=status,
            code=_CODES.get(status, "error"),
            detail=_DETAILS.get(status, "The request cannot be answered."),
            headers={k: v for k, v in response.headers.items() if k.lower() not in _BODY_HEADERS},
        )
        problem.cookies = response.cookies
        return problem
