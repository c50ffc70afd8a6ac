"""REST framework's exception handler: every refusal of an API view becomes a problem."""

import math
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.http.response import HttpResponseBase
from rest_framework import exceptions
from rest_framework.views import set_rollback

from .. import signals
from ..metrics import INVALID
from .errors import Problem
from .report import refused, tell
from .responses import ProblemResponse, problem_response
from .validation import flattened

#: Refusals that no other app reports: the request never reached a decision.
_REFUSED_AT_THE_EDGE = frozenset({400, 405, 406, 411, 413, 415})


def exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponseBase | None:
    """Return the problem that answers ``exc``, or None for a crash, which Django then handles.

    For `REST_FRAMEWORK["EXCEPTION_HANDLER"]`. A validation error becomes 422 with one entry in `errors` for each fault.
    """
    request = context["request"]
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        answer = getattr(exc, "problem", None)  # a limit that was reached says so
        exc = answer if isinstance(answer, Problem) else exceptions.PermissionDenied()
    if not isinstance(exc, exceptions.APIException):
        return None
    set_rollback()
    if isinstance(exc, exceptions.ValidationError):
        return _invalid(request, exc)
    response = answer_to(request, exc)
    if exc.status_code in _REFUSED_AT_THE_EDGE:
        refused(request, code=response.problem["code"], status=exc.status_code)
    return response


def answer_to(request: Any, exc: exceptions.APIException) -> ProblemResponse:
    """Return the problem that says what ``exc`` says."""
    codes = exc.get_codes()
    return problem_response(
        request,
        status=exc.status_code,
        code=codes if isinstance(codes, str) else exc.default_code,
        detail=exc.detail if isinstance(exc.detail, str) else exc.default_detail,
        type=getattr(exc, "type", ""),
        headers=_headers(exc),
        **getattr(exc, "extra", {}),
    )


def _headers(exc: exceptions.APIException) -> dict[str, str]:
    headers = dict(getattr(exc, "headers", {}))
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


def _invalid(request: Any, exc: exceptions.ValidationError) -> ProblemResponse:
    errors = list(flattened(exc.detail))
    INVALID.inc()
    told = [{"pointer": error["pointer"], "code": error["code"]} for error in errors]
    tell(signals.validation_failed, type(exc), request, errors=told)
    return problem_response(
        request,
        status=422,
        code="invalid",
        title="Invalid input",
        detail="Some of the input is invalid.",
        errors=errors,
    )
