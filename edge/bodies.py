"""Stops request bodies that are too large, compressed or of unknown length before anything reads them."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .middleware import Middleware
from .parsers import limit_of
from .problems import BodyTooLarge, LengthRequired, Problem, UnsupportedBody, answer_to, is_api
from .problems.report import refused


class BodyLimitMiddleware(Middleware):
    """Under `API_PREFIXES`, refuses bodies above the view's limit with 413 (OWASP ASVS 5.0, V2.4.1)."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        """Answer a refusal, or None to go on."""
        if not is_api(request):
            return None
        try:
            self._check(request, view)
        except Problem as problem:
            refused(request, code=problem.code, status=problem.status_code)
            return answer_to(request, problem)
        return None

    def _check(self, request: HttpRequest, view: Callable[..., Any]) -> None:
        if request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in {"", "identity"}:
            raise UnsupportedBody  # a compressed body can be a thousand times its length
        limit = limit_of(view, request.method)
        length = str(request.META.get("CONTENT_LENGTH") or "")
        if not length and _has_stream(request):
            _take(request, limit)
        elif length and (not length.isascii() or not length.isdigit()):
            raise LengthRequired
        elif length and int(length) > limit:
            raise BodyTooLarge(limit)


def _has_stream(request: HttpRequest) -> bool:
    """Say whether a body may follow although its length is not declared: chunked, or HTTP/2 without a length."""
    return "HTTP_TRANSFER_ENCODING" in request.META or "wsgi.input" not in request.META


def _take(request: HttpRequest, limit: int) -> None:
    """Read a body of undeclared length up to ``limit`` bytes, and declare its length.

    Django reads nothing without a declared length under WSGI, and REST framework nothing under ASGI: the body would
    be taken for empty.
    """
    meta: dict[str, Any] = request.META
    if "wsgi.input" in meta and not meta.get("wsgi.input_terminated"):
        raise LengthRequired  # the server cannot tell where the body ends
    stream = meta.get("wsgi.input", vars(request).get("_stream"))
    body = stream.read(limit + 1) if stream is not None else b""
    if len(body) > limit:
        raise BodyTooLarge(limit)
    meta["CONTENT_LENGTH"] = str(len(body))
    vars(request)["_stream"] = BytesIO(body)
