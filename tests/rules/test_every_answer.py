"""What holds for every answer of every route, whoever asks (OWASP ASVS 5.0, chapters V3 and V4)."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from edge.views import routes_in_urls

pytestmark = pytest.mark.django_db
KINDS = {"uuid": str(UUID(int=7)), "int": "7"}
#: Scripts that are made here: Django's translations for the admin, and what starts the API's documentation.
SCRIPTS = {"/admin/jsi18n/"}


def paths() -> Iterator[str]:
    """Yield a path that each route of the project would match."""
    for route in sorted({route for route, _ in routes_in_urls()}):
        path = re.sub(r"<(\w+):\w+>", lambda match: KINDS.get(match[1], "x"), route)
        yield re.sub(r"\(\?P<.*?\)|[\^$]", "", re.sub(r"<\w+>", "x", path))


@pytest.fixture(params=["stranger", "admin"])
def client(request: Any, settings: Settings) -> Client:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}
    client = Client(raise_request_exception=False)
    if request.param == "admin":
        client.force_login(User.objects.create_superuser("admin@bulwark.example"))
    return client


def test_no_answer_is_sniffed_framed_embedded_or_loaded_elsewhere(client: Client) -> None:
    """V3.4.3 to V3.4.6, V3.4.8, V3.5.8 and V4.1.1."""
    for path in paths():
        headers = client.get(path, secure=True).headers
        kind = headers.get("Content-Type", "")
        assert re.search(r"(default|script)-src '(none|self)'", headers["Content-Security-Policy"]), path
        assert "base-uri 'none'" in headers["Content-Security-Policy"], path
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY"), path
        assert headers["Referrer-Policy"] in {"no-referrer", "same-origin"}, path
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", path
        assert not kind.startswith("text/") or "charset=" in kind, path


def test_no_answer_is_a_script_with_data(client: Client) -> None:
    """V3.5.6 and V3.5.7: neither for whoever names a callback, nor by itself."""
    for path in paths():
        answer = client.get(path, {"callback": "stolen", "jsonp": "stolen"}, secure=True)
        assert "javascript" not in answer.headers.get("Content-Type", "") or path in SCRIPTS, path
        assert not answer.streaming or path.endswith("/export/"), path
        assert answer.streaming or not answer.content.startswith(b"stolen"), path


def test_no_route_serves_a_method_that_is_not_its_own(client: Client) -> None:
    """V4.1.4 and V13.4.4: a page may lead to its login first."""
    for path in paths():
        for method in ("TRACE", "CONNECT", "NONSENSE"):
            answer = client.generic(method, path, secure=True)
            assert answer.status_code in {302, 401, 403, 404, 405}, (method, path)


def test_no_cookie_is_too_large_or_has_another_name(client: Client) -> None:
    """V3.3.1 and V3.3.5."""
    known = {django_settings.SESSION_COOKIE_NAME, django_settings.CSRF_COOKIE_NAME}
    for path in paths():
        for name, cookie in client.get(path, secure=True).cookies.items():
            assert name in known, path
            assert len(name) + len(cookie.value) <= 4096, path
