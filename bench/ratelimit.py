"""What three limits cost, header data included, as a multiple of a PING, and what each limiter lets through.

Beside ours: django-ratelimit, REST framework's throttle and, where it is installed (`pip install limits`), `limits`
with its moving window. A redis-server is started for it. Ours must cost at most three PINGs and let through its limit.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")

import django
from django.conf import settings
from django.core.cache import cache, caches
from django.http import HttpRequest
from django.test import RequestFactory

ROUNDS, CALLS = 7, 400
PROMISED = 3.0
#: For the attack: so much in so many seconds.
LIMIT, WINDOW = 20, 2
Call = Callable[[], object]
Try = Callable[[], bool]


@contextmanager
def redis_server() -> Iterator[str]:
    """Run a redis-server and yield its URL without a database."""
    program = shutil.which("redis-server")
    if program is None:
        sys.exit("redis-server is needed: sudo apt-get install redis-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        arguments = [program, "--port", str(port), "--save", "", "--bind", "127.0.0.1", "--dir", folder]
        server = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
        try:
            time.sleep(0.5)
            yield f"redis://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def configure(url: str) -> None:
    """Point Django's cache and the limiter at the server, as a project in production has them."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": f"{url}/0",
            "OPTIONS": {"SERIALIZER": "django_redis.serializers.json.JSONSerializer"},
        }
    }
    vars(caches).pop("settings", None)
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "REDIS_URL": f"{url}/1", "DENY_CACHE": 0}


def request() -> HttpRequest:
    return RequestFactory().get("/")


def ours() -> tuple[Call, Try]:
    from edge.ratelimit import Limit, limiter

    three = [Limit(f"l{window}", f"b:{{x}}:{window}", 10**6, window) for window in (60, 900, 3_600)]
    attacked = [Limit("attacked", "b:{x}:attacked", LIMIT, WINDOW)]
    return lambda: limiter().spend(three), lambda: limiter().spend(attacked).allowed


def django_ratelimit() -> tuple[Call, Try]:
    from django_ratelimit.core import get_usage

    def use(rate: str) -> dict[str, bool]:
        found: dict[str, bool] = get_usage(request(), group=f"b{rate}", key="ip", rate=rate, increment=True)
        return found

    def three() -> object:
        return [use(rate) for rate in ("1000000/m", "1000000/15m", "1000000/h")]

    return three, lambda: not use(f"{LIMIT}/{WINDOW}s")["should_limit"]


def rest_framework() -> tuple[Call, Try]:
    from rest_framework.throttling import SimpleRateThrottle
    from rest_framework.views import APIView

    class Throttle(SimpleRateThrottle):
        rate = "unused"

        def __init__(self, name: str, size: int, seconds: int) -> None:
            self.name = name
            self.num_requests, self.duration = size, seconds

        def get_cache_key(self, request: object, view: object) -> str:  # noqa: ARG002 - the base's names
            return f"throttle:{self.name}"

    def allow(name: str, size: int, seconds: int) -> bool:
        return Throttle(name, size, seconds).allow_request(request(), APIView())  # type: ignore[arg-type]

    # It keeps every moment in a list, so it gets a limit that it can carry.
    def three() -> object:
        return [allow(f"t{n}", 100, seconds) for n, seconds in enumerate((60, 900, 3_600))]

    return three, lambda: allow("attacked", LIMIT, WINDOW)


def limits_library(url: str) -> tuple[Call, Try]:
    limits: Any = import_module("limits")

    strategy = limits.strategies.MovingWindowRateLimiter(limits.storage.storage_from_string(f"{url}/2"))
    items = [limits.parse(f"1000000/{unit}") for unit in ("1 minute", "15 minute", "1 hour")]
    attacked = limits.parse(f"{LIMIT}/{WINDOW} second")

    def three() -> object:
        return [(strategy.hit(item, "x"), strategy.get_window_stats(item, "x")) for item in items]

    return three, lambda: bool(strategy.hit(attacked, "x"))


def medians(calls: dict[str, Call]) -> dict[str, float]:
    """Return microseconds for each call: the median of rounds in which they take turns."""
    rounds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            began = time.perf_counter()
            for _ in range(CALLS):
                call()
            rounds[name].append((time.perf_counter() - began) / CALLS * 1e6)
    return {name: statistics.median(times) for name, times in rounds.items()}


def most_in_a_window(attempt: Try) -> int:
    """Attack around the borders of a window, and return the most that passed within one."""
    passed: list[float] = []
    for pause in (0.0, WINDOW * 0.95, WINDOW * 0.06, WINDOW * 0.5, WINDOW * 0.5):
        time.sleep(pause)
        passed += [time.monotonic() for _ in range(LIMIT + 5) if attempt()]
    return max(sum(start <= other < start + WINDOW for other in passed) for start in passed)


def main() -> int:
    django.setup()
    with redis_server() as url:
        configure(url)
        from edge.ratelimit.redis import connected

        contenders = {"bulwark": ours(), "django-ratelimit": django_ratelimit(), "REST framework": rest_framework()}
        if find_spec("limits"):
            contenders["limits"] = limits_library(url)
        ping = connected(f"{url}/1", 1).client.ping
        took = medians({"PING": ping, **{name: three for name, (three, _) in contenders.items()}})
        cache.clear()
        print(f"{'three limits':18} {'us':>7} {'x PING':>7}   most of {LIMIT} in {WINDOW} s")
        print(f"{'PING':18} {took['PING']:7.0f} {1:7.1f}")
        most = {name: most_in_a_window(attempt) for name, (_, attempt) in contenders.items()}
        for name in contenders:
            print(f"{name:18} {took[name]:7.0f} {took[name] / took['PING']:7.1f}   {most[name]}")
    return 0 if took["bulwark"] <= PROMISED * took["PING"] and most["bulwark"] == LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
