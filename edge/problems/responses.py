"""Turns problems into answers: RFC 9457 for programs, a page for people."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.templatetags.static import static

from ..conf import conf
from ..context import django_request, request_id

CONTENT_TYPE = "application/problem+json"


class ProblemResponse(HttpResponse):
    """An answer that reports a problem; `problem` is its body as a dictionary."""

    def __init__(self, problem: dict[str, Any], *, html: str | None = None) -> None:
        content = json.dumps(problem) if html is None else html
        content_type = CONTENT_TYPE if html is None else "text/html; charset=utf-8"
        super().__init__(content, status=problem["status"], content_type=content_type)
        # Outside of CommonMiddleware nobody else would, and the answer would go out in chunks.
        self.headers["Content-Length"] = str(len(self.content))
        self.problem = problem


def problem_response(
    request: Any,
    *,
    status: int,
    code: str,
    detail: Any = "",
    title: str = "",
    type: str = "",  # noqa: A002 - the RFC's word
    errors: Iterable[Mapping[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> ProblemResponse:
    """Return a problem as `application/problem+json`, or as a page where a person asked for one.

    :param request: a Django or REST framework request.
    :param status: the HTTP status, 400 to 599.
    :param code: a stable word for programs.
    :param detail: a sentence for people; without secrets.
    :param title: what every problem of this code has in common; the status's phrase by default.
    :param type: a URI; made from the code by default.
    :param errors: for 422: what is wrong where, each `{"pointer", "code", "detail"}`.
    :param headers: header lines for the answer.
    :param extra: further members of the body.
    """
    body = {
        "type": type or conf.problem_type.format(code=code),
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": str(detail),
        "code": code,
        "request_id": request_id(request),
        **extra,
    }
    if errors is not None:
        body["errors"] = [dict(error) for error in errors]
    page = _page(body) if wants_page(django_request(request)) else None
    response = ProblemResponse(body, html=page)
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def is_api(request: HttpRequest) -> bool:
    """Say whether the path is one of the API's, where everything is JSON."""
    return request.path_info.startswith(conf.api_prefixes)


def wants_page(request: HttpRequest) -> bool:
    """Say whether the answer is for a person: outside the API, and HTML was asked for by name."""
    return not is_api(request) and "text/html" in request.headers.get("Accept", "")


def _page(problem: Mapping[str, Any]) -> str:
    # No context processors: they query the session and the user, which may be what is broken.
    return loader.render_to_string("bulwark_edge/problem.html", {"problem": problem, "stylesheet": _stylesheet()})


def _stylesheet() -> str:
    try:
        return static("bulwark_edge/problem.css")
    except (
        ImproperlyConfigured,
        ValueError,
    ):  # collectstatic has not run: a plain page is better than a crash in the crash handler
        return ""
