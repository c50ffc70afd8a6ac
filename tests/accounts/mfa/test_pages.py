"""The pages of second factors, as a browser without scripts sees them; passkeys are in tests/pages."""

import html
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import TokenFamily, TotpDevice, User
from tests.accounts.browser import PASSWORD, Browser
from tests.accounts.conftest import Sent
from tests.accounts.mfa.authenticator import Authenticator
from tests.accounts.mfa.devices import Phone, enrol_passkey

LOGIN = {"identifier": "alice@example.com", "password": PASSWORD}


@pytest.fixture
def page() -> Client:
    return Client()


def post(page: Client, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
    return page.post(path, data or {}, secure=True, **options)


def get(page: Client, path: str) -> Any:
    return page.get(path, secure=True)


def log_in(page: Client) -> None:
    assert post(page, "/account/login", LOGIN).status_code == 302
    assert get(page, "/account/mfa").status_code == 200


def ceremony(response: HttpResponse) -> tuple[Any, str]:
    """Return the options and the state of the page's passkey form."""
    text = response.content.decode()
    options = re.search(r'data-options="([^"]+)"', text)
    state = re.search(r'name="state" value="([^"]+)"', text)
    assert options
    assert state
    return json.loads(html.unescape(options[1])), state[1]


def sessions(user: User) -> list[list[str]]:
    found = TokenFamily.objects.of(user).filter(transport="session").live(timezone.now())
    return [family.amr for family in found.order_by("created_at")]


def test_the_second_step_opens_the_session_and_the_password_alone_does_not(
    page: Client, phone: Phone, alice: User
) -> None:
    answer = post(page, "/account/login", {**LOGIN, "next": "/account/mfa"})
    assert answer["Location"] == "/account/login/mfa?next=%2Faccount%2Fmfa"
    assert get(page, "/account/mfa").status_code == 302
    assert sessions(alice) == []
    assert get(page, answer["Location"]).status_code == 200
    wrong = post(page, "/account/login/mfa", {"code": "000000"})
    assert (wrong.status_code, sessions(alice)) == (422, [])
    assert b"not right" in wrong.content
    done = post(page, "/account/login/mfa", {"code": phone.code(), "next": "/account/mfa"})
    assert (done.status_code, done["Location"]) == (302, "/account/mfa")
    assert sessions(alice) == [["pwd", "otp", "mfa"]]
    assert get(page, "/account/mfa").status_code == 200


def test_a_recovery_code_goes_into_the_same_field(page: Client, phone: Phone, alice: User) -> None:
    post(page, "/account/login", LOGIN)
    assert post(page, "/account/login/mfa", {"code": phone.codes[3]}).status_code == 302
    assert sessions(alice) == [["pwd", "otp", "mfa"]]


def test_the_second_step_without_a_first_leads_to_the_login(page: Client, db: None) -> None:
    for answer in (get(page, "/account/login/mfa"), post(page, "/account/login/mfa", {"code": "123456"})):
        assert answer["Location"] == "/account/login?done=ran-out"


def test_a_passkey_is_a_second_step(page: Client, owner: Browser, phone: Phone, alice: User) -> None:
    key = enrol_passkey(owner)
    post(page, "/account/login", LOGIN)
    options, state = ceremony(get(page, "/account/login/mfa"))
    data = {"state": state, "credential": json.dumps(key.get(options))}
    assert post(page, "/account/login/mfa", {**data, "credential": "[]"}).status_code == 422
    assert post(page, "/account/login/mfa", data).status_code == 302
    assert sessions(alice) == [["pwd", "hwk", "mfa"]]


def test_a_passkey_logs_in_alone(page: Client, owner: Browser, alice: User) -> None:
    key = enrol_passkey(owner)
    options, state = ceremony(get(page, "/account/login?next=/account/mfa"))
    data = {"state": state, "credential": json.dumps(key.get(options)), "next": "/account/mfa"}
    done = post(page, "/account/login/passkey", data)
    assert (done.status_code, done["Location"]) == (302, "/account/mfa")
    assert sessions(alice) == [["hwk", "user", "mfa"]]
    again = post(Client(), "/account/login/passkey", data)
    assert (again.status_code, b"This passkey was not accepted" in again.content) == (422, True)
    assert b'action="/account/login"' in again.content
    statuses = [post(Client(), "/account/login/passkey", {"credential": "x"}).status_code for _ in range(5)]
    assert statuses == [422] * 4 + [429]
    assert sessions(alice) == [["hwk", "user", "mfa"]]


def test_an_app_is_set_up_on_a_page(page: Client, alice: User, sent: list[Sent]) -> None:
    log_in(page)
    assert b"Show the picture" in get(page, "/account/mfa/totp").content
    assert TotpDevice.objects.count() == 0
    assert post(page, "/account/mfa/totp", {"begin": "1"}).status_code == 302
    shown = get(page, "/account/mfa/totp").content.decode()
    assert 'src="data:image/svg+xml' in shown
    secret = re.search(r'class="secret">(\w+)<', shown)
    assert secret
    wrong = post(page, "/account/mfa/totp", {"code": "000000"})
    assert wrong.status_code == 422
    assert secret[1] in wrong.content.decode()
    done = post(page, "/account/mfa/totp", {"code": Phone(secret[1]).code()})
    assert done.content.decode().count("<li><code>") == 10
    assert "no-store" in done["Cache-Control"]
    assert sessions(alice) == [["pwd", "otp", "mfa"]]
    assert b"10 of your codes are left" in get(page, "/account/mfa").content
    assert post(page, "/account/mfa/recovery-codes").content.count(b"<li><code>") == 10
    assert post(page, "/account/mfa/totp/remove")["Location"] == "/account/mfa?done=removed"
    assert post(page, "/account/mfa/totp/remove")["Location"] == "/account/mfa"
    assert post(page, "/account/mfa/recovery-codes")["Location"] == "/account/mfa"
    names = [each.name for each in sent]
    assert [name for name in names if name.startswith("mfa")] == ["mfa_failed", "mfa_enrolled", "mfa_removed"]


def test_a_passkey_is_added_and_removed_on_a_page(page: Client, alice: User) -> None:
    log_in(page)
    options, state = ceremony(get(page, "/account/mfa/passkeys/add"))
    data = {"state": state, "credential": json.dumps(Authenticator().create(options)), "name": "<b>Key</b>"}
    assert post(page, "/account/mfa/passkeys/add", data).content.count(b"<li><code>") == 10
    assert post(page, "/account/mfa/passkeys/add", data).status_code == 422
    listed = get(page, "/account/mfa").content.decode()
    assert "&lt;b&gt;Key&lt;/b&gt;" in listed
    path = re.search(r"/account/mfa/passkeys/[\w-]+/remove", listed)
    assert path
    assert post(page, path[0])["Location"] == "/account/mfa?done=removed"
    assert alice.passkeys.count() == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/account/mfa/totp"),
        ("POST", "/account/mfa/totp"),
        ("POST", "/account/mfa/totp/remove"),
        ("GET", "/account/mfa/passkeys/add"),
        ("POST", "/account/mfa/passkeys/add"),
        ("POST", "/account/mfa/passkeys/6a4c4a3e-0000-4000-8000-000000000000/remove"),
        ("POST", "/account/mfa/recovery-codes"),
    ],
)
def test_every_change_asks_for_a_recent_login(method: str, path: str, page: Client, alice: User) -> None:
    log_in(page)
    TokenFamily.objects.update(auth_time=timezone.now() - timedelta(minutes=11))
    answer = page.generic(method, path, secure=True)
    back = path if method == "GET" else "/account/mfa"
    assert answer["Location"] == f"/account/reauthenticate?next={back.replace('/', '%2F')}"
    assert post(page, answer["Location"], {"password": "wrong"}).status_code == 422
    assert post(page, answer["Location"], {"password": PASSWORD})["Location"] == back
    again = page.generic(method, path, secure=True)
    assert "reauthenticate" not in again.get("Location", "")


def test_with_a_factor_it_is_asked_for_too(page: Client, phone: Phone, alice: User) -> None:
    post(page, "/account/login", LOGIN)
    post(page, "/account/login/mfa", {"code": phone.code()})
    TokenFamily.objects.update(amr=["pwd"])
    assert "reauthenticate" in post(page, "/account/mfa/totp/remove")["Location"]
    assert b'name="code"' in get(page, "/account/reauthenticate").content
    assert post(page, "/account/reauthenticate", {"password": PASSWORD}).status_code == 422
    done = post(page, "/account/reauthenticate", {"password": PASSWORD, "code": phone.code(steps=1)})
    assert done["Location"] == "/account/mfa"
    assert post(page, "/account/mfa/totp/remove")["Location"] == "/account/mfa?done=removed"


def test_the_pages_lead_to_the_login(page: Client, db: None) -> None:
    for path in ("/account/mfa", "/account/mfa/totp", "/account/mfa/passkeys/add", "/account/reauthenticate"):
        assert get(page, path)["Location"] == f"/account/login?next={path.replace('/', '%2F')}"


def test_forms_need_their_token(alice: User) -> None:
    page = Client(enforce_csrf_checks=True)
    for path in ("/account/login/mfa", "/account/login/passkey", "/account/mfa/totp/remove", "/account/reauthenticate"):
        assert post(page, path).status_code == 403


@pytest.mark.urls("tests.accounts.stock_admin")
class TestRequired:
    """The admin's people need a second factor."""

    @pytest.fixture(autouse=True)
    def required(self, settings: Settings) -> None:
        settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MFA_REQUIRED": "staff"}

    @pytest.fixture
    def admin(self, alice: User) -> User:
        User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
        return alice

    def enter(self, page: Client) -> Any:
        form = {"username": "alice@example.com", "password": PASSWORD, "next": "/admin/"}
        return post(page, "/admin/login/", form)

    def test_the_admin_is_closed_until_a_factor_is_added(self, page: Client, admin: User) -> None:
        assert self.enter(page)["Location"] == "/account/mfa?next=%2Fadmin%2F"
        for path in ("/admin/", "/admin/bulwark_accounts/user/", "/admin/password_change/", "/admin/jsi18n/"):
            answer = get(page, path)
            assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/admin/login/"), path
            assert get(page, answer["Location"])["Location"].startswith("/account/mfa?next=%2Fadmin%2F")
        assert b"Your role needs a second factor" in get(page, "/account/mfa").content
        post(page, "/account/mfa/totp", {"begin": "1"})
        secret = re.search(r'class="secret">(\w+)<', get(page, "/account/mfa/totp").content.decode())
        assert secret
        post(page, "/account/mfa/totp", {"code": Phone(secret[1]).code()})
        assert get(page, "/admin/").status_code == 200

    def test_nothing_but_adding_a_factor_is_served(self, page: Client, admin: User) -> None:
        self.enter(page)
        for path in (
            "/account/security",
            "/account/password",
            "/account/email",
            "/account/sessions",
            "/account/delete",
        ):
            assert get(page, path)["Location"] == f"/account/mfa?next={path.replace('/', '%2F')}"

    def test_the_admins_own_login_asks_for_the_second_step(self, page: Client, owner: Browser, admin: User) -> None:
        owner.refresh()
        phone = Phone(json.loads(owner.send("POST", "mfa/totp").content)["secret"])
        owner.send("POST", "mfa/totp/confirm", {"code": phone.code(steps=-1)})
        assert self.enter(page)["Location"] == "/account/login/mfa?next=%2Fadmin%2F"
        assert get(page, "/admin/")["Location"].startswith("/admin/login/")
        assert get(page, "/admin/login/?next=/admin/")["Location"] == "/account/login/mfa?next=%2Fadmin%2F"
        done = post(page, "/account/login/mfa", {"code": phone.code(), "next": "/admin/"})
        assert done["Location"] == "/admin/"
        assert get(page, "/admin/").status_code == 200

    def test_a_session_from_before_has_to_show_the_factor(self, page: Client, phone: Phone, admin: User) -> None:
        post(page, "/account/login", LOGIN)
        post(page, "/account/login/mfa", {"code": phone.code()})
        TokenFamily.objects.update(amr=["pwd"])
        assert get(page, "/admin/login/?next=/admin/")["Location"] == "/account/reauthenticate?next=%2Fadmin%2F"
        post(page, "/account/reauthenticate", {"password": PASSWORD, "code": phone.code(steps=1)})
        assert get(page, "/admin/").status_code == 200

    def test_who_is_not_staff_needs_none(self, page: Client, alice: User) -> None:
        log_in(page)
        assert b"Your role needs" not in get(page, "/account/mfa").content


def test_the_admins_password_form_asks_for_the_factor(page: Client, phone: Phone, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True)
    post(page, "/account/login", LOGIN)
    post(page, "/account/login/mfa", {"code": phone.code()})
    assert get(page, "/admin/password_change/").status_code == 200
    TokenFamily.objects.update(auth_time=timezone.now() - timedelta(minutes=11))
    for answer in (get(page, "/admin/password_change/"), post(page, "/admin/password_change/")):
        assert answer["Location"] == "/account/reauthenticate?next=%2Fadmin%2Fpassword_change%2F"
