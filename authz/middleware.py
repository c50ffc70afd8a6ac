"""Lets queries know which request they belong to."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase, StreamingHttpResponse

from .conf import conf
from .principals import principal
from .requests import during, guard
from .routes import is_decided_elsewhere


class AuthzMiddleware:
    """Keeps protected managers and, with row level security, the database to what a request may see.

    It holds until the last piece of an answer is sent. Its place among the others does not matter.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if self._is_async:
            return _answer_async(self.get_response, request)
        with during(request):
            return _within(request, self.get_response(request))

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        """Find out who decides about the view, and who asks where a session says so (tokens speak in the view)."""
        match = request.resolver_match
        if match is not None and not is_decided_elsewhere(match):
            guard(request)
        user = getattr(request, "user", None)
        if conf.row_level_security and user is not None and user.is_authenticated:
            principal(request)


async def _answer_async(get_response: Callable[[HttpRequest], Any], request: HttpRequest) -> HttpResponseBase:
    with during(request):
        return _within(request, await get_response(request))


def _within(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if isinstance(response, StreamingHttpResponse):
        content: Any = response.streaming_content
        response.streaming_content = _astreamed(request, content) if response.is_async else _streamed(request, content)
    return response


def _streamed(request: HttpRequest, chunks: Iterable[Any]) -> Iterator[Any]:
    """Yield what a streaming response yields: it asks the database long after the middleware has returned."""
    iterator, end = iter(chunks), object()
    while True:
        with during(request):
            chunk = next(iterator, end)
        if chunk is end:
            return
        yield chunk


async def _astreamed(request: HttpRequest, chunks: Any) -> AsyncIterator[Any]:
    iterator = aiter(chunks)
    while True:
        with during(request):
            try:
                chunk = await anext(iterator)
            except StopAsyncIteration:
                return
        yield chunk
