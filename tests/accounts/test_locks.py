"""Locks of staff: durable, for the next request, at every door."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import locks
from accounts.login import start_session
from accounts.models import AccountLock, TokenFamily, User
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import Sent, make_user
from tests.accounts.racing import Answer, at_once

ALICE = "alice@example.com"


def lock(user: User, **changes: Any) -> int:
    now = timezone.now()
    options: dict[str, Any] = {"until": now + timedelta(hours=2), "reason": "phished", "by": "response", "now": now}
    return locks.lock(user, **{**options, **changes})


@pytest.mark.parametrize("mode", ["session", "stateless"])
def test_a_lock_ends_what_is_open_and_opens_nothing(
    mode: str, alice: User, settings: Settings, sent: list[Sent]
) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MODE": mode}
    browser, pages = Browser(), Client()
    browser.log_in(ALICE)
    pages.force_login(alice)
    assert lock(alice) == 2, "the API's and the page's"
    assert browser.refresh().status_code == 401
    refused = browser.log_in(ALICE)
    assert (refused.status_code, read(refused)["code"]) == (401, "invalid_credentials"), "as a wrong password"
    assert authenticate(username=ALICE, password=PASSWORD) is None
    assert pages.get("/admin/", secure=True).headers["Location"].startswith("/admin/login/")
    assert [each.name for each in sent].count("account_locked") == 1
    assert [each.data["reason"] for each in sent if each.name == "login_failed"] == ["account_locked"] * 2


def test_an_open_session_ends_with_the_next_request(alice: User, browser: Browser) -> None:
    browser.log_in(ALICE)
    lock(alice)
    assert browser.send("GET", "me").status_code == 401


def test_an_open_page_session_ends_with_the_next_request(client: Client, db: None) -> None:
    admin = User.objects.create_superuser("admin@example.com", PASSWORD)
    client.force_login(admin)
    assert client.get("/admin/", secure=True).status_code == 200
    lock(admin)
    assert client.get("/admin/", secure=True).status_code == 302


def test_whoever_logs_in_without_a_password_is_refused_too(alice: User, call: Any) -> None:
    """A passkey, a provider: all sessions start at one place."""
    lock(alice)
    with pytest.raises(locks.AccountLocked):
        start_session(alice, transport="body", amr=["hwk"], request=call, now=timezone.now())
    assert not TokenFamily.objects.exists()


def test_a_lock_ends_by_itself(alice: User, browser: Browser) -> None:
    lock(alice)
    with time_machine.travel(timezone.now() + timedelta(hours=2, seconds=1), tick=False):
        assert browser.log_in(ALICE).status_code == 200


def test_what_a_lock_said_goes_some_time_after_it_has_ended(alice: User) -> None:
    lock(alice)
    lock(make_user("bob"), until=None)
    for days, kept in ((29, 2), (31, 1)):
        with time_machine.travel(timezone.now() + timedelta(days=days), tick=False):
            call_command("prune_tokens", stdout=StringIO())
        assert AccountLock.objects.count() == kept
    assert AccountLock.objects.get().until is None


def test_the_commands(alice: User, sent: list[Sent], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("lock_account", ALICE, "--for", "2h", "--reason", "asked by phone", "--dry-run")
    assert "Would lock" in capsys.readouterr().out
    assert not AccountLock.objects.exists()
    call_command("lock_account", ALICE, "--for", "2h", "--reason", "asked by phone")
    held = AccountLock.objects.get()
    assert held.until is not None
    assert (held.until - held.locked_at, held.locked_by) == (timedelta(hours=2), "command")
    call_command("lock_account", "ALICE@example.com", "--reason", "until further notice")
    assert AccountLock.objects.get().until is None
    assert Browser().log_in(ALICE).status_code == 401
    call_command("unlock_account", ALICE, "--reason", "called back", "--dry-run")
    assert "Would unlock it" in capsys.readouterr().out
    assert AccountLock.objects.exists()
    call_command("unlock_account", ALICE, "--reason", "called back")
    assert Browser().log_in(ALICE).status_code == 200
    call_command("unlock_account", ALICE, "--reason", "called back")
    assert [each.data for each in sent if each.name == "account_unlocked"] == [
        {"by": "command", "reason": "called back", "was_locked": was_locked} for was_locked in (True, False)
    ]
    assert "Unlocked." in capsys.readouterr().out


@pytest.mark.parametrize("reason", [[], ["--reason", " "], ["--reason", "x" * 201]])
def test_no_lock_is_taken_off_without_a_reason(alice: User, reason: list[str]) -> None:
    lock(alice)
    with pytest.raises(CommandError, match="reason"):
        call_command("unlock_account", ALICE, *reason)
    with pytest.raises(ValueError, match="reason"):
        locks.unlock(alice, reason=reason[-1] if reason else "", by="response", now=timezone.now())
    assert AccountLock.objects.exists()


def test_unlocking_forgets_the_guesses(alice: User, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_PER_ACCOUNT": 2}
    assert [Browser().log_in(ALICE, password="wrong").status_code for _ in range(3)] == [401, 401, 429]
    call_command("unlock_account", ALICE, "--reason", "called back")
    assert Browser().log_in(ALICE).status_code == 200


@pytest.mark.parametrize(
    "arguments",
    [
        ["nobody@example.com", "--reason", "x"],
        [ALICE, "--reason", " "],
        [ALICE, "--reason", "x" * 201],
        [ALICE, "--reason", "x", "--for", "2"],
        [ALICE, "--reason", "x", "--for", "0h"],
        [ALICE, "--reason", "x", "--for", "-1h"],
    ],
)
def test_the_command_refuses_nonsense(arguments: list[str], alice: User) -> None:
    with pytest.raises(CommandError):
        call_command("lock_account", *arguments)
    assert not AccountLock.objects.exists()


def test_the_database_holds_what_a_lock_is(alice: User) -> None:
    now = timezone.now()
    for fields in ({"reason": ""}, {"reason": "x", "locked_at": now, "until": now}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AccountLock.objects.create(user=alice, **fields)
    with pytest.raises(ValueError, match="future"):
        lock(alice, until=now - timedelta(hours=1))


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_no_login_slips_past_a_lock_that_is_being_put_on(settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}
    alice = make_user("alice")

    def log_in() -> Answer:
        return Browser().log_in(ALICE).status_code, {}

    def lock_it() -> Answer:
        return lock(alice), {}

    for _ in range(10):
        AccountLock.objects.all().delete()
        at_once([log_in, log_in, lock_it, log_in, log_in])
        assert not TokenFamily.objects.live(timezone.now()).exists()


def test_staff_lock_and_unlock_in_the_admin(alice: User, client: Client, sent: list[Sent]) -> None:
    admin = User.objects.create_superuser("admin@example.com", PASSWORD)
    client.force_login(admin)
    users = "/admin/bulwark_accounts/user/"

    def act(action: str, reason: str = "") -> str:
        form = {"action": action, "_selected_action": [str(alice.pk), str(admin.pk)], "reason": reason}
        return client.post(users, form, secure=True, follow=True).content.decode()

    assert "Give a reason" in act("lock")
    assert "1 account is locked" in act("lock", "asked by phone")
    held = AccountLock.objects.get()
    assert (held.user_id, held.until, held.locked_by) == (alice.pk, None, "admin"), "nobody locks themselves out"
    assert (
        "until it is taken off: asked by phone"
        in client.get(f"{users}{alice.pk}/change/", secure=True).content.decode()
    )
    assert Browser().log_in(ALICE).status_code == 401
    assert "Give a reason" in act("unlock")
    assert "2 accounts are unlocked" in act("unlock", "called back")
    assert Browser().log_in(ALICE).status_code == 200
    told = [(each.name, each.user, each.target) for each in sent if each.name.startswith("account_")]
    assert told[0] == ("account_locked", admin, alice)
    assert ("account_unlocked", admin, alice) in told


def test_staff_without_all_rights_lock_no_superuser(client: Client, db: None) -> None:
    admin = User.objects.create_superuser("admin@example.com", PASSWORD)
    clerk = User.objects.create_user("clerk@example.com", PASSWORD, is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    client.force_login(clerk)
    form = {"action": "lock", "_selected_action": [str(admin.pk)], "reason": "mine now"}
    client.post("/admin/bulwark_accounts/user/", form, secure=True)
    assert not AccountLock.objects.exists()
