"""Another address for an account, and the way back."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts import links, locks, people
from accounts.models import EmailChange, EndReason, TokenFamily, User, normalize_email
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import Sent, make_user
from tests.accounts.counting import queries
from tests.accounts.meanwhile import after_the_first_read
from tests.accounts.test_registration import NEW, mailed_token

pytestmark = pytest.mark.django_db
OLD, OTHER = "alice@example.com", "alice@example.org"


@pytest.fixture(autouse=True)
def unlimited(settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}


@pytest.fixture
def owner(alice: User, browser: Browser) -> Browser:
    browser.log_in(OLD)
    mail.outbox.clear()
    return browser


def ask(owner: Browser, email: str = OTHER) -> int:
    return owner.send("POST", "email/change", {"email": email}).status_code


def confirm(token: str) -> int:
    return Browser().send("POST", "email/change/confirm", {"token": token}).status_code


def undo(token: str) -> int:
    return Browser().send("POST", "email/change/undo", {"token": token}).status_code


def changed(owner: Browser) -> str:
    """Change the address, and return the token of the way back."""
    ask(owner)
    assert confirm(mailed_token()) == 200
    return mailed_token()


def test_the_new_address_confirms_and_the_old_one_is_told(owner: Browser, sent: list[Sent]) -> None:
    assert ask(owner, "Alice@Example.ORG") == 202
    (message,) = mail.outbox
    assert (message.to, User.objects.get().email) == ([OTHER], OLD)
    assert "https://testserver/account/email/confirm#token=" in message.body
    assert confirm(mailed_token()) == 200
    assert [message.to for message in mail.outbox] == [[OTHER], [OLD]]
    assert OTHER in mail.outbox[1].body
    assert User.objects.get().email == OTHER
    assert owner.send("GET", "me").status_code == 401
    assert TokenFamily.objects.get().revoke_reason == EndReason.EMAIL_CHANGED
    assert [Browser().log_in(each).status_code for each in (OLD, OTHER)] == [401, 200]
    names = [(each.name, each.outcome) for each in sent if each.name.startswith("email")]
    assert names == [("email_change_requested", "success"), ("email_changed", "success")]


def test_the_old_address_undoes_it(owner: Browser, sent: list[Sent]) -> None:
    back = changed(owner)
    thief = Browser()
    thief.log_in(OTHER)
    assert undo(back) == 200
    assert User.objects.get().email == OLD
    assert thief.send("GET", "me").status_code == 401
    assert Browser().log_in(OLD).status_code == 401  # the thief may know the password
    assert mail.outbox[-1].to == [OLD]
    body = {"token": mailed_token(), "new_password": NEW}
    assert Browser().send("POST", "password/reset/confirm", body).status_code == 204
    assert Browser().log_in(OLD, password=NEW).status_code == 200
    assert undo(back) == 400
    assert [each.outcome for each in sent if each.name == "email_change_undone"] == ["success", "refused"]


def test_the_answer_does_not_tell_a_known_address(owner: Browser, bob: User) -> None:
    answers = {
        owner.send("POST", "email/change", {"email": email}).content for email in ("bob@example.com", OTHER, OLD)
    }
    assert len(answers) == 1
    assert [message.subject for message in mail.outbox] == [
        "You have an account already",
        "Confirm your new address",
        "You have an account already",
    ]


def test_an_address_taken_meanwhile_stays_taken(owner: Browser) -> None:
    ask(owner)
    other = User.objects.create_user(OTHER, PASSWORD)
    assert confirm(mailed_token()) == 400
    assert User.objects.get(pk=other.pk).email == OTHER


def test_an_old_address_taken_meanwhile_is_not_taken_back(owner: Browser) -> None:
    back = changed(owner)
    make_user("alice")
    assert undo(back) == 400


@pytest.mark.parametrize("what", ["twice", "after a day", "after a new password", "inactive", "other address"])
def test_a_link_to_a_new_address_dies(what: str, owner: Browser, alice: User) -> None:
    ask(owner)
    token, later = mailed_token(), timedelta(0)
    if what == "twice":
        assert confirm(token) == 200
    elif what == "after a day":
        later = timedelta(days=1, seconds=2)
    elif what == "after a new password":
        owner.send("POST", "password/change", {"current_password": PASSWORD, "new_password": NEW})
    elif what == "inactive":
        User.objects.update(is_active=False)
    else:
        User.objects.update(email="third@example.com")
    with time_machine.travel(timezone.now() + later, tick=False):
        assert confirm(token) == 400


MEANWHILE: dict[str, Callable[[User], object]] = {
    "a new password": lambda user: User.objects.filter(pk=user.pk).update(password=make_password(NEW)),
    "another address": lambda user: User.objects.filter(pk=user.pk).update(email="third@example.com"),
    "deactivated": lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
    "deleted": lambda user: user.delete(),
    "locked": lambda user: locks.lock(user, until=None, reason="taken over", by="command", now=timezone.now()),
}


@pytest.mark.parametrize("what", sorted(MEANWHILE))
def test_a_link_to_a_new_address_dies_while_it_is_used(what: str, owner: Browser, alice: User) -> None:
    ask(owner)
    token = mailed_token()
    with after_the_first_read("bulwark_accounts_emailchange", lambda: MEANWHILE[what](alice)):
        assert confirm(token) == 400
    assert not User.objects.filter(email=OTHER).exists()


@pytest.mark.parametrize("what", ["deactivated", "deleted"])
def test_a_link_back_dies_while_it_is_used(what: str, owner: Browser, alice: User) -> None:
    back = changed(owner)
    alice.refresh_from_db()
    with after_the_first_read("bulwark_accounts_emailchange", lambda: MEANWHILE[what](alice)):
        assert undo(back) == 400
    assert not User.objects.filter(email=OLD).exists()


@pytest.mark.parametrize("what", ["twice", "after a week", "inactive"])
def test_a_link_back_dies(what: str, owner: Browser) -> None:
    back, later = changed(owner), timedelta(0)
    if what == "twice":
        assert undo(back) == 200
    elif what == "inactive":
        User.objects.update(is_active=False)
    else:
        later = timedelta(days=7, seconds=2)
    with time_machine.travel(timezone.now() + later, tick=False):
        assert undo(back) == 400


def test_a_link_for_one_purpose_fits_no_other(owner: Browser) -> None:
    ask(owner)
    token = mailed_token()
    assert undo(token) == 400
    assert Browser().send("POST", "email/verify", {"token": token}).status_code == 400
    assert confirm(links.make_token(User.objects.get(), "reset")) == 400
    assert confirm("x" * 513) == 422
    for made_up in ("x", "a:b:c", "\u00e9", "W10:1abcde:xxxx"):
        assert confirm(made_up) == 400


def test_a_link_dies_with_a_password_of_whatever_route(owner: Browser, sent: list[Sent]) -> None:
    ask(owner)
    token, user = mailed_token(), User.objects.get()
    user.set_password(NEW)
    user.save()
    assert confirm(token) == 400
    user.set_password(PASSWORD)  # nor does it live again with the old one
    user.save()
    assert confirm(token) == 400
    assert User.objects.get().email == OLD


def test_a_link_outlives_a_better_hash_of_the_same_password(owner: Browser, settings: Settings) -> None:
    ask(owner)
    token, before = mailed_token(), User.objects.get().password
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher", *settings.PASSWORD_HASHERS]
    assert Browser().log_in(OLD).status_code == 200
    assert User.objects.get().password != before
    assert confirm(token) == 200


def test_it_needs_a_recent_login(alice: User, browser: Browser) -> None:
    browser.log_in(OLD)
    TokenFamily.objects.update(auth_time=timezone.now() - timedelta(hours=1))
    response = browser.send("POST", "email/change", {"email": OTHER})
    assert (response.status_code, read(response)["code"]) == (401, "insufficient_user_authentication")
    assert "max_age" in response["WWW-Authenticate"]
    assert EmailChange.objects.count() == 0


TRICKS = [
    "ALICE@example.com",
    "\uff41lice@example.com",
    "alice@EXAMPLE.com",
    "alice@\uff45xample.com",
    " alice@example.com ",
]


@pytest.mark.parametrize("spelling", TRICKS)
def test_spellings_of_one_address_are_one_user(spelling: str, alice: User) -> None:
    assert people.find_by_email(spelling) == alice
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(spelling, PASSWORD)


def test_changes_that_no_link_touches_any_more_are_pruned(owner: Browser) -> None:
    changed(owner)
    ask(owner)
    for days, left in ((29, 1), (31, 0)):
        with time_machine.travel(timezone.now() + timedelta(days=days), tick=False):
            call_command("prune_tokens", stdout=StringIO())
        assert EmailChange.objects.count() == left


def test_the_index_finds_an_address(alice: User) -> None:
    with queries() as sql:
        people.find_by_email("ALICE@example.com")
    assert "UPPER" not in sql[0]
    assert "LIKE" not in sql[0]


def test_the_kelvin_sign_is_a_k(db: None) -> None:
    kate = make_user("kate")
    assert people.find_by_email("\u212aate@example.com") == kate
    with pytest.raises(IntegrityError), transaction.atomic():
        make_user("\u212aate")
    assert (
        Browser().send("POST", "register", {"email": "\u212aate@example.com", "password": PASSWORD}).status_code == 202
    )
    assert [message.subject for message in mail.outbox] == ["You have an account already"]


@pytest.mark.parametrize("name", ["m\u0131ke", "m\u0130ke", "\u0430lice", "mike\u200b"])
def test_letters_that_look_like_others_are_refused(name: str, browser: Browser, db: None) -> None:
    """Dotless and dotted i, Cyrillic a, a space of no width."""
    for known in ("mike", "alice"):
        make_user(known)
    address = f"{name}@example.com"
    assert people.find_by_email(address) is None
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(email=address)])
    assert browser.send("POST", "register", {"email": address, "password": PASSWORD}).status_code == 422
    assert browser.send("POST", "password/reset", {"email": address}).status_code == 422
    assert mail.outbox == []


def test_a_long_s_is_an_s(db: None) -> None:
    sally = make_user("sally")
    assert people.find_by_email("\u017fally@example.com") == sally


def test_the_database_keeps_one_spelling(db: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(email="Alice@example.com")])


def test_an_international_domain_is_kept_as_mail_servers_know_it(db: None) -> None:
    assert normalize_email("Eva@B\u00fccher.example") == "eva@xn--bcher-kva.example"
    eva = User.objects.create_user("eva@b\u00fccher.example", PASSWORD)
    assert people.find_by_email("EVA@xn--bcher-kva.example") == eva
    assert normalize_email("eva@" + "\u00fc" * 64) == "eva@" + "\u00fc" * 64


def test_a_database_that_folds_letters_finds_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of a host's is asked for any case: PostgreSQL then takes a dotless i for an i."""
    monkeypatch.setattr(people, "User", str)
    mike = make_user("mike")
    assert people.find_by_email("MIKE@example.com") == mike
    assert people.find_by_email("m\u0131ke@example.com") is None
