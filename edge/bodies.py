"""Stops request bodies that are too large, compressed or of unknown length before anything reads them."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.http import HttpRequest

from .conf import conf
from .middleware import ViewMiddleware
from .parsers import limit_of, takes_multipart
from .problems import BodyTooLarge, LengthRequired, MalformedBody, UnsupportedBody, is_api


class BodyLimitMiddleware(ViewMiddleware):
    """Refuses bodies above the view's limit with 413 (OWASP ASVS 5.0, V2.4.1), and compressed ones with 415.

    Under `API_PREFIXES` the limit is `BODY_LIMIT`, elsewhere `PAGE_BODY_LIMIT`, and a form with files is refused unless
    the view has asked for one: Django would write it to disk before the view runs.
    """

    def before_view(self, request: HttpRequest, view: Callable[..., Any]) -> None:
        meta = request.META
        if meta.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in {"", "identity"}:
            raise UnsupportedBody  # a compressed body can be a thousand times its length
        is_multipart = (request.content_type or "").startswith("multipart/")  # as Django will read it
        if is_multipart and is_api(request) and not takes_multipart(view, request.method):
            raise UnsupportedBody
        limit = limit_of(view, request.method, default=None if is_api(request) else conf.page_body_limit)
        length = str(meta.get("CONTENT_LENGTH") or "")
        if not length and _has_stream(request):
            _take(request, limit)
        elif length and (not length.isascii() or not length.isdigit()):
            raise LengthRequired
        elif length and "HTTP_TRANSFER_ENCODING" in meta:
            raise MalformedBody("The body has two lengths.")  # two servers could see two requests (RFC 9112, 6.1)
        elif length and (len(length) > 19 or int(length) > limit):
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
    try:
        body = stream.read(limit + 1) if stream is not None else b""
    except Exception as error:  # each server has its own for chunks that are none
        raise MalformedBody("The body ended early, or is not framed as it says.") from error
    if len(body) > limit:
        raise BodyTooLarge(limit)
    meta["CONTENT_LENGTH"] = str(len(body))
    vars(request)["_stream"] = BytesIO(body)
