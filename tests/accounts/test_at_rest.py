"""Nothing that is kept can be used: not by who copies the database, the cache, or both."""

import json
import os
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
import time_machine
from django.conf import settings as django_settings
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import TokenFamily, User
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import make_user
from tests.accounts.mfa.devices import Phone, enrol_phone, first_step, second_step
from tests.accounts.test_registration import mailed_token

NEW = "another password, just as long"


def a_day_of_traffic() -> set[str]:
    """Log in, refresh, retry, reuse, register, reset, in both modes, and return every secret that was handed out."""
    secrets = {PASSWORD, NEW}
    clients = [Browser() for _ in range(4)]
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        for number, each in enumerate(clients):
            each.log_in(f"{'alice' if number % 2 else 'bob'}@example.com", transport="body")
            secrets |= {each.access, each.refresh_token}
        for _ in range(5):
            clock.shift(timedelta(hours=2))
            for each in clients:
                old = each.refresh_token
                each.refresh()
                secrets |= {each.access, each.refresh_token}
                each.refresh(old)
                secrets.add(each.access)
                each.send("GET", "me")
        clients[0].refresh(old)
        clients[1].send("POST", "logout", {"refresh": clients[1].refresh_token})
        page = Browser()
        page.log_in("alice@example.com", transport="cookie")
        secrets |= {cookie.value for cookie in page.client.cookies.values()}
        page.send("POST", "register", {"email": "new@example.com", "password": PASSWORD})
        secrets.add(mailed_token())
        page.send("POST", "password/reset", {"email": "alice@example.com"})
        secrets.add(mailed_token())
        secrets |= second_factors()
        page.send("POST", "password/change", {"current_password": "a wrong guess", "new_password": NEW})
        page.send("GET", "me", Authorization="Bearer " + "x" * 40)
    return {secret for secret in secrets if secret}


def second_factors() -> set[str]:
    """Have bob set an app up and log in with it and with a recovery code; return what he was shown and sent."""
    bob, again = Browser(), Browser()
    bob.log_in("bob@example.com")
    phone = enrol_phone(bob)
    waiting = Phone(read(bob.send("POST", "mfa/totp"))["secret"])
    tokens = [first_step(again, "bob") for _ in range(2)]
    assert second_step(again, tokens[0], totp=phone.code()).status_code == 200
    assert second_step(again, tokens[1], recovery_code=phone.codes[0]).status_code == 200
    plain = {code.replace("-", "") for code in phone.codes}
    return {phone.secret, waiting.secret, *phone.codes, *plain, *tokens, again.access, again.refresh_token}


def stored_texts() -> Iterator[str]:
    """Yield every text and binary value in every table, then all of the cache."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                for value in row:
                    yield from _texts(value)
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


@pytest.mark.parametrize("mode", ["session", "stateless"])
def test_a_copy_of_the_database_and_the_cache_opens_nothing(mode: str, db: None, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MODE": mode}
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}
    make_user("alice")
    make_user("bob")
    secrets = a_day_of_traffic()
    assert len(secrets) > 40
    assert len(mail.outbox) >= 2
    texts = list(stored_texts())
    everything = "\n".join(texts)
    assert "alice@example.com" in everything  # or the dump would prove nothing
    assert [secret for secret in secrets if secret in everything] == []
    # Nor the part of a token that says who it is: its signature, which cannot be guessed.
    assert [secret for secret in secrets if secret.count(".") == 2 and secret.rpartition(".")[2] in everything] == []
    assert accepted(texts) == []


def accepted(texts: list[str]) -> list[str]:
    """Return those of the texts that a refresh, a request or a mailed link takes as a secret."""
    found = []
    words = {word for text in texts for word in re.findall(r"[\w.=-]{16,}", text)}
    for word in words:
        browser = Browser()
        opens = [
            browser.send("POST", "refresh", {"refresh": word}).status_code == 200,
            browser.send("GET", "me", Authorization=f"Bearer {word}").status_code == 200,
        ]
        if len(word) <= 256:
            body = {"token": word, "new_password": NEW}
            opens += [
                browser.send("POST", "email/verify", {"token": word}).status_code == 200,
                browser.send("POST", "password/reset/confirm", body).status_code == 204,
            ]
        if any(opens):
            found.append(word)
    return found


def test_a_token_that_was_kept_would_be_found(alice: User, browser: Browser, settings: Settings) -> None:
    """The search above is worth something: a kept token, and a kept reset link, do turn up."""
    browser.log_in("alice@example.com")
    TokenFamily.objects.update(label=browser.access[-100:], user_agent=browser.access[:256])
    assert accepted([browser.access]) == [browser.access]
    everything = "\n".join(stored_texts())
    assert browser.access[-100:] in everything
