"""Moving from simplejwt: nobody has to log in again, and its tokens are good for one exchange."""

import hashlib
import hmac
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings
from rest_framework_simplejwt.tokens import AccessToken as TheirAccessToken
from rest_framework_simplejwt.tokens import RefreshToken as TheirToken

from accounts import checks
from accounts.models import TokenFamily, User
from tests.accounts.browser import Browser, read
from tests.accounts.forging import b64, parts

TABLES = (
    """CREATE TABLE token_blacklist_outstandingtoken (id integer PRIMARY KEY, jti varchar(255) UNIQUE, token text,
    created_at {moment}, expires_at {moment}, user_id {key} NULL)""",
    "CREATE TABLE token_blacklist_blacklistedtoken (id integer PRIMARY KEY, token_id integer UNIQUE)",
)


@pytest.fixture
def theirs(db: None, settings: Settings) -> None:
    """simplejwt's tables as its migrations leave them, and its key in our settings."""
    server = connection.vendor == "postgresql"
    types = {"moment": "timestamptz", "key": "uuid"} if server else {"moment": "datetime", "key": "char(32)"}
    with connection.cursor() as cursor:
        for statement in TABLES:
            cursor.execute(statement.format(**types))
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "SIMPLEJWT_KEY": settings.SECRET_KEY}


def outstanding(user: User | None, *, blacklisted: bool = False, expires_in: timedelta = timedelta(days=1)) -> str:
    """Hand out a token as simplejwt does, and keep it as simplejwt does."""
    token = TheirToken()
    if user is not None:
        token["user_id"] = str(user.pk)
    token.set_exp(lifetime=expires_in)
    number = next(_numbers)
    ends = connection.ops.adapt_datetimefield_value(timezone.now() + expires_in)
    key = None if user is None else user.pk if connection.vendor == "postgresql" else user.pk.hex
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO token_blacklist_outstandingtoken VALUES (%s, %s, %s, %s, %s, %s)",
            [number, token["jti"], str(token), ends, ends, key],
        )
        if blacklisted:
            cursor.execute("INSERT INTO token_blacklist_blacklistedtoken VALUES (%s, %s)", [number, number])
    return str(token)


_numbers = iter(range(1, 10_000))


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("import_simplejwt_sessions", *arguments, stdout=out)
    return out.getvalue().strip()


def refresh(token: str) -> tuple[int, Any]:
    response = Browser().send("POST", "refresh", {"refresh": token})
    return response.status_code, read(response)


def test_nobody_has_to_log_in_again(theirs: None, alice: User, bob: User) -> None:
    old = outstanding(alice)
    outstanding(bob)
    assert run("--dry-run") == "2 sessions would be made."
    assert run() == "2 sessions made."
    assert run() == "0 sessions made."  # it may be run again
    browser = Browser()
    assert browser.refresh(old).status_code == 200
    assert read(browser.send("GET", "me"))["email"] == "alice@example.com"
    assert browser.refresh().status_code == 200
    assert TokenFamily.objects.of(alice).get().generation == 3


def test_what_simplejwt_would_refuse_is_refused(theirs: None, alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    tokens = [
        outstanding(alice, blacklisted=True),
        outstanding(alice, expires_in=timedelta(seconds=-1)),
        outstanding(None),
        outstanding(bob),
    ]
    assert run() == "0 sessions made."
    assert [refresh(token)[0] for token in tokens] == [401] * 4


def test_a_token_that_was_not_imported_is_refused(theirs: None, alice: User) -> None:
    run()
    token = TheirToken()
    token["user_id"] = str(alice.pk)
    assert refresh(str(token))[1]["code"] == "session_ended"


def test_an_old_token_used_twice_ends_the_session(theirs: None, alice: User) -> None:
    old = outstanding(alice)
    run()
    status, first = refresh(old)
    assert status == 200
    assert refresh(old)[1]["refresh"] == first["refresh"]  # a lost answer
    with time_machine.travel(timezone.now() + timedelta(seconds=30), tick=False):
        assert refresh(old)[1]["code"] == "token_reused"
        assert refresh(first["refresh"])[0] == 401


def test_an_old_token_lives_no_longer_than_it_would_have(theirs: None, alice: User) -> None:
    old = outstanding(alice, expires_in=timedelta(hours=1))
    run()
    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1), tick=False):
        assert refresh(old)[1]["code"] == "token_expired"


def test_logging_out_with_an_old_token(theirs: None, alice: User) -> None:
    old = outstanding(alice)
    run()
    assert Browser().send("POST", "logout", {"refresh": old}).status_code == 204
    assert refresh(old)[0] == 401


def test_an_old_access_token_opens_nothing(theirs: None, alice: User) -> None:
    access = TheirAccessToken()
    access["user_id"] = str(alice.pk)
    assert Browser().send("GET", "me", Authorization=f"Bearer {access}").status_code == 401
    assert refresh(str(access))[0] == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda h, c: h.update(alg="none"),
        lambda h, c: h.update(alg="HS512"),
        lambda h, c: h.update(kid="simplejwt"),
        lambda h, c: h.update(typ="at+jwt"),
        lambda h, c: h.update(jwk={}),
        lambda h, c: c.update(token_type="access"),
        lambda h, c: c.update(jti=["x"]),
        lambda h, c: c.update(exp=True),
        lambda h, c: c.update(jti="another"),
    ],
)
def test_a_changed_old_token_is_refused(change: Any, theirs: None, alice: User, settings: Settings) -> None:
    old = outstanding(alice)
    run()
    header, claims, _ = parts(old)
    change(header, claims)
    text = f"{b64(header)}.{b64(claims)}"
    signature = b64(hmac.digest(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256))
    assert refresh(f"{text}.{signature}")[0] == 401
    assert refresh(old)[0] == 200


def test_without_the_key_no_old_token_is_read(theirs: None, alice: User, settings: Settings) -> None:
    old = outstanding(alice)
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "SIMPLEJWT_KEY": ""}
    assert run().splitlines() == ["1 sessions made.", "Set SIMPLEJWT_KEY to simplejwt's key, or nobody can use them."]
    assert refresh(old)[0] == 401


def test_erasing_leaves_no_copy_of_a_token(theirs: None, alice: User) -> None:
    outstanding(alice, blacklisted=True)
    old = outstanding(alice)
    assert run("--erase") == "1 sessions made."
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM token_blacklist_outstandingtoken")
        assert cursor.fetchone() == (0,)
    assert refresh(old)[0] == 200


def test_without_simplejwts_tables_it_says_so(db: None) -> None:
    with pytest.raises(CommandError, match="never migrated"):
        run()


def test_the_checks_mind_the_key(settings: Settings) -> None:
    assert checks.check_simplejwt() == []
    for key, algorithm, number in (
        (settings.SECRET_KEY, "HS256", "W004"),
        ("short", "HS256", "E015"),
        (settings.SECRET_KEY, "RS256", "E015"),
        (settings.SECRET_KEY, "none", "E015"),
    ):
        changes = {"SIMPLEJWT_KEY": key, "SIMPLEJWT_ALGORITHM": algorithm}
        settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, **changes}
        assert [each.id for each in checks.check_simplejwt()] == [f"bulwark_accounts.{number}"]
