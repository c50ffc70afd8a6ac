"""From an address to an account, and back to a password."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from accounts import links
from accounts.models import EndReason, TokenFamily, User
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import Sent, make_user
from tests.accounts.meanwhile import after_the_first_read

NEW = "another password, just as long"


def register(browser: Browser, email: str = "alice@example.com", password: str = PASSWORD) -> int:
    return browser.send("POST", "register", {"email": email, "password": password, "name": "Alice"}).status_code


def mailed_token(index: int = -1) -> str:
    found = re.search(r"#token=(\S+)", str(mail.outbox[index].body))
    assert found
    return found[1]


def verify(browser: Browser, token: str) -> int:
    return browser.send("POST", "email/verify", {"token": token}).status_code


def test_register_verify_log_in(browser: Browser, db: None, sent: list[Sent]) -> None:
    assert register(browser) == 202
    user = User.objects.get()
    assert (user.email, user.name, user.email_verified_at, user.is_staff) == ("alice@example.com", "Alice", None, False)
    response = browser.log_in("alice@example.com")
    assert (response.status_code, read(response)["code"]) == (403, "email_not_verified")
    (message,) = mail.outbox
    assert message.to == ["alice@example.com"]
    assert "https://testserver/account/verify#token=" in message.body
    assert verify(browser, mailed_token()) == 200
    assert browser.log_in("alice@example.com").status_code == 200
    assert [each.name for each in sent] == ["user_registered", "login_failed", "email_verified", "login_succeeded"]


def test_who_has_yet_to_open_the_link_has_not_guessed(browser: Browser, db: None, settings: Settings) -> None:
    """Their password was right: trying again and again locks nobody out."""
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_PER_ACCOUNT": 1}
    assert register(browser) == 202
    assert [browser.log_in("alice@example.com").status_code for _ in range(3)] == [403] * 3
    assert verify(browser, mailed_token()) == 200
    assert browser.log_in("alice@example.com").status_code == 200


def test_a_link_works_once(browser: Browser, db: None, sent: list[Sent]) -> None:
    register(browser)
    token = mailed_token()
    assert verify(browser, token) == 200
    response = browser.send("POST", "email/verify", {"token": token})
    assert (response.status_code, read(response)["code"]) == (400, "invalid_link")
    assert (sent[-1].name, sent[-1].outcome) == ("email_verified", "refused")


def test_a_link_works_for_a_day(browser: Browser, db: None) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        register(browser)
    with time_machine.travel(now + timedelta(days=1, seconds=2), tick=False):
        assert verify(browser, mailed_token()) == 400
    with time_machine.travel(now + timedelta(hours=23), tick=False):
        assert verify(browser, mailed_token()) == 200


@pytest.mark.parametrize(
    "token", ["x", "a.b", "a.b-c", "MQ.abc-def", "\u00e9.a-b", "." * 50, "A" * 250, "MQ\u0660.a-b"]
)
def test_a_made_up_link_is_refused(token: str, browser: Browser, alice: User) -> None:
    assert verify(browser, token) == 400
    body = {"token": token, "new_password": NEW}
    assert browser.send("POST", "password/reset/confirm", body).status_code == 400


def test_a_link_for_one_purpose_fits_no_other(browser: Browser, db: None) -> None:
    user = make_user("alice", email_verified_at=None)
    assert verify(browser, links.make_token(user, "reset")) == 400
    body = {"token": links.make_token(user, "verify"), "new_password": NEW}
    assert browser.send("POST", "password/reset/confirm", body).status_code == 400


def test_a_link_of_one_account_fits_no_other(browser: Browser, db: None) -> None:
    alice, bob = make_user("alice", email_verified_at=None), make_user("bob", email_verified_at=None)
    name, rest = links.make_token(alice, "verify").split(".")
    other = links.make_token(bob, "verify").split(".")[0]
    assert verify(browser, f"{other}.{rest}") == 400
    assert verify(browser, f"{name}.{rest}") == 200


def test_opening_a_link_changes_nothing(browser: Browser, db: None) -> None:
    register(browser)
    for page in ("verify", "reset"):
        response = browser.send("GET", f"/account/{page}", Accept="text/html")
        assert response.status_code == 200
        assert response["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert User.objects.get().email_verified_at is None


def test_a_known_address_gets_the_same_answer(browser: Browser, alice: User, sent: list[Sent]) -> None:
    before = User.objects.get().password
    known = browser.send("POST", "register", {"email": "ALICE@example.com", "password": NEW})
    unknown = browser.send("POST", "register", {"email": "new@example.com", "password": NEW})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert [message.subject for message in mail.outbox] == ["You have an account already", "Confirm your address"]
    assert "#token=" not in mail.outbox[0].body
    assert User.objects.get(pk=alice.pk).password == before
    assert [(each.outcome, each.data["known"]) for each in sent] == [("refused", True), ("success", False)]


MALLORYS = "mallory's password, long enough"


@pytest.mark.parametrize("passwords", [(MALLORYS, PASSWORD), (PASSWORD, MALLORYS)])
def test_a_strangers_password_is_never_verified(passwords: tuple[str, str], browser: Browser, db: None) -> None:
    """Mallory registers alice's address before or after her; no password that was given then counts."""
    register(browser, password=passwords[0])
    first = mailed_token()
    register(browser, password=passwords[1])
    register(browser, password=MALLORYS)
    browser.send("POST", "email/resend", {"email": "alice@example.com"})
    assert verify(browser, first) == 400
    assert verify(browser, mailed_token()) == 400
    body = {"token": mailed_token(1), "new_password": NEW}
    assert browser.send("POST", "password/reset/confirm", body).status_code == 204
    statuses = [browser.log_in("alice@example.com", password=each).status_code for each in (MALLORYS, PASSWORD, NEW)]
    assert statuses == [401, 401, 200]


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_too_short"),
        ("password1234", "password_too_common"),
        ("alice@example.com", "password_too_similar"),
        ("x" * 129, "max_length"),
    ],
)
def test_weak_passwords_are_refused(password: str, code: str, browser: Browser, db: None) -> None:
    response = browser.send("POST", "register", {"email": "alice@example.com", "password": password})
    assert response.status_code == 422
    errors = read(response)["errors"]
    assert ("/password", code) in {(error["pointer"], error["code"]) for error in errors}
    assert User.objects.count() == 0
    assert mail.outbox == []


def test_a_password_is_taken_as_it_was_typed(browser: Browser, db: None) -> None:
    register(browser, password="  spaces around the words  ")
    verify(browser, mailed_token())
    assert browser.log_in("alice@example.com", password="spaces around the words").status_code == 401
    assert browser.log_in("alice@example.com", password="  spaces around the words  ").status_code == 200


def test_nobody_registers_with_rights(browser: Browser, db: None) -> None:
    body = {"email": "alice@example.com", "password": PASSWORD, "is_staff": True, "is_superuser": True}
    response = browser.send("POST", "register", body)
    assert response.status_code == 422
    assert {error["code"] for error in read(response)["errors"]} == {"unknown_field"}


def test_registration_can_be_closed(browser: Browser, db: None, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "REGISTRATION_OPEN": False}
    assert register(browser) == 404


def test_the_link_can_be_sent_again_and_says_nothing(browser: Browser, alice: User, sent: list[Sent]) -> None:
    make_user("bob", email_verified_at=None)
    answers = {
        browser.send("POST", "email/resend", {"email": f"{name}@example.com"}).content
        for name in ("alice", "bob", "nobody")
    }
    assert len(answers) == 1
    assert [message.to for message in mail.outbox] == [["bob@example.com"]]
    assert [each.data["sent"] for each in sent] == [False, True, False]


def reset(browser: Browser, email: str = "alice@example.com") -> bytes:
    response = browser.send("POST", "password/reset", {"email": email})
    assert response.status_code == 202
    return response.content


def confirm(browser: Browser, token: str, password: str = NEW) -> int:
    return browser.send("POST", "password/reset/confirm", {"token": token, "new_password": password}).status_code


def test_a_forgotten_password(browser: Browser, alice: User, sent: list[Sent]) -> None:
    thief = Browser()
    thief.log_in("alice@example.com")
    assert reset(browser) == reset(browser, "nobody@example.com")
    assert len(mail.outbox) == 1
    token = mailed_token()
    assert confirm(browser, token, "short") == 422  # and the link is still good
    assert confirm(browser, token) == 204
    assert confirm(browser, token) == 400
    assert thief.send("GET", "me").status_code == 401
    assert TokenFamily.objects.get().revoke_reason == EndReason.PASSWORD_RESET
    assert mail.outbox[-1].subject == "Your password was changed"
    assert browser.log_in("alice@example.com").status_code == 401
    assert browser.log_in("alice@example.com", password=NEW).status_code == 200
    names = [each.name for each in sent if each.name.startswith("password")]
    assert names == ["password_reset_requested"] * 2 + ["password_reset"] * 2


@pytest.mark.parametrize("what", ["deactivated", "deleted"])
def test_a_reset_link_dies_while_it_is_used(what: str, browser: Browser, alice: User) -> None:
    browser.send("POST", "password/reset", {"email": "alice@example.com"})
    users = User.objects.filter(pk=alice.pk)
    body = {"token": mailed_token(), "new_password": NEW}
    meanwhile = {"deactivated": lambda: users.update(is_active=False), "deleted": users.delete}[what]
    with after_the_first_read("bulwark_accounts_user", meanwhile):
        assert browser.send("POST", "password/reset/confirm", body).status_code == 400
    assert not any(user.check_password(NEW) for user in users)


def test_an_address_verified_while_it_is_registered_again_keeps_its_password(browser: Browser, db: None) -> None:
    body = {"email": "dora@example.com", "password": PASSWORD, "name": "Dora"}
    browser.send("POST", "register", body)
    with after_the_first_read("bulwark_accounts_user", lambda: User.objects.update(email_verified_at=timezone.now())):
        browser.send("POST", "register", body)
    assert User.objects.get().check_password(PASSWORD)
    assert mail.outbox[-1].subject == "You have an account already"


@pytest.mark.parametrize("what", ["new password", "deleted"])
def test_a_link_that_verifies_dies_while_it_is_used(what: str, browser: Browser, db: None) -> None:
    browser.send("POST", "register", {"email": "dora@example.com", "password": PASSWORD, "name": "Dora"})
    users = User.objects.all()
    meanwhile = {"new password": lambda: users.update(password="!"), "deleted": users.delete}[what]
    with after_the_first_read("bulwark_accounts_user", meanwhile):
        assert browser.send("POST", "email/verify", {"token": mailed_token()}).status_code == 400
    assert not users.exclude(email_verified_at=None).exists()


def test_a_reset_link_dies_with_a_login_a_new_password_and_time(browser: Browser, alice: User) -> None:
    reset(browser)
    first = mailed_token()
    browser.log_in("alice@example.com")
    assert confirm(browser, first) == 400
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        reset(browser)
    with time_machine.travel(now + timedelta(minutes=30, seconds=2), tick=False):
        assert confirm(browser, mailed_token()) == 400


def test_an_inactive_account_gets_no_link(browser: Browser, alice: User) -> None:
    User.objects.update(is_active=False)
    reset(browser)
    assert mail.outbox == []


def test_a_reset_verifies_the_address(browser: Browser, db: None) -> None:
    make_user("alice", email_verified_at=None)
    reset(browser)
    assert confirm(browser, mailed_token()) == 204
    assert browser.log_in("alice@example.com", password=NEW).status_code == 200


def test_a_mail_server_that_is_down_is_nobodys_business(
    browser: Browser, alice: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_BACKEND = "tests.accounts.broken_mail.Backend"
    assert reset(browser) == reset(browser, "nobody@example.com")
    assert "A mail was not sent" in caplog.text


def test_changing_the_password(browser: Browser, alice: User, sent: list[Sent]) -> None:
    other = Browser()
    other.log_in("alice@example.com")
    browser.log_in("alice@example.com")
    sent.clear()
    wrong = browser.send("POST", "password/change", {"current_password": "not this one", "new_password": NEW})
    assert (wrong.status_code, read(wrong)["errors"][0]["code"]) == (422, "wrong_password")
    weak = browser.send("POST", "password/change", {"current_password": PASSWORD, "new_password": "alice@example"})
    assert weak.status_code == 422
    body = {"current_password": PASSWORD, "new_password": NEW}
    assert browser.send("POST", "password/change", body).status_code == 204
    assert [(each.name, each.outcome) for each in sent] == [
        ("password_changed", "refused"),
        ("password_changed", "success"),
    ]
    assert sent[1].data == {"sessions": 1}
    assert [each.send("GET", "me").status_code for each in (browser, other)] == [200, 401]
    assert browser.refresh().status_code == 200
    assert get_user_model().objects.get().check_password(NEW)


def test_guessing_the_current_password_is_limited(browser: Browser, alice: User) -> None:
    """A stolen access token must not become a way to guess the password."""
    browser.log_in("alice@example.com")
    body = {"current_password": "guess", "new_password": NEW}
    statuses = [browser.send("POST", "password/change", body).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_the_profile(browser: Browser, alice: User, sent: list[Sent]) -> None:
    browser.log_in("alice@example.com")
    sent.clear()
    body = read(browser.send("GET", "me"))
    assert (body["email"], body["name"], body["email_verified"]) == ("alice@example.com", "Alice", True)
    assert browser.send("PATCH", "me", {"name": "Alice L."}).status_code == 200
    assert [(each.name, each.data) for each in sent] == [("profile_changed", {"fields": ["name"]})]
    for other in ({"email": "x@example.com", "name": "A"}, {"is_staff": True, "name": "A"}, {"name": "x" * 151}, {}):
        assert browser.send("PATCH", "me", other).status_code == 422
    assert User.objects.get().name == "Alice L."
