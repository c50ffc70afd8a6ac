"""Users and sessions in the admin."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from accounts.admin import UserAdmin
from accounts.models import TokenFamily, User
from tests.accounts.browser import PASSWORD, Browser
from tests.accounts.conftest import Sent, make_user
from tests.accounts.racing import before

USERS, SESSIONS = "/admin/bulwark_accounts/user/", "/admin/bulwark_accounts/tokenfamily/"


def client_of(user: User) -> Client:
    client = Client(headers={"Accept": "text/html"})
    client.defaults["wsgi.url_scheme"] = "https"
    client.force_login(user)
    return client


@pytest.fixture
def admin(db: None) -> Client:
    return client_of(User.objects.create_superuser("admin@example.com", PASSWORD))


@pytest.fixture
def staff(db: None) -> Client:
    """Somebody who may change users, and is no superuser."""
    user = make_user("steve", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user", "add_user"]))
    return client_of(user)


def act(client: Client, name: str, *families: TokenFamily, reason: str) -> None:
    body = {"action": name, "_selected_action": [str(family.pk) for family in families], "reason": reason}
    assert client.post(SESSIONS, body).status_code == 302


def test_no_page_shows_what_tokens_are_made_of(admin: Client, alice: User, browser: Browser) -> None:
    browser.log_in("alice@example.com")
    family = TokenFamily.objects.get(transport="body")
    pages = "".join(
        admin.get(path).content.decode()
        for path in (USERS, f"{USERS}{alice.pk}/change/", SESSIONS, f"{SESSIONS}{family.pk}/change/")
    )
    assert alice.email in pages
    for secret in (browser.refresh_token, bytes(family.nonce).hex(), family.auth_hash, alice.password):
        assert secret not in pages
    assert not re.search(r"eyJ[\w-]+\.", pages)


def test_nobody_chooses_a_password(admin: Client, alice: User) -> None:
    page = admin.get(f"{USERS}{alice.pk}/change/").content.decode()
    assert 'type="password"' not in page
    assert "pbkdf2" not in page
    assert admin.get(f"{USERS}{alice.pk}/password/").status_code in {302, 404}
    admin.post(f"{USERS}{alice.pk}/change/", {"email": alice.email, "password": "mallory's own"})
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)


def test_a_new_user_gets_a_link(admin: Client) -> None:
    assert admin.post(f"{USERS}add/", {"email": "New@Example.com", "name": "New"}).status_code == 302
    user = User.objects.get(email="new@example.com")
    assert not user.has_usable_password()
    assert [message.to for message in mail.outbox] == [["new@example.com"]]
    assert "/account/reset#token=" in mail.outbox[0].body


def test_a_reset_can_be_triggered(admin: Client, alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    body = {"action": "mail_reset", "_selected_action": [str(alice.pk), str(bob.pk)]}
    assert admin.post(USERS, body).status_code == 302
    assert [message.to for message in mail.outbox] == [["alice@example.com"]]


def test_who_may_change_users_gives_nobody_rights(staff: Client, alice: User) -> None:
    body = {"email": alice.email, "name": "x", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    page = staff.get(f"{USERS}{alice.pk}/change/").content.decode()
    assert 'name="is_superuser"' not in page
    prefix = "token_families"
    counts = {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    assert staff.post(f"{USERS}{alice.pk}/change/", {**body, **counts}).status_code == 302
    alice.refresh_from_db()
    assert (alice.name, alice.is_staff, alice.is_superuser) == ("x", False, False)


def test_who_may_change_users_changes_no_superuser(staff: Client) -> None:
    boss = User.objects.create_superuser("boss@example.com", PASSWORD)
    staff.post(f"{USERS}{boss.pk}/change/", {"email": "taken@example.com", "name": ""})
    boss.refresh_from_db()
    assert boss.email == "boss@example.com"
    staff.post(USERS, {"action": "mail_reset", "_selected_action": [str(boss.pk)]})
    assert mail.outbox == []


def test_sessions_are_read_only(admin: Client, alice: User, browser: Browser) -> None:
    browser.log_in("alice@example.com")
    family = TokenFamily.objects.get(transport="body")
    assert admin.get(f"{SESSIONS}add/").status_code == 403
    assert admin.post(f"{SESSIONS}{family.pk}/change/", {"generation": 9}).status_code == 403
    assert admin.post(f"{SESSIONS}{family.pk}/delete/", {"post": "yes"}).status_code == 403


def test_ending_a_session_needs_a_reason(admin: Client, alice: User, browser: Browser, sent: list[Sent]) -> None:
    browser.log_in("alice@example.com")
    family = TokenFamily.objects.get(transport="body")
    sent.clear()
    act(admin, "end_selected", family, reason="  ")
    assert browser.send("GET", "me").status_code == 200
    act(admin, "end_selected", family, reason="laptop stolen")
    assert browser.send("GET", "me").status_code == 401
    (signal,) = [each for each in sent if each.name == "session_revoked"]
    assert (signal.target, signal.user.email) == (family, "admin@example.com")
    assert signal.data == {"reason": "laptop stolen", "by": "admin", "sessions": 1}


@pytest.mark.parametrize(
    ("path", "actions"),
    [(USERS, ["lock", "unlock", "reset_mfa"]), (SESSIONS, ["end_selected", "end_of_users", "end_of_tenants"])],
    ids=["accounts", "sessions"],
)
def test_acting_on_others_needs_a_recent_login(
    path: str, actions: list[str], admin: Client, alice: User, sent: list[Sent]
) -> None:
    browser = Browser()
    browser.log_in("alice@example.com")
    TokenFamily.objects.filter(transport="session").update(auth_time=timezone.now() - timedelta(minutes=11))
    chosen = alice if path == USERS else TokenFamily.objects.get(transport="body")
    sent.clear()
    for action in actions:
        body = {"action": action, "_selected_action": [str(chosen.pk)], "reason": "laptop stolen"}
        assert admin.post(path, body).headers["Location"].startswith("/account/reauthenticate?next=")
    assert sent == []
    assert browser.send("GET", "me").status_code == 200


def test_ending_all_of_a_user_or_a_tenant(admin: Client, alice: User, bob: User) -> None:
    browsers = {name: [Browser(), Browser()] for name in ("alice", "bob")}
    for name, pair in browsers.items():
        for each in pair:
            each.log_in(f"{name}@example.com")
    first = TokenFamily.objects.of(alice).first()
    assert first is not None
    act(admin, "end_of_users", first, reason="left the company")
    assert [each.send("GET", "me").status_code for each in browsers["alice"]] == [401, 401]
    assert [each.send("GET", "me").status_code for each in browsers["bob"]] == [200, 200]
    theirs = TokenFamily.objects.of(bob).first()
    assert theirs is not None
    TokenFamily.objects.of(bob).update(tenant="acme")
    theirs.refresh_from_db()
    act(admin, "end_of_tenants", theirs, reason="tenant closed")
    assert [each.send("GET", "me").status_code for each in browsers["bob"]] == [401, 401]


def test_who_may_only_look_ends_nothing(alice: User, browser: Browser) -> None:
    browser.log_in("alice@example.com")
    erin = make_user("erin", is_staff=True)
    erin.user_permissions.set(Permission.objects.filter(codename="view_tokenfamily"))
    body = {
        "action": "end_selected",
        "_selected_action": [str(TokenFamily.objects.get(transport="body").pk)],
        "reason": "because",
    }
    assert client_of(erin).post(SESSIONS, body).status_code == 200  # the list again, without such an action
    assert browser.send("GET", "me").status_code == 200


@pytest.mark.urls("tests.accounts.stock_admin")
def test_guessing_at_the_admins_own_form_is_limited(alice: User) -> None:
    client = Client(headers={"Accept": "text/html"})
    body = {"username": "alice@example.com", "password": "guess"}
    statuses = [client.post("/admin/login/", body, secure=True).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]


NEW = "another password, just as long"
NO_SESSIONS = {"token_families-TOTAL_FORMS": "0", "token_families-INITIAL_FORMS": "0"}


@pytest.mark.parametrize("taken", [{"is_staff": False}, {"is_active": False}, {"password": "!"}], ids=str)
def test_a_change_of_the_password_brings_nothing_back_that_was_taken_away(staff: Client, taken: dict[str, Any]) -> None:
    steve = User.objects.filter(email="steve@example.com")
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    with before("SAVEPOINT", lambda: steve.update(**taken)):
        assert staff.post("/admin/password_change/", form).status_code == 403
    assert steve.filter(**taken).exists()
    assert not steve.get().check_password(NEW)


def test_a_session_that_has_just_ended_changes_no_password(staff: Client) -> None:
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    with before("SAVEPOINT", lambda: TokenFamily.objects.all().end(now=timezone.now(), reason="revoked")):
        assert staff.post("/admin/password_change/", form).status_code == 403
    assert User.objects.get().check_password(PASSWORD)


def test_a_change_brings_nothing_back_that_was_taken_away(admin: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    hers = User.objects.filter(pk=alice.pk)
    body = {"email": alice.email, "name": "Alicia", "is_active": "on", "is_staff": "on", **NO_SESSIONS}
    with before('UPDATE "bulwark_accounts_user"', lambda: hers.update(is_staff=False, is_active=False)):
        assert admin.post(f"{USERS}{alice.pk}/change/", body).status_code == 302
    alice.refresh_from_db()
    assert (alice.name, alice.is_staff, alice.is_active) == ("Alicia", False, False)


@pytest.fixture
def gone(alice: User, monkeypatch: pytest.MonkeyPatch) -> User:
    """An account that is deleted when staff have chosen it, before anything is done to it."""
    may_change = UserAdmin.has_change_permission

    def meanwhile(self: UserAdmin, request: HttpRequest, obj: User | None = None) -> bool:
        if obj == alice:
            User.objects.filter(pk=alice.pk).delete()
        return may_change(self, request, obj)

    monkeypatch.setattr(UserAdmin, "has_change_permission", meanwhile)
    return alice


@pytest.mark.parametrize("action", ["lock", "reset_mfa"])
def test_an_account_that_has_just_gone_is_passed_over(
    admin: Client, gone: User, bob: User, sent: list[Sent], action: str
) -> None:
    chosen = {"action": action, "_selected_action": [str(gone.pk), str(bob.pk)], "reason": "Found out"}
    page = admin.post(USERS, chosen, follow=True).content.decode()
    assert re.search(r"1 (account is locked|user has no second factor now)", page)
    assert [each.target for each in sent if each.name in {"account_locked", "mfa_reset"}] == [bob]


def test_an_account_that_has_just_gone_is_not_there_to_change(admin: Client, gone: User) -> None:
    body = {"email": gone.email, "name": "Alicia", "is_active": "on", **NO_SESSIONS}
    assert admin.post(f"{USERS}{gone.pk}/change/", body).status_code == 404


@pytest.mark.parametrize("action", ["mail_reset", "reset_mfa", "lock"])
def test_staff_take_no_account_of_staff_over(staff: Client, alice: User, sent: list[Sent], action: str) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    body = {"email": "steve+alice@example.com", "name": "", "is_active": "on", **NO_SESSIONS}
    assert staff.post(f"{USERS}{alice.pk}/change/", body).status_code == 403
    staff.post(USERS, {"action": action, "_selected_action": [str(alice.pk)], "reason": "a whim"})
    assert not {each.name for each in sent} & {"mfa_reset", "account_locked", "user_administered"}
    alice.refresh_from_db()
    assert (alice.email, mail.outbox) == ("alice@example.com", [])


def test_staff_change_what_is_their_own(staff: Client) -> None:
    steve = User.objects.get()
    body = {"email": steve.email, "name": "Stephen", "is_active": "on", **NO_SESSIONS}
    assert staff.post(f"{USERS}{steve.pk}/change/", body).status_code == 302
    steve.refresh_from_db()
    assert (steve.name, steve.email_verified_at is not None, mail.outbox) == ("Stephen", True, [])


def test_an_address_that_staff_choose_is_not_verified_and_the_old_one_is_told(staff: Client, alice: User) -> None:
    body = {"email": "Mine@Example.com", "name": "", "is_active": "on", **NO_SESSIONS}
    assert staff.post(f"{USERS}{alice.pk}/change/", body).status_code == 302
    alice.refresh_from_db()
    assert (alice.email, alice.email_verified_at) == ("mine@example.com", None)
    told, asked = mail.outbox
    assert (told.to, asked.to) == (["alice@example.com"], ["mine@example.com"])
    assert "mine@example.com" in told.body
    assert "#token=" in asked.body


def test_another_spelling_of_an_address_is_no_change(staff: Client, alice: User) -> None:
    body = {"email": "ALICE@example.com", "name": "Alice", "is_active": "on", **NO_SESSIONS}
    assert staff.post(f"{USERS}{alice.pk}/change/", body).status_code == 302
    alice.refresh_from_db()
    assert alice.email_verified_at is not None
    assert mail.outbox == []
