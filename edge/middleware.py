"""The shape that every middleware of this app has: one hook before, one after, sync and async alike."""

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class Middleware:
    """Calls `before`, the view unless `before` answered, then `after`; the hooks must not block.

    `before` refuses by raising a problem, which is answered and told by `request_refused`. In an async stack nothing of
    this leaves the event loop's thread, but for the telling: who listens may use the database.
    """

    sync_capable: ClassVar[bool] = True
    async_capable: ClassVar[bool] = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._acall(request)
        try:
            response = self.before(request)
        except APIException as problem:
            return self.refuse(request, problem)
        if response is None:
            response = cast("HttpResponseBase", self.get_response(request))
        return self.after(request, response)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        try:
            response = self.before(request)
        except APIException as problem:
            return await sync_to_async(self.refuse)(request, problem)
        if response is None:
            response = await cast("Awaitable[HttpResponseBase]", self.get_response(request))
        return self.after(request, response)

    def refuse(self, request: HttpRequest, problem: APIException) -> HttpResponseBase:
        """Tell of a refusal, and return the answer."""
        from .problems import answer_to
        from .problems.report import refused

        response = answer_to(request, problem)
        refused(request, code=response.problem["code"], status=problem.status_code)
        return response

    def before(self, request: HttpRequest) -> HttpResponseBase | None:  # noqa: ARG002 - a hook
        """Return an answer that ends the request here, or None.

        :raises Problem: the request is refused.
        """
        return None

    def after(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:  # noqa: ARG002 - a hook
        """Return the answer to send: the given one, changed or not."""
        return response


class ViewMiddleware(Middleware):
    """A middleware that looks at the request once its view is known."""

    def __init__(self, get_response: GetResponse) -> None:
        super().__init__(get_response)
        # Django would run a sync hook of an async stack in another thread.
        self.process_view = self.aview if self.is_async else self.view

    def view(self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any) -> HttpResponseBase | None:
        """Return an answer that ends the request here, or None."""
        try:
            return self.before_view(request, view)
        except APIException as problem:
            return self.refuse(request, problem)

    async def aview(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        """Do what `view` does, in an async stack."""
        try:
            return await self.abefore_view(request, view)
        except APIException as problem:
            return await sync_to_async(self.refuse)(request, problem)

    def before_view(
        self,
        request: HttpRequest,  # noqa: ARG002 - a hook
        view: Callable[..., Any],  # noqa: ARG002
    ) -> HttpResponseBase | None:
        """Return an answer, or None to go on.

        :raises Problem: the request is refused.
        """
        return None

    async def abefore_view(self, request: HttpRequest, view: Callable[..., Any]) -> HttpResponseBase | None:
        """Do what `before_view` does; where that may block, this must not."""
        return self.before_view(request, view)
