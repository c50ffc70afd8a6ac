"""Django's own error pages as problems, for `handler400` to `handler500` and `CSRF_FAILURE_VIEW`."""

import logging
import sys

from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from .. import signals
from .drf import answer_to
from .errors import BadHost, BodyTooLarge, CsrfFailed, Problem, ServerError
from .report import refused, tell
from .responses import problem_response

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400, or 413 for a body above Django's own limit. Says nothing of the exception's text."""
    problem = _bad_request_problem(exception)
    refused(request, code=problem.code, status=problem.status_code)
    return answer_to(request, problem)


def _bad_request_problem(exception: Exception) -> Problem:
    if isinstance(exception, DisallowedHost):
        return BadHost()
    if isinstance(exception, RequestDataTooBig):
        from django.conf import settings

        return BodyTooLarge(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)
    return Problem("The request is malformed.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403, or what the exception's `problem` says (429 for a limit)."""
    problem = getattr(exception, "problem", None)
    if isinstance(problem, Problem):
        return answer_to(request, problem)
    return problem_response(
        request, status=403, code="permission_denied", detail="You do not have permission to perform this action."
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django passes both
    """Answer 404. The exception's text lists the URLconf or names a model: neither is told."""
    return problem_response(request, status=404, code="not_found", detail="There is nothing here.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 with nothing but the request id; the log has the rest."""
    crash = sys.exc_info()[0]
    name = crash.__name__ if crash else ""
    tell(signals.server_error, ServerError, request, outcome="failed", exception=name)
    return answer_to(request, ServerError())


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 for `CSRF_FAILURE_VIEW`; the reason goes to the signal, not to the caller."""
    tell(signals.csrf_failed, CsrfFailed, request, reason=str(reason))
    return answer_to(request, CsrfFailed())
