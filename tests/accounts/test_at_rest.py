"""Nothing that is kept can be used: not by who copies the database, the cache, or both."""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
import redis
import time_machine
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import TokenFamily, User
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import make_user
from tests.accounts.mfa.devices import enrol_phone, first_step
from tests.accounts.pages import Visitor
from tests.accounts.test_registration import mailed_token
from tests.accounts.traffic import NEW, a_day_of_traffic, link_to_another_address, the_app

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> Iterator[Any]:
    """A clock that stands still, so that whatever the day has handed out is good when it is tried; and no limits."""
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def stored_texts() -> Iterator[str]:
    """Yield every text and binary value in every table, what Django's sessions say, then all of the cache."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                for value in row:
                    yield from _texts(value)
    for session in Session.objects.all():  # packed, but anybody can unpack them
        yield from session.get_decoded().values()
    yield from _cached_texts()


def _cached_texts() -> Iterator[str]:
    if os.environ.get("REDIS_URL"):
        for url in (django_settings.CACHES["default"]["LOCATION"], django_settings.BULWARK_EDGE["REDIS_URL"]):
            with redis.Redis.from_url(url) as client:
                for key in client.scan_iter("*"):
                    yield from _texts(key)
                    yield from _texts(_value(client, key))
    else:
        for key, value in cache._cache.items():  # type: ignore[attr-defined]  # LocMemCache
            yield from _texts(key)
            yield from _texts(value)


def _value(client: Any, key: bytes) -> bytes:
    readers = {b"string": client.get, b"hash": client.hgetall, b"zset": lambda name: client.zrange(name, 0, -1)}
    return repr(readers[client.type(key)](key)).encode()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, bytes | memoryview):
        yield bytes(value).hex()
        yield bytes(value).decode("latin-1")
    elif isinstance(value, dict | list):
        yield json.dumps(value)
    elif value is not None:
        yield str(value)


def _page(path: str) -> Callable[[str], bool]:
    def opens(word: str) -> bool:
        thief = Visitor()
        thief.cookies["sessionid"] = word
        return thief.get(path).status_code == 200

    return opens


def _post(path: str, **more: str) -> Callable[[str], bool]:
    """Return what tells whether a word is taken as the token of a link, or of the next step."""

    def opens(word: str) -> bool:
        body = {("mfa_token" if path.startswith("login") else "token"): word, **more}
        answer = Browser().send("POST", path, body)
        return answer.status_code != 422 and read(answer).get("code") not in {"invalid_link", "mfa_token_invalid"}

    return opens


def _resets(word: str) -> bool:
    body = {"token": word, "new_password": NEW}
    return Browser().send("POST", "password/reset/confirm", body).status_code == 204


#: Who takes a secret, and whether it takes this one.
DOORS: dict[str, Callable[[str], bool]] = {
    "a request": lambda word: Browser().send("GET", "me", Authorization=f"Bearer {word}").status_code == 200,
    "refresh": lambda word: Browser().send("POST", "refresh", {"refresh": word}).status_code == 200,
    "a code": lambda word: the_app().exchange(word).status_code == 200,
    "an app's refresh": lambda word: the_app().refresh(word).status_code == 200,
    "a page": _page("/account/sessions"),
    "the page of the second step": _page("/account/login/mfa"),
    "the admin": _page("/admin/"),
    "the second step": _post("login/mfa", totp="000000"),
    "the passkey of a second step": _post("login/passkey/options"),
    "a link to verify": _post("email/verify"),
    "a link to another address": _post("email/change/confirm"),
    "a link to the old address": _post("email/change/undo"),
    "a link to reset": _resets,
}


def words_of(texts: Iterable[str]) -> set[str]:
    """Return what could be a secret: each has 32 characters or more, and a link's token has colons."""
    patterns = (r"[\w.=-]{24,}", r"[\w.:=-]{24,}")
    return {word for text in texts for pattern in patterns for word in re.findall(pattern, text)}


def accepted(words: Iterable[str], doors: Iterable[str] = DOORS) -> dict[str, list[str]]:
    """Return which of the words open something, and which doors."""
    the_app()
    tried = {word: [name for name in doors if DOORS[name](word)] for word in words}
    return {word: names for word, names in tried.items() if names}


@pytest.mark.parametrize(
    ("mode", "doors"),
    [("session", DOORS), ("stateless", ["a request", "refresh"])],  # the other doors know no modes
)
def test_a_copy_of_the_database_and_the_cache_opens_nothing(
    mode: str, doors: Iterable[str], clock: Any, settings: Settings
) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MODE": mode}
    before = words_of(stored_texts())  # the names of tables, permissions and migrations
    secrets = a_day_of_traffic(clock)
    assert len(secrets) > 60
    assert len(mail.outbox) >= 5
    texts = list(stored_texts())
    everything = "\n".join(texts)
    assert "alice@example.com" in everything  # or the dump would prove nothing
    assert [secret for secret in secrets if secret in everything] == []
    # Nor the part of a token that says who it is: its signature, which cannot be guessed.
    assert [secret for secret in secrets if secret.count(".") == 2 and secret.rpartition(".")[2] in everything] == []
    assert accepted(words_of(texts) - before, doors) == {}


def test_djangos_own_sessions_would_be_found(alice: User, settings: Settings) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    User.objects.create_superuser("admin@example.com", PASSWORD)
    before, cookies = words_of(stored_texts()), {}
    for name in ("alice", "admin"):
        visitor = Visitor()
        visitor.log_in(f"{name}@example.com")
        cookies[name] = visitor.cookies["sessionid"].value
    found = accepted(words_of(stored_texts()) - before)
    assert found == {cookies["alice"]: ["a page"], cookies["admin"]: ["a page", "the admin"]}


def test_a_token_that_was_kept_would_be_found(alice: User, browser: Browser) -> None:
    """The search above is worth something: a kept token, and a kept reset link, do turn up."""
    browser.log_in("alice@example.com")
    TokenFamily.objects.update(label=browser.access[-100:], user_agent=browser.access[:256])
    everything = "\n".join(stored_texts())
    assert browser.access[-100:] in everything


def _cookie(name: str) -> str:
    visitor = Visitor()
    visitor.log_in(f"{name}@example.com")
    return str(visitor.cookies["sessionid"].value)


def _logged_in(name: str = "alice") -> Browser:
    browser = Browser()
    browser.log_in(f"{name}@example.com")
    return browser


def _asked(path: str, email: str) -> str:
    Browser().send("POST", path, {"email": email, **({"password": PASSWORD} if path == "register" else {})})
    return mailed_token()


def _cookie_of_a_second_step() -> str:
    enrol_phone(_logged_in())
    return _cookie("alice")


def _token_of_a_second_step() -> str:
    enrol_phone(_logged_in())
    return first_step(Browser())


def _code() -> str:
    app = the_app()
    app.log_in("alice@example.com")
    return app.code()


def _undoing() -> str:
    Browser().send("POST", "email/change/confirm", {"token": link_to_another_address("alice")})
    return mailed_token()


@pytest.mark.parametrize(
    ("make", "doors"),
    [
        (lambda: _logged_in().access, ["a request"]),
        (lambda: _logged_in().refresh_token, ["refresh"]),
        (_code, ["a code"]),
        (lambda: read(the_app().exchange(_code()))["refresh_token"], ["an app's refresh"]),
        (lambda: _cookie("alice"), ["a page"]),
        (lambda: _cookie("erin"), ["a page", "the admin"]),
        (_cookie_of_a_second_step, ["the page of the second step"]),
        (_token_of_a_second_step, ["the second step", "the passkey of a second step"]),
        (lambda: _asked("register", "new@example.com"), ["a link to verify"]),
        (lambda: _asked("password/reset", "alice@example.com"), ["a link to reset"]),
        (lambda: link_to_another_address("alice"), ["a link to another address"]),
        (_undoing, ["a link to the old address"]),
    ],
)
def test_whatever_is_kept_as_it_is_would_be_found(make: Callable[[], str], doors: list[str], alice: User) -> None:
    make_user("erin", is_staff=True)
    secret = make()
    assert accepted(words_of([f'{{"kept": "{secret}"}}']))[secret] == doors
