"""Step-up in views of a host: permission classes, decorators, and the plain functions."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import JWTAuthentication
from accounts.decorators import assurance_required, recent_login_required
from accounts.login import start_session
from accounts.mfa.assurance import is_recent, level
from accounts.mfa.permissions import AssuranceLevel, RecentLogin
from accounts.models import TokenFamily, User
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.mfa.devices import enrol_passkey, enrol_phone
from tests.accounts.racing import before


class TransferView(APIView):
    """What a host protects."""

    authentication_classes = (JWTAuthentication,)
    permission_classes = (IsAuthenticated, RecentLogin(5), AssuranceLevel(2))  # type: ignore[assignment]  # instances

    def post(self, request: Request) -> Response:
        return Response({"recent": is_recent(request, 5), "level": level(request)})


class TellingView(TransferView):
    permission_classes = (IsAuthenticated,)  # type: ignore[assignment]  # fewer


def granted(user: User, *, amr: list[str], minutes: int = 0) -> str:
    """Return an access token of a session in which ``amr`` was shown so long ago."""
    now = timezone.now()
    found = start_session(user, transport="body", amr=amr, request=None, now=now)
    TokenFamily.objects.filter(pk=found.family.pk).update(auth_time=now - timedelta(minutes=minutes))
    return found.access


def call(rf: RequestFactory, token: str = "", view: type[APIView] = TransferView) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    response: Any = view.as_view()(rf.post("/transfer", headers=headers))
    return response


@pytest.fixture(params=["session", "stateless"])
def mode(request: pytest.FixtureRequest, settings: Settings) -> str:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MODE": request.param}
    return str(request.param)


@pytest.mark.usefixtures("mode")
@pytest.mark.parametrize(("amr", "minutes"), [(["pwd", "otp", "mfa"], 4), (["hwk", "user", "mfa"], 0)])
def test_a_session_that_is_sure_enough_is_served(amr: list[str], minutes: int, alice: User, rf: RequestFactory) -> None:
    response = call(rf, granted(alice, amr=amr, minutes=minutes))
    assert (response.status_code, response.data) == (200, {"recent": True, "level": 2})


@pytest.mark.usefixtures("mode")
@pytest.mark.parametrize(("amr", "minutes"), [(["pwd", "otp", "mfa"], 6), (["pwd"], 0)])
def test_one_that_is_not_is_told_what_is_missing(amr: list[str], minutes: int, alice: User, rf: RequestFactory) -> None:
    response = call(rf, granted(alice, amr=amr, minutes=minutes))
    challenge = response["WWW-Authenticate"]
    assert response.status_code == 401
    assert 'error="insufficient_user_authentication"' in challenge
    assert ('acr_values="aal2"' in challenge) == (amr == ["pwd"])
    assert ('max_age="300"' in challenge) == (minutes == 6)


@pytest.mark.usefixtures("mode")
def test_a_token_from_before_the_step_up_gains_nothing_by_it(alice: User, rf: RequestFactory) -> None:
    """A copy would share it otherwise (ASVS 5.0, V7.2.4); the answer has a token that counts, and so has a refresh."""
    owner = Browser()
    owner.log_in("alice@example.com")
    phone = enrol_phone(owner)
    TokenFamily.objects.update(amr=["pwd"])
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        copied = owner.access
        answer = owner.reauthenticate(password=PASSWORD, totp=phone.code())
        body = read(answer)
        assert (body["token_type"], body["expires_in"], "refresh" in body) == ("Bearer", 600, False)
        assert "no-store" in answer["Cache-Control"]
        assert call(rf, copied, TellingView).data == {"recent": False, "level": 1}
        refused = call(rf, copied)
        assert (refused.status_code, read(refused)["code"]) == (401, "insufficient_user_authentication")
        assert call(rf, owner.access).data == {"recent": True, "level": 2}
        assert owner.refresh().status_code == 200
        assert call(rf, owner.access).data == {"recent": True, "level": 2}


@pytest.mark.usefixtures("mode")
@pytest.mark.parametrize("enrol", [enrol_phone, enrol_passkey])
def test_a_token_from_before_the_first_factor_gains_nothing_by_it(
    enrol: Callable[[Browser], Any], alice: User, rf: RequestFactory
) -> None:
    owner = Browser()
    owner.log_in("alice@example.com")
    copied = owner.access
    with time_machine.travel(timezone.now() + timedelta(seconds=1)):
        enrol(owner)
        assert call(rf, copied, TellingView).data == {"recent": False, "level": 1}
        assert read(call(rf, copied))["code"] == "insufficient_user_authentication"
        assert call(rf, owner.access).data == {"recent": True, "level": 2}
        assert owner.refresh().status_code == 200
        assert call(rf, owner.access).data == {"recent": True, "level": 2}


def test_a_further_factor_makes_the_login_no_more_recent(alice: User, rf: RequestFactory) -> None:
    owner = Browser()
    owner.log_in("alice@example.com")
    enrol_phone(owner)
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        enrol_passkey(owner)
        assert call(rf, owner.access, TellingView).data == {"recent": False, "level": 2}


@pytest.mark.parametrize("over", ["ended", "run out"])
@pytest.mark.usefixtures("mode")
def test_a_session_that_is_over_gets_no_new_token(over: str, alice: User) -> None:
    owner = Browser()
    owner.log_in("alice@example.com")
    now = timezone.now()
    change: dict[str, Any] = {"revoked_at": now} if over == "ended" else {"idle_expires_at": now, "expires_at": now}
    with before('UPDATE "bulwark_accounts_tokenfamily"', lambda: TokenFamily.objects.update(**change)):
        response = owner.reauthenticate(password=PASSWORD)
    assert (response.status_code, read(response)["code"]) == (401, "session_ended")


def test_who_is_not_logged_in_is_asked_to(rf: RequestFactory, db: None) -> None:
    response = call(rf)
    assert (response.status_code, read(response)["code"]) == (401, "not_authenticated")


def test_without_a_session_nothing_is_recent(rf: RequestFactory) -> None:
    request = rf.get("/")
    assert is_recent(request, 10_000) is False
    assert level(request) == 0


PAGES: list[Callable[[HttpRequest], Any]] = [
    recent_login_required(minutes=5)(lambda _request: HttpResponse("ok")),
    assurance_required(level=2)(lambda _request: HttpResponse("ok")),
]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_leads_to_the_credentials_and_back(page: Callable[[HttpRequest], Any], alice: User) -> None:
    family = start_session(alice, transport="body", amr=["pwd"], request=None, now=timezone.now()).family
    family.auth_time -= timedelta(minutes=6)

    def ask(method: str, session: TokenFamily | None) -> Any:
        request = RequestFactory().generic(method, "/transfer?to=bob")
        request.session = {}  # type: ignore[assignment]  # an empty one
        request.user = alice
        vars(request)["_bulwark_family"] = session
        return page(request)

    assert ask("GET", None)["Location"] == "/account/login?next=/transfer%3Fto%3Dbob"
    assert ask("GET", family)["Location"] == "/account/reauthenticate?next=%2Ftransfer%3Fto%3Dbob"
    assert ask("POST", family).status_code == 401
    family.auth_time, family.amr = timezone.now(), ["pwd", "otp", "mfa"]
    assert ask("GET", family).content == b"ok"
    assert ask("POST", family).content == b"ok"


@pytest.mark.usefixtures("mode")
def test_a_required_factor_that_is_missing_closes_the_api(alice: User, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MFA_REQUIRED": "everybody"}
    browser = Browser()
    browser.log_in("alice@example.com")
    assert read(browser.send("GET", "sessions"))["code"] == "mfa_enrolment_required"
    enrol_phone(browser)
    assert browser.send("GET", "sessions").status_code == 200  # with the access token of the answer


def test_a_token_of_who_needs_nothing_says_nothing(alice: User, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MFA_REQUIRED": "superusers"}
    browser = Browser()
    browser.log_in("alice@example.com")
    claims = JWTAuthentication().get_validated_token(browser.access.encode()).claims
    assert "mfa_due" not in claims
