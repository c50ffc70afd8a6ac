"""One process of a contender of `bench.auditlog`: its settings, its view and its loop, copied beside its model."""

import io
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

wanted = json.loads(Path(__file__).with_name("contender.json").read_text())
database = urlsplit(os.environ["BENCH_DATABASE"])

#: How many requests a process serves before it is measured. psycopg prepares a statement when it is sent for the fifth
#: time, PostgreSQL keeps its plan from the sixth execution after that; a server lives for hours, a round for seconds.
WARM_UP = 15

#: Holds the session of the one who makes the requests: what a log tells first is who did it.
SESSION = Path(__file__).with_name("session")

SECRET_KEY = "a bench needs one, and this is long enough for it"  # pragma: allowlist secret
ROOT_URLCONF = "worker"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", *wanted["APPS"]]
MIDDLEWARE = [
    *wanted["MIDDLEWARE"],
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database.path[1:],
        "USER": database.username,
        "PASSWORD": database.password or "",
        "HOST": database.hostname,
        "PORT": database.port or "",
        "CONN_MAX_AGE": None,
        "OPTIONS": {"prepare_threshold": 5},  # as docker/ has it, for every contender
    }
}


def change(request: Any, pk: int) -> Any:
    from django.db import transaction
    from django.http import HttpResponseForbidden, JsonResponse

    if not request.user.is_authenticated:
        return HttpResponseForbidden()
    item_model = import_module("shop.models").Item
    with transaction.atomic():
        item = item_model.objects.get(pk=pk)
        item.status = "draft" if item.status == "published" else "published"
        item.save()
    return JsonResponse({"status": item.status})


def patterns() -> list[Any]:
    from django.urls import path

    return [path("items/<int:pk>/", change)]


class _Late(list[Any]):
    """The URL patterns, made when they are first asked for: this module is the settings too."""

    def __iter__(self) -> Iterator[Any]:
        return iter(patterns())

    def __reversed__(self) -> Iterator[Any]:
        return reversed(patterns())


urlpatterns = _Late([None])


def caller(pk: int) -> Callable[[], None]:
    from django.core.handlers.wsgi import WSGIHandler

    handler = WSGIHandler()
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": f"/items/{pk}/",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "192.0.2.7",
        "HTTP_COOKIE": f"sessionid={SESSION.read_text()}",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http",
    }
    statuses: list[str] = []

    def start_response(status: str, _headers: Any, _error: Any = None, /) -> Callable[[bytes], object]:
        statuses.append(status)
        return lambda _data: None

    def call() -> None:
        response = handler(dict(environ), start_response)
        response.close()
        if not statuses.pop().startswith("200"):
            sys.exit("the request failed")

    return call


def prepare() -> None:
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client

    call_command("makemigrations", "shop", verbosity=0)
    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(get_user_model().objects.create_user("alice", "alice@example.com"))
    SESSION.write_text(client.cookies["sessionid"].value)
    Item = import_module("shop.models").Item  # noqa: N806
    Item.objects.bulk_create([Item(title=f"Item {number}", status="draft") for number in range(64)])
    print(json.dumps("prepared"))


def one(seconds: float) -> None:
    """Print the median of one process alone, and how many queries a request makes."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    call = caller(1)
    call()
    times, ends_at = [], time.perf_counter() + seconds
    while time.perf_counter() < ends_at:
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    with CaptureQueriesContext(connection) as queries:
        call()
    print(json.dumps({"ms": statistics.median(times) * 1000, "queries": len(queries)}))


def write(pk: int, seconds: float) -> None:
    call = caller(pk)
    for _ in range(WARM_UP):
        call()
    print("ready", flush=True)
    sys.stdin.readline()
    done, ends_at = 0, time.perf_counter() + seconds
    while time.perf_counter() < ends_at:
        call()
        done += 1
    print(done)


if __name__ == "__main__":
    import django

    django.setup()
    if sys.argv[1] == "prepare":
        prepare()
    elif sys.argv[1] == "one":
        one(float(sys.argv[2]))
    else:
        write(int(sys.argv[2]), float(sys.argv[3]))
