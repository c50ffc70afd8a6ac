"""Attacks that use two doors at once: what one has let in, another must not take for more than it is."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts import locks
from accounts.mfa.permissions import RecentLogin, SecondFactor
from accounts.models import Passkey, TokenFamily, TotpDevice, User
from accounts.simplejwt import TokenError
from accounts.simplejwt.tokens import RefreshToken
from auditlog.models import Event
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import make_user
from tests.accounts.mfa.devices import enrol_passkey, enrol_phone, log_in_by_passkey, second_step
from tests.accounts.proving import ClientKey
from tests.accounts.test_registration import mailed_token

pytestmark = pytest.mark.django_db
OLD, OTHER = "alice@example.com", "alice@example.org"


@pytest.fixture
def alice() -> User:
    return make_user("alice")


@pytest.fixture
def thief(alice: User) -> Browser:
    """Somebody who has found out alice's password."""
    browser = Browser()
    assert browser.log_in(OLD).status_code == 200
    mail.outbox.clear()
    return browser


def last_event(type_: str) -> Event:
    found = Event.objects.filter(type=type_).order_by("pk").last()
    assert found is not None, f"no event {type_}"
    return found


def reset(browser: Browser, password: str) -> int:
    """Set a password by a link to the mailbox."""
    browser.send("POST", "password/reset", {"email": OLD})
    body = {"token": mailed_token(), "new_password": password}
    return browser.send("POST", "password/reset/confirm", body).status_code


def test_a_refresh_token_that_was_exchanged_makes_no_tokens_as_an_object(thief: Browser) -> None:
    old = thief.refresh_token
    assert thief.refresh().status_code == 200
    with pytest.raises(TokenError):
        RefreshToken(old)


def test_a_thiefs_passkey_does_not_outlive_the_way_back(thief: Browser, alice: User) -> None:
    own = enrol_passkey(thief)
    Passkey.objects.update(created_at=timezone.now() - timedelta(days=8))
    planted = enrol_passkey(thief)
    mail.outbox.clear()
    assert thief.send("POST", "email/change", {"email": OTHER}).status_code == 202
    assert Browser().send("POST", "email/change/confirm", {"token": mailed_token()}).status_code == 200
    assert Browser().send("POST", "email/change/undo", {"token": mailed_token()}).status_code == 200
    assert log_in_by_passkey(Browser(), planted).status_code == 401
    assert log_in_by_passkey(Browser(), own).status_code == 200
    assert last_event("accounts.mfa_removed").data == {"method": "passkey", "left": 1}


def test_a_passkey_planted_long_before_the_address_was_changed(thief: Browser) -> None:
    """The thief lets it lie, shows it again when the login is no longer recent, and asks for the change then."""
    planted = enrol_passkey(thief)
    enrol_phone(thief)
    Passkey.objects.update(created_at=timezone.now() - timedelta(hours=1))
    # Begun by the owner, long ago; it is the first code that takes it into use.
    TotpDevice.objects.update(created_at=timezone.now() - timedelta(days=8))
    mail.outbox.clear()
    assert thief.send("POST", "email/change", {"email": OTHER}).status_code == 202
    assert Browser().send("POST", "email/change/confirm", {"token": mailed_token()}).status_code == 200
    assert Browser().send("POST", "email/change/undo", {"token": mailed_token()}).status_code == 200
    assert log_in_by_passkey(Browser(), planted).status_code == 401
    assert not TotpDevice.objects.exists()


def test_no_link_gives_a_locked_account_another_address(thief: Browser, alice: User) -> None:
    assert thief.send("POST", "email/change", {"email": OTHER}).status_code == 202
    link = mailed_token()
    locks.lock(alice, until=None, reason="taken over", by="command", now=timezone.now())
    assert Browser().send("POST", "email/change/confirm", {"token": link}).status_code == 400
    alice.refresh_from_db()
    assert alice.email == OLD


def test_who_reads_the_mail_gets_no_new_guesses_at_the_second_factor(
    thief: Browser, alice: User, settings: Settings
) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_PER_DEVICE": 2, "GUESSES_PER_ACCOUNT": 3}
    enrol_phone(thief)
    statuses = []
    for number in range(3):
        mail.outbox.clear()
        reader = Browser()
        reader.client.defaults["REMOTE_ADDR"] = f"192.0.2.{number}"
        new = f"a long and unusual phrase {number}"
        assert reset(reader, new) == 204
        token = read(reader.send("POST", "login", {"email": OLD, "password": new, "transport": "body"}))["mfa_token"]
        statuses += [second_step(reader, token, totp="000000").status_code for _ in range(2)]
    assert statuses.count(401) <= 3, statuses


class Named(BaseAuthentication):
    """A host's own: an API key, say."""

    def authenticate(self, request: Request) -> tuple[Any, None]:
        return get_user_model().objects.get(email=request.headers["X-User"]), None


class Guarded(APIView):
    authentication_classes = (Named,)
    permission_classes = (RecentLogin(10),)  # type: ignore[assignment]  # an instance

    def get(self, _request: Request) -> Response:
        return Response({})


def test_anothers_fresh_login_is_no_step_up(alice: User) -> None:
    make_user("mallory")
    client = Client()
    client.post("/account/login", {"identifier": "mallory@example.com", "password": PASSWORD}, secure=True)
    family = TokenFamily.objects.get()
    assert family.transport == "session"
    request = APIRequestFactory().get("/", HTTP_X_USER=OLD)
    request.session = client.session
    response = Guarded.as_view()(request)
    assert response.status_code == 401


class Changing(Guarded):
    permission_classes = (SecondFactor,)  # type: ignore[assignment]  # a class this time


@pytest.mark.parametrize("is_enrolled", [True, False])
def test_a_name_in_a_header_shows_no_second_factor(is_enrolled: bool, thief: Browser) -> None:
    if is_enrolled:
        enrol_phone(thief)
    response = Changing.as_view()(APIRequestFactory().get("/", HTTP_X_USER=OLD))
    assert response.status_code == (401 if is_enrolled else 200)


@pytest.mark.urls("tests.accounts.simplejwt_urls")
def test_a_logout_by_simplejwts_name_leaves_its_event(alice: User) -> None:
    token = str(RefreshToken.for_user(alice))
    assert Browser().send("POST", "/api/token/blacklist/", {"refresh": token}).status_code == 200
    assert last_event("accounts.logged_out").outcome == "success"


def test_who_plants_a_passkey_in_an_account_for_anothers_address(settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "REQUIRE_VERIFIED_EMAIL": False}
    make_user("alice", email_verified_at=None)
    mallory = Browser()
    assert mallory.log_in(OLD).status_code == 200
    key = enrol_passkey(mallory)
    mail.outbox.clear()
    assert reset(Browser(), "a long and unusual phrase") == 204
    assert log_in_by_passkey(Browser(), key).status_code == 401


@pytest.mark.parametrize("claim", ["ath", "jti", "htu", "htm", "nonce"])
def test_half_a_letter_in_a_proof_is_refused_and_no_failure(claim: str, alice: User) -> None:
    browser, key = Browser(), ClientKey()
    url = "https://testserver/api/v1/auth/"
    proof = key.proof("POST", f"{url}login")
    body = {"email": OLD, "password": PASSWORD, "transport": "body"}
    access = read(browser.send("POST", "login", body, DPoP=proof))["access"]
    proof = key.proof("GET", f"{url}me", token=access, header=None, **{claim: "\ud800"})
    response = browser.send("GET", "me", Authorization=f"DPoP {access}", DPoP=proof)
    assert response.status_code in {200, 401}


def test_a_client_of_the_api_gets_no_session_of_a_browser(thief: Browser) -> None:
    assert Browser().log_in(OLD, transport="session").status_code == 422
    assert log_in_by_passkey(Browser(), enrol_passkey(thief), transport="session").status_code == 422


@pytest.mark.parametrize(("page", "status"), [("login/passkey", 422), ("login/mfa", 302)])
def test_a_passkey_nested_without_end_is_refused_and_no_failure(page: str, status: int, alice: User) -> None:
    form = {"credential": "[" * 5000, "state": "x"}
    assert Client().post(f"/account/{page}", form, secure=True).status_code == status


class SecondUse:
    """A validator that sees another request use the same link first."""

    token = ""
    status = 0

    def validate(self, password: str, user: Any = None) -> None:
        if (token := SecondUse.token) and password.startswith("slow"):
            SecondUse.token = ""
            body = {"token": token, "new_password": "a phrase of somebody else"}
            SecondUse.status = Browser().send("POST", "password/reset/confirm", body).status_code

    def get_help_text(self) -> str:
        return ""


@pytest.mark.parametrize("is_same", [True, False])
def test_reset_links_that_two_use_at_once_set_one_password(is_same: bool, alice: User, settings: Settings) -> None:
    settings.AUTH_PASSWORD_VALIDATORS = [{"NAME": f"{__name__}.SecondUse"}]
    Browser().send("POST", "password/reset", {"email": OLD})
    SecondUse.token = token = mailed_token()
    if not is_same:
        with time_machine.travel(timezone.now() - timedelta(minutes=1), tick=False):
            Browser().send("POST", "password/reset", {"email": OLD})
        SecondUse.token = mailed_token()
        assert SecondUse.token != token
    body = {"token": token, "new_password": "slow but unusual phrase"}
    assert Browser().send("POST", "password/reset/confirm", body).status_code == 400
    assert SecondUse.status == 204
