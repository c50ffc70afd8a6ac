"""What a refresh, an authenticated request and a logout cost: ours beside djangorestframework-simplejwt.

Both run in one project on PostgreSQL (DATABASE_URL; the default is the local one), each with its own views, as its
documentation says: simplejwt with rotation and `token_blacklist`, HS256; ours with EdDSA, its rate limit and its
signals. Rounds are interleaved; a number is the median of the rounds, and only ratios mean something.

The slower the disk, the nearer the ratio of refreshes comes to 2, whatever else they cost: simplejwt commits twice for
a refresh, ours once. What the process itself does for one is counted in a second of the processor, without that.
"""

import io
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings

ROUNDS, CALLS = 15, 100
#: Checks in one call of the sync and of the async path.
BATCH = 10
PROMISED = 3.0
NAME = "bench_tokens"
OURS, THEIRS = "ours", "simplejwt"
Call = Callable[[], object]
Clock = Callable[[], float]


def configure() -> None:
    """Make one project that holds both."""
    server = urlsplit(os.environ.get("DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres"))
    settings.configure(
        SECRET_KEY="a bench needs one, and this is long enough for it",  # pragma: allowlist secret
        ALLOWED_HOSTS=["*"],
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            *("django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "edge", "accounts"),
            "rest_framework_simplejwt.token_blacklist",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": server.path[1:],
                "USER": server.username,
                "PASSWORD": server.password or "",
                "HOST": server.hostname,
                "PORT": server.port or "",
                "CONN_MAX_AGE": None,
                "TEST": {"NAME": NAME},
            }
        },
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        SIMPLE_JWT={"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True},
        BULWARK_ACCOUNTS={
            "ISSUER": "https://bench.example.com",
            "AUDIENCE": "bench",
            "KEY_PROVIDER": "accounts.keys.memory.MemoryKeys",
        },
        BULWARK_EDGE={
            "PROCESSES": 1,
            "RATELIMITS": {name: {"key": "ip", "rate": "1000000/m"} for name in ("account", "refresh")},
        },
    )
    django.setup()
    urls = ModuleType("bench_urls")
    urls.urlpatterns = patterns()  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = urls


def patterns() -> list[Any]:
    from django.urls import path
    from rest_framework.response import Response
    from rest_framework.views import APIView
    from rest_framework_simplejwt.authentication import JWTAuthentication as TheirAuthentication
    from rest_framework_simplejwt.views import TokenBlacklistView
    from rest_framework_simplejwt.views import TokenRefreshView as TheirRefreshView

    from accounts.authentication import JWTAuthentication
    from accounts.views.sessions import LogoutView, RefreshView

    class Hello(APIView):
        def get(self, _request: Any) -> Response:
            return Response({"hello": "world"})

    return [
        path(f"{OURS}/hello", Hello.as_view(authentication_classes=[JWTAuthentication])),
        path(f"{OURS}/refresh", RefreshView.as_view()),
        path(f"{OURS}/logout", LogoutView.as_view()),
        path(f"{THEIRS}/hello", Hello.as_view(authentication_classes=[TheirAuthentication])),
        path(f"{THEIRS}/refresh", TheirRefreshView.as_view()),
        path(f"{THEIRS}/logout", TokenBlacklistView.as_view()),
    ]


class Client:
    """Speaks WSGI with the project, in this process: what is measured is the application and the database."""

    def __init__(self, who: str, access: str, refresh: str) -> None:
        from django.core.handlers.wsgi import WSGIHandler

        self.who, self.access, self.refresh_token = who, access, refresh
        self.handler = WSGIHandler()

    def send(self, method: str, name: str, body: dict[str, str] | None = None, **extra: str) -> tuple[int, Any]:
        data = json.dumps(body).encode() if body else b""
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": f"/{self.who}/{name}",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "443",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(data)),
            "wsgi.url_scheme": "https",
            "wsgi.input": io.BytesIO(data),
            "wsgi.errors": sys.stderr,
            **extra,
        }
        status: list[str] = []

        def start_response(line: str, _headers: Any, _error: Any = None, /) -> Callable[[bytes], object]:
            status.append(line)
            return lambda _data: None

        answer = self.handler(environ, start_response)
        content = b"".join(answer)
        answer.close()
        return int(status[0][:3]), json.loads(content or b"null")

    def refresh(self) -> None:
        status, found = self.send("POST", "refresh", {"refresh": self.refresh_token})
        if status != 200:
            sys.exit(f"{self.who} answered a refresh with {status}: {found}")
        self.access, self.refresh_token = found["access"], found["refresh"]

    def is_let_in(self) -> bool:
        status, _ = self.send("GET", "hello", HTTP_AUTHORIZATION=f"Bearer {self.access}")
        return status == 200

    def hello(self) -> None:
        if not self.is_let_in():
            sys.exit(f"{self.who} refused its access token")

    def logout(self) -> None:
        status, found = self.send("POST", "logout", {"refresh": self.refresh_token})
        if status not in {200, 204}:
            sys.exit(f"{self.who} answered a logout with {status}: {found}")


def clients() -> list[Client]:
    """Return one logged-in client of each."""
    from django.contrib.auth import get_user_model
    from django.utils import timezone
    from rest_framework_simplejwt.tokens import RefreshToken

    from accounts.login import start_session

    user = get_user_model()(email="alice@example.com")
    user.save()
    granted = start_session(user, transport="body", amr=["pwd"], request=None, now=timezone.now())
    theirs = RefreshToken.for_user(user)
    return [
        Client(OURS, granted.access, granted.refresh),
        Client(THEIRS, str(theirs.access_token), str(theirs)),
    ]


@contextmanager
def own_database() -> Iterator[None]:
    from django.test.utils import setup_databases, teardown_databases

    old = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(old, verbosity=0)


def rate(call: Call, clock: Clock) -> float:
    """Return calls in a second."""
    started = clock()
    for _ in range(CALLS):
        call()
    return CALLS / (clock() - started)


def measured(calls: dict[str, Call], clock: Clock = time.perf_counter) -> dict[str, float]:
    """Return the median rate of each, measured in turns."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(CALLS // 4):
            call()
    for done in range(ROUNDS):
        for name, call in calls.items():
            found[name].append(rate(call, clock))
        print(f"\r{done + 1}/{ROUNDS} rounds", end="", file=sys.stderr, flush=True)
    print("\r", end="", file=sys.stderr)
    return {name: statistics.median(rates) for name, rates in found.items()}


def authentications(client: Client) -> dict[str, float]:
    """Return how often a second an access token is checked, in the sync and in the async path."""
    from asgiref.sync import async_to_sync
    from rest_framework.request import Request
    from rest_framework.test import APIRequestFactory

    from accounts.authentication import JWTAuthentication

    request = Request(APIRequestFactory().get("/", headers={"Authorization": f"Bearer {client.access}"}))
    check = JWTAuthentication()

    async def batch() -> None:
        for _ in range(BATCH):
            await check.aauthenticate(request)

    def one_by_one() -> None:
        for _ in range(BATCH):
            check.authenticate(request)

    found = measured({"sync": one_by_one, "async": async_to_sync(batch)})
    return {name: rate * BATCH for name, rate in found.items()}


def queries(call: Call) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        call()
    framing = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    return sum(not query["sql"].startswith(framing) for query in captured.captured_queries)


def until_refused(client: Client) -> str:
    """Log out and say when the access token stops working."""
    from rest_framework_simplejwt.settings import api_settings

    client.hello()
    client.logout()
    started = time.perf_counter()
    if not client.is_let_in():
        return f"{(time.perf_counter() - started) * 1000:.1f} ms (the next request)"
    lifetime: timedelta = api_settings.ACCESS_TOKEN_LIFETIME
    return f"{lifetime.total_seconds():.0f} s (when it expires)"


def main() -> int:
    configure()
    with own_database():
        found = clients()
        refreshes: dict[str, Call] = {each.who: each.refresh for each in found}
        rows = [
            ("refreshes/s", measured(refreshes)),
            ("refreshes/s of CPU", measured(refreshes, time.process_time)),
            ("requests/s", measured({each.who: each.hello for each in found})),
        ]
        paths = authentications(found[0])
        counts = {each.who: queries(each.refresh) for each in found}
        ends = {each.who: until_refused(each) for each in found}
    print(f"{'':22}{OURS:>14}{THEIRS:>14}{'ratio':>8}")
    for name, rates in rows:
        print(f"{name:22}{rates[OURS]:14.0f}{rates[THEIRS]:14.0f}{rates[OURS] / rates[THEIRS]:8.2f}")
    print(f"{'queries a refresh':22}{counts[OURS]:14}{counts[THEIRS]:14}")
    print(f"{'async checks/s':22}{paths['async']:14.0f}{'(sync ' + format(paths['sync'], '.0f') + ')':>22}")
    for who, text in ends.items():
        print(f"after a logout, the access token of {who} works for {text}")
    ratio = rows[0][1][OURS] / rows[0][1][THEIRS]
    print(f"promised: {PROMISED} x the refreshes; {'kept' if ratio >= PROMISED else 'NOT KEPT'}")
    return 0 if ratio >= PROMISED else 1


if __name__ == "__main__":
    sys.exit(main())
