"""Counts every request in one round trip, before its view runs."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from ..conf import conf
from ..middleware import ViewMiddleware
from ..problems import answer_to, is_api
from ..views import declared as declared_on
from .headers import set_headers
from .policies import named_policy
from .spending import Declared, Ratelimited, aenforce, asettle, enforce, settle, spending


def _general() -> list[Declared]:
    name = conf.general_ratelimit
    return [_declared(name)] if name else []


_general_declared: dict[str, Declared] = {}


def _declared(name: str) -> Declared:
    return _general_declared.setdefault(name, partial(named_policy, name))


class RateLimitMiddleware(ViewMiddleware):
    """Counts a request against the general limit and those of its view that are known before the view runs.

    Limits whose key reads the body are counted in the view. A path that no view answers is counted afterwards.
    """

    def before_view(self, request: HttpRequest, view: Callable[..., Any]) -> HttpResponseBase | None:
        return self._enforced(request, _known_early(request, view))

    async def abefore_view(self, request: HttpRequest, view: Callable[..., Any]) -> HttpResponseBase | None:
        return await self._aenforced(request, _known_early(request, view))

    def _enforced(self, request: HttpRequest, declared: list[Declared]) -> HttpResponseBase | None:
        spending(request).is_managed = True
        try:
            enforce(request, declared)
        except Ratelimited as refusal:
            return answer_to(request, refusal.problem)
        return None

    async def _aenforced(self, request: HttpRequest, declared: list[Declared]) -> HttpResponseBase | None:
        spending(request).is_managed = True
        try:
            await aenforce(request, declared)
        except Ratelimited as refusal:
            return answer_to(request, refusal.problem)
        return None

    def after(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        spent = spending(request)
        if not spent.is_managed and is_api(request):
            response = self._enforced(request, _general()) or response
        settle(request, response)
        set_headers(response, spent.states)
        return response

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        response = await cast("Awaitable[HttpResponseBase]", self.get_response(request))
        spent = spending(request)
        if not spent.is_managed and is_api(request):
            response = await self._aenforced(request, _general()) or response
        await asettle(request, response)
        set_headers(response, spent.states)
        return response


def _known_early(request: HttpRequest, view: Callable[..., Any]) -> list[Declared]:
    declared = _general() if is_api(request) else []
    for limits in declared_on(view, request.method, "edge_limits"):
        declared += [each for each in limits if each not in declared and each().early]
    return declared
