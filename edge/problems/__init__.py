"""Errors that help and do not leak: RFC 9457 problems for programs, plain pages for people."""

from .drf import answer_to, exception_handler
from .errors import (
    BadHost,
    Blocked,
    BodyTooLarge,
    CsrfFailed,
    HeadersTooLarge,
    HttpsRequired,
    LengthRequired,
    LimiterUnavailable,
    MalformedBody,
    MalformedUri,
    Problem,
    RouteDisabled,
    ServerError,
    TooManyRequests,
    UnsupportedBody,
    UriTooLong,
    VersionEnded,
)
from .handlers import bad_request, csrf_failure, not_found, permission_denied, server_error
from .middleware import ProblemMiddleware
from .responses import CONTENT_TYPE, ProblemResponse, is_api, problem_response, wants_page

__all__ = [
    "CONTENT_TYPE",
    "BadHost",
    "Blocked",
    "BodyTooLarge",
    "CsrfFailed",
    "HeadersTooLarge",
    "HttpsRequired",
    "LengthRequired",
    "LimiterUnavailable",
    "MalformedBody",
    "MalformedUri",
    "Problem",
    "ProblemMiddleware",
    "ProblemResponse",
    "RouteDisabled",
    "ServerError",
    "TooManyRequests",
    "UnsupportedBody",
    "UriTooLong",
    "VersionEnded",
    "answer_to",
    "bad_request",
    "csrf_failure",
    "exception_handler",
    "is_api",
    "not_found",
    "permission_denied",
    "problem_response",
    "server_error",
    "wants_page",
]
