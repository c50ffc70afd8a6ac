"""What the whole edge costs a request, as a multiple of a bare Django view.

Sync and async, with limits counted in process and in Redis.

    python3 dev.py bench edge [--profile]

Both sides are Django's own handler with the same view, which does nothing at all. Counted is the processor time of this
process, so that a busy machine changes little; the medians are of rounds in which the contenders take turns.
"""

import asyncio
import cProfile
import io
import logging
import os
import pstats
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import AsyncRequestFactory, RequestFactory, override_settings
from django.urls import path

from bench.ratelimit import redis_server

ROUNDS, CALLS = 9, 300
#: Times a bare request, which does nothing at all, that the edge may cost with limits in process.
PROMISED = 20.0
PATH = "/api/v1/bare"


def bare(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"{}", content_type="application/json")


async def bare_async(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"{}", content_type="application/json")


urlpatterns = [path("api/v1/bare", bare), path("api/v1/bare-async", bare_async)]

Round = Callable[[], float]


def handler(middleware: list[str], *, is_async: bool) -> Any:
    from django.core.handlers.base import BaseHandler

    made = BaseHandler()
    with override_settings(MIDDLEWARE=middleware):
        made.load_middleware(is_async=is_async)
    return made


def configured(url: str) -> Any:
    edge = {**settings.BULWARK_EDGE, "REDIS_URL": url}
    edge["RATELIMITS"] = {**edge["RATELIMITS"], "general": {"key": "user_or_ip", "rate": "100000000/15m"}}
    return override_settings(BULWARK_EDGE=edge, ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"])


def sync_round(middleware: list[str], url: str) -> Round:
    """Return what serves `CALLS` requests and returns the microseconds that each took."""
    made = handler(middleware, is_async=False)
    environ = RequestFactory().get(PATH, headers={"user-agent": "bench", "accept": "*/*"}).environ

    def run() -> float:
        from django.core.handlers.wsgi import WSGIRequest

        with configured(url):
            requests = [WSGIRequest(dict(environ)) for _ in range(CALLS)]
            began = time.process_time()
            for request in requests:
                answer: HttpResponseBase = made.get_response(request)
                assert answer.status_code == 200, answer
            return (time.process_time() - began) / CALLS * 1e6

    return run


def async_round(middleware: list[str], url: str, runner: asyncio.Runner) -> Round:
    made = handler(middleware, is_async=True)

    async def serve() -> float:
        factory = AsyncRequestFactory()
        requests = [factory.get(f"{PATH}-async") for _ in range(CALLS)]
        began = time.process_time()
        for request in requests:
            answered: Awaitable[HttpResponseBase] = made.get_response_async(request)
            answer = await answered
            assert answer.status_code == 200, answer
        return (time.process_time() - began) / CALLS * 1e6

    def run() -> float:
        with configured(url):
            return runner.run(serve())

    return run


def medians(rounds: dict[str, Round]) -> dict[str, float]:
    took: dict[str, list[float]] = {name: [] for name in rounds}
    for number in range(ROUNDS + 1):
        for name, run in rounds.items():
            microseconds = run()
            if number:  # the first one warms up
                took[name].append(microseconds)
    return {name: statistics.median(times) for name, times in took.items()}


def profile(run: Round) -> None:
    profiler = cProfile.Profile()
    profiler.runcall(run)
    print()
    stats = pstats.Stats(profiler).sort_stats("cumulative")
    stats.print_stats(r"/(edge|structlog|logging)/", 45)


def main() -> int:
    django.setup()
    logging.getLogger("bulwark.access").handlers = [quiet := logging.StreamHandler(io.StringIO())]
    quiet.setFormatter(logging.getLogger().handlers[0].formatter)  # each line is made, and written to memory
    logging.getLogger("bulwark.access").propagate = False
    edge = [name for name in settings.MIDDLEWARE if name.startswith("edge.")]
    with redis_server() as url, asyncio.Runner() as runner:
        shared = f"{url}/1"
        rounds = {
            "sync: bare": sync_round([], ""),
            "sync: edge": sync_round(edge, ""),
            "sync: edge + Redis": sync_round(edge, shared),
            "async: bare": async_round([], "", runner),
            "async: edge": async_round(edge, "", runner),
            "async: edge + Redis": async_round(edge, shared, runner),
        }
        took = medians(rounds)
        for name, microseconds in took.items():
            base = took[f"{name.partition(':')[0]}: bare"]
            print(f"{name:22} {microseconds:7.0f} us  {microseconds / base:5.1f} x")
        if "--profile" in sys.argv:
            profile(rounds["sync: edge"])
    worst = max(took["sync: edge"] / took["sync: bare"], took["async: edge"] / took["async: bare"])
    return 0 if worst <= PROMISED else 1


if __name__ == "__main__":
    sys.exit(main())
