"""Attacks on second factors through the whole stack, each with the event that it leaves."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Passkey, TokenFamily, TotpDevice, User
from auditlog.models import Event
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import make_user
from tests.accounts.mfa.authenticator import Authenticator
from tests.accounts.mfa.devices import (
    Phone,
    assertion,
    enrol_passkey,
    enrol_phone,
    first_step,
    log_in_by_passkey,
    offer_passkey,
    second_step,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def early_in_a_time_step() -> Iterator[None]:
    with time_machine.travel(datetime.fromtimestamp(time.time() // 30 * 30 + 2, UTC)):
        yield


@pytest.fixture
def alice() -> User:
    return make_user("alice")


@pytest.fixture
def owner(alice: User) -> Browser:
    browser = Browser()
    browser.log_in("alice@example.com")
    return browser


@pytest.fixture
def phone(owner: Browser) -> Phone:
    return enrol_phone(owner)


def mallory(address: str = "192.0.2.66") -> Browser:
    """Somebody elsewhere who knows alice's password."""
    browser = Browser()
    browser.client.defaults["REMOTE_ADDR"] = address
    return browser


def last_event(type_: str) -> Event:
    found = Event.objects.filter(type=type_).order_by("pk").last()
    assert found is not None, f"no event {type_}"
    return found


def test_a_code_seen_over_the_shoulder_is_used_up(owner: Browser, phone: Phone) -> None:
    code = phone.code()
    assert second_step(Browser(), first_step(Browser()), totp=code).status_code == 200
    refused = second_step(mallory(), first_step(mallory()), totp=code)
    assert (refused.status_code, read(refused)["code"]) == (401, "mfa_failed")
    event = last_event("accounts.mfa_failed")
    assert (event.reason, event.outcome, event.src_ip) == ("replayed", "refused", "192.0.2.66")
    # Nor does the code before it work, which nobody has used.
    assert second_step(mallory(), first_step(mallory()), totp=phone.code(steps=-1)).status_code == 401


def test_guessing_the_code_ends_with_the_budget(phone: Phone) -> None:
    """A thief with the password and any number of addresses has the account's few guesses, not a million."""
    taken = {phone.code(steps=step) for step in (-1, 0, 1)}
    guesses = [f"{number:06}" for number in range(60) if f"{number:06}" not in taken]
    token, statuses = first_step(mallory()), []
    for number, guess in enumerate(guesses):
        statuses.append(second_step(mallory(f"198.51.100.{number}"), token, totp=guess).status_code)
    checked = statuses.count(401)
    assert set(statuses) <= {401, 403, 429}
    assert 0 < checked <= 10
    # The right code does not help any more, from there; the owner's own device is not kept out.
    assert second_step(mallory("198.51.100.200"), token, totp=phone.code()).status_code in {403, 429}
    assert last_event("accounts.mfa_failed").reason == "too_many_guesses"


def test_the_owner_learns_that_somebody_has_the_password(phone: Phone, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "CHALLENGE": "accounts.guessing.challenges.NoChallenge"}
    token = first_step(mallory())
    mail.outbox.clear()
    for number in range(30):
        second_step(mallory(f"198.51.100.{number}"), token, recovery_code=f"guess {number}")
    assert [each.subject for each in mail.outbox] == ["Somebody who has your password is guessing your second factor"]


def test_the_owner_gets_in_while_somebody_guesses(owner: Browser, phone: Phone) -> None:
    browser = Browser()
    assert second_step(browser, first_step(browser), totp=phone.code()).status_code == 200  # trusts this device
    token = first_step(mallory())
    for number in range(30):
        second_step(mallory(f"198.51.100.{number}"), token, recovery_code=f"guess {number}")
    assert second_step(browser, first_step(browser), totp=phone.code(steps=1)).status_code == 200


@pytest.mark.parametrize("twice", ["the same user", "another user", "another use"])
def test_the_token_of_a_second_step_is_for_one_user_and_one_use(twice: str, phone: Phone) -> None:
    make_user("bob")
    bob = Browser()
    bob.log_in("bob@example.com")
    theirs = enrol_phone(bob)
    token = first_step(Browser())
    if twice == "the same user":
        assert second_step(Browser(), token, totp=phone.code()).status_code == 200
        assert second_step(mallory(), token, recovery_code=phone.codes[0]).status_code == 401
        # The code that was tried with it is not lost.
        assert second_step(Browser(), first_step(Browser()), recovery_code=phone.codes[0]).status_code == 200
    elif twice == "another user":
        assert second_step(mallory(), token, totp=theirs.code()).status_code == 401
        assert second_step(mallory(), token, recovery_code=theirs.codes[0]).status_code == 401
    else:
        for path, body in (
            ("refresh", {"refresh": token}),
            ("email/verify", {"token": token}),
            ("password/reset/confirm", {"token": token, "new_password": "another password, just as long"}),
        ):
            assert mallory().send("POST", path, body).status_code in {400, 401}
        assert mallory().send("GET", "me", Authorization=f"Bearer {token}").status_code == 401


@pytest.mark.urls("tests.accounts.stock_admin")
@pytest.mark.parametrize("door", ["api", "page", "admin", "force_login", "refresh of before"])
def test_no_door_leads_around_the_second_step(door: str, owner: Browser, alice: User) -> None:
    before = Browser()
    before.log_in("alice@example.com")
    enrol_phone(owner)
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    client = Client()
    if door == "api":
        assert before.log_in("alice@example.com").status_code == 401
    elif door == "page":
        client.post("/account/login", {"identifier": "alice@example.com", "password": PASSWORD}, secure=True)
    elif door == "admin":
        client.post("/admin/login/", {"username": "alice@example.com", "password": PASSWORD}, secure=True)
    elif door == "force_login":
        client.force_login(alice)  # what any view of the host's does
    else:
        assert before.refresh().status_code == 401
        assert before.send("GET", "me").status_code == 401
    assert client.get("/admin/", secure=True).status_code == 302
    assert client.get("/account/mfa", secure=True).status_code == 302
    assert TokenFamily.objects.of(alice).live(timezone.now()).count() == 1


def test_a_mailed_link_does_not_lead_around_it_either(phone: Phone) -> None:
    """Who reads the mail sets a password, and still has to show the phone (ASVS 5.0, V6.4.3)."""
    mallory().send("POST", "password/reset", {"email": "alice@example.com"})
    token = str(mail.outbox[-1].body).split("#token=")[1].split()[0]
    new = "another password, just as long"
    assert mallory().send("POST", "password/reset/confirm", {"token": token, "new_password": new}).status_code == 204
    response = mallory().log_in("alice@example.com", password=new)
    assert (response.status_code, read(response)["code"]) == (401, "mfa_required")


CHANGES = [
    ("DELETE", "mfa/totp"),
    ("POST", "mfa/totp"),
    ("POST", "mfa/recovery-codes"),
    ("POST", "mfa/passkeys/options"),
]


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_stolen_access_token_takes_no_factor_away(method: str, path: str, owner: Browser, phone: Phone) -> None:
    thief = mallory()
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        owner.refresh()
        thief.access = owner.access
        assert thief.send("GET", "me").status_code == 200
        refused = thief.send(method, path)
        assert (refused.status_code, read(refused)["code"]) == (401, "insufficient_user_authentication")
        # With the password, too, the thief lacks the phone.
        assert thief.reauthenticate(password=PASSWORD).status_code == 401
        assert thief.send(method, path).status_code == 401
    assert TotpDevice.objects.filter(confirmed_at__isnull=False).count() == 1


@pytest.mark.parametrize(("method", "path"), [*CHANGES, ("POST", "password/change"), ("DELETE", "me")])
def test_a_stolen_access_token_has_no_share_in_what_its_owner_shows(
    method: str, path: str, owner: Browser, phone: Phone
) -> None:
    thief, body = mallory(), {"current_password": PASSWORD, "new_password": "a password of mallory's"}
    with time_machine.travel(timezone.now() + timedelta(minutes=15)):
        owner.refresh()
        thief.access = owner.access
    with time_machine.travel(timezone.now() + timedelta(minutes=18)):
        assert owner.reauthenticate(password=PASSWORD, totp=phone.code()).status_code == 200
        refused = thief.send(method, path, body)
        assert (refused.status_code, read(refused)["code"]) == (401, "insufficient_user_authentication")
        assert owner.send(method, path, body if path == "password/change" else {}).status_code in {200, 204}


def test_a_copied_security_key_betrays_itself(owner: Browser) -> None:
    key = enrol_passkey(owner)
    copy = key.clone()
    assert log_in_by_passkey(Browser(), key).status_code == 200
    assert log_in_by_passkey(mallory(), copy).status_code == 401
    event = last_event("accounts.passkey_clone_detected")
    assert (event.outcome, event.data["stored"], event.data["presented"]) == ("refused", 2, 2)


@pytest.mark.parametrize("origin", ["https://testserver.evil.example", "https://evil.example"])
def test_a_phishing_page_gets_nothing_out_of_a_passkey(origin: str, owner: Browser) -> None:
    """The page relays this site's challenge; the browser writes the page's own origin into the answer."""
    key = enrol_passkey(owner)
    key.origin = origin
    assert log_in_by_passkey(mallory(), key).status_code == 401
    token = first_step(mallory())
    assert second_step(mallory(), token, passkey=assertion(mallory(), key, token)).status_code == 401
    assert offer_passkey(owner, Authenticator(origin=origin)).status_code == 422
    assert Passkey.objects.count() == 1


@pytest.mark.parametrize("requirement", ["staff", "everybody", "tests.journeys.test_attacks_on_second_factors.is_boss"])
def test_staff_without_a_factor_can_do_nothing_but_add_one(requirement: str, alice: User, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MFA_REQUIRED": requirement}
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    browser, client = Browser(), Client()
    assert browser.log_in("alice@example.com").status_code == 200
    for method, path in (("GET", "sessions"), ("DELETE", "sessions"), ("PATCH", "me"), ("GET", "/api/v1/articles/")):
        refused = browser.send(method, path, {} if method == "PATCH" else None)
        assert (refused.status_code, read(refused)["code"]) == (403, "mfa_enrolment_required"), path
    assert browser.send("GET", "me").status_code == 200
    client.force_login(alice)
    for path in ("/admin/", "/admin/bulwark_accounts/user/", "/admin/logout/", "/admin/password_change/"):
        assert client.get(path, secure=True).status_code in {302, 405}, path
    assert client.post("/admin/bulwark_accounts/user/add/", {"email": "x@example.com"}, secure=True).status_code == 302
    assert User.objects.count() == 1
    enrol_phone(browser)
    assert browser.send("GET", "sessions").status_code == 200


def test_a_session_from_before_the_role_shows_the_factor(
    owner: Browser, phone: Phone, alice: User, settings: Settings
) -> None:
    TokenFamily.objects.update(amr=["pwd"])
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MFA_REQUIRED": "everybody"}
    owner.refresh()
    refused = owner.send("GET", "sessions")
    assert (refused.status_code, read(refused)["acr_values"]) == (401, "aal2")
    thief = mallory()
    thief.access = owner.access
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        assert owner.reauthenticate(password=PASSWORD, totp=phone.code()).status_code == 200
        assert owner.send("GET", "sessions").status_code == 200
        assert thief.send("GET", "sessions").status_code == 401


def test_a_token_copied_before_the_first_factor_was_added_changes_nothing(owner: Browser) -> None:
    thief = mallory()
    thief.access = owner.access
    with time_machine.travel(timezone.now() + timedelta(seconds=1)):
        phone = enrol_phone(owner)
        refusals = [
            thief.send("POST", "mfa/passkeys/options"),
            thief.send("DELETE", "mfa/totp"),
            thief.send("POST", "mfa/recovery-codes"),
            thief.send("POST", "email/change", {"email": "mallory@example.com"}),
            thief.send("POST", "password/change", {"current_password": PASSWORD, "new_password": f"{PASSWORD} two"}),
        ]
        assert {(each.status_code, read(each)["acr_values"]) for each in refusals} == {(401, "aal2")}
        assert second_step(Browser(), first_step(Browser()), totp=phone.code(steps=1)).status_code == 200
        assert owner.send("DELETE", "mfa/totp").status_code == 204


def test_a_cookie_copied_before_the_first_factor_was_added_opens_nothing(alice: User) -> None:
    owner, thief = Client(), Client()
    owner.post("/account/login", {"identifier": "alice@example.com", "password": PASSWORD}, secure=True)
    thief.cookies.load({name: morsel.value for name, morsel in owner.cookies.items()})
    assert thief.get("/account/mfa", secure=True).status_code == 200
    owner.post("/account/mfa/totp", {"begin": "1"}, secure=True)
    page = owner.get("/account/mfa/totp", secure=True).content.decode()
    secret = page.partition('class="secret">')[2].partition("<")[0]
    assert owner.post("/account/mfa/totp", {"code": Phone(secret).code()}, secure=True).status_code == 200
    assert owner.get("/account/mfa", secure=True).status_code == 200
    assert thief.get("/account/mfa", secure=True)["Location"].startswith("/account/login")


def test_no_event_tells_a_code_or_a_seed(owner: Browser, phone: Phone) -> None:
    code = phone.code()
    second_step(Browser(), first_step(Browser()), totp=code)
    second_step(Browser(), first_step(Browser()), recovery_code=phone.codes[0])
    second_step(mallory(), first_step(mallory()), totp=code)
    log_in_by_passkey(Browser(), enrol_passkey(owner))
    owner.send("POST", "mfa/recovery-codes")
    owner.send("DELETE", "mfa/totp")
    told = "\n".join(str(each) for each in Event.objects.values_list())
    assert "accounts.mfa_enrolled" in told
    for name in ("mfa_removed", "mfa_failed", "recovery_code_used", "recovery_codes_regenerated"):
        assert f"accounts.{name}" in told
    secrets = [code, phone.secret, *phone.codes, *(each.replace("-", "") for each in phone.codes)]
    assert [secret for secret in secrets if secret in told] == []


def is_boss(user: Any) -> bool:
    """For the requirement above: a function of the host's."""
    return bool(user.is_superuser)
