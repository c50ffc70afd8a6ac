"""Writes what a request's rollback must not take away."""

from collections.abc import Awaitable, Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from . import request_log, writing
from .floods import floods


class AuditMiddleware:
    """Stands first in MIDDLEWARE, so that every transaction of a request has ended when its refusals are written.

    A request without refusals or failures costs no query here.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._serve_async(request)
        status: int | None = None
        with request_log.opened(request) as log:
            try:
                response = self.get_response(request)
                assert isinstance(response, HttpResponseBase)  # noqa: S101 - told to the type checker
                status = response.status_code
            finally:
                events = log.close(status)
                if events or floods.is_due():
                    writing.write_or_spool(events)
        return response

    async def _serve_async(self, request: HttpRequest) -> HttpResponseBase:
        status: int | None = None
        with request_log.opened(request) as log:
            try:
                response = self.get_response(request)
                assert not isinstance(response, HttpResponseBase)  # noqa: S101 - told to the type checker
                answer = await response
                status = answer.status_code
            finally:
                events = log.close(status)
                if events or floods.is_due():
                    await sync_to_async(writing.write_or_spool)(events)
        return answer
