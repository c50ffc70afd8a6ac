"""Django's sessions as sessions of accounts."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.contrib.auth import SESSION_KEY, user_logged_in
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, RequestFactory
from django.utils import timezone
from pytest_django import Settings
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from accounts import browser_sessions, sessions
from accounts.authentication import JWTAuthentication
from accounts.checks import check_browser_sessions
from accounts.credentials import auth_hash
from accounts.current import current_family
from accounts.hashed_sessions import SessionStore, stored_key
from accounts.middleware import BrowserSessionMiddleware
from accounts.models import EndReason, TokenFamily, Transport, User
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import Sent, make_user
from tests.accounts.counting import queries
from tests.accounts.pages import Visitor
from tests.accounts.racing import before

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(alice: User) -> Visitor:
    visitor = Visitor(REMOTE_ADDR="192.0.2.7")
    assert visitor.log_in("alice@example.com").status_code == 302
    return visitor


def family() -> TokenFamily:
    return TokenFamily.objects.get(revoked_at=None)


def later(delta: timedelta) -> time_machine.travel:
    return time_machine.travel(timezone.now() + delta, tick=False)


def test_a_login_is_a_session_like_any_other(alice: User, sent: list[Sent]) -> None:
    visitor = Visitor(REMOTE_ADDR="192.0.2.7")
    visitor.log_in("alice@example.com")
    one = family()
    assert (one.transport, one.amr, one.ip, one.user_id, one.kid) == ("session", ["pwd"], "192.0.2.7", alice.pk, "")
    assert visitor.session[browser_sessions.FAMILY_KEY] == str(one.pk)
    assert [(each.name, each.outcome, each.target) for each in sent] == [("login_succeeded", "success", one)]


def test_each_step_is_one_signal(alice: User, sent: list[Sent]) -> None:
    visitor = Visitor()
    assert visitor.log_in("alice@example.com", "wrong").status_code == 422
    visitor.log_in("alice@example.com")
    visitor.submit("/account/logout")
    assert [each.name for each in sent] == ["login_failed", "login_succeeded", "logged_out"]
    assert TokenFamily.objects.get().revoke_reason == EndReason.LOGOUT
    assert Session.objects.count() == 0


@pytest.mark.urls("tests.accounts.stock_admin")
def test_a_login_to_the_admin_is_one_too(sent: list[Sent]) -> None:
    User.objects.create_superuser("admin@example.com", PASSWORD)
    visitor = Visitor()
    form = {"username": "admin@example.com", "password": PASSWORD}
    assert visitor.submit("/admin/login/", **form).status_code == 302
    assert (family().transport, family().amr) == ("session", ["pwd"])
    assert [each.name for each in sent] == ["login_succeeded"]
    sessions.end(family(), now=timezone.now(), reason="laptop stolen")
    assert visitor.get("/admin/").status_code == 302


def test_the_api_lists_and_ends_it(visitor: Visitor, browser: Browser) -> None:
    browser.log_in("alice@example.com")
    listed = {each["transport"]: each for each in read(browser.send("GET", "sessions"))["results"]}
    assert set(listed) == {"body", "session"}
    assert browser.send("DELETE", f"sessions/{listed['session']['id']}").status_code == 204
    assert not visitor.is_logged_in


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"revoked_at": timezone.now(), "revoke_reason": "stolen"}, "stolen"),
        ({"auth_hash": "0" * 64}, EndReason.CREDENTIALS_CHANGED),
        ({"transport": Transport.BODY}, ""),
    ],
)
def test_a_family_that_is_over_ends_the_django_session(
    change: dict[str, Any], reason: str, visitor: Visitor, sent: list[Sent]
) -> None:
    sent.clear()
    TokenFamily.objects.update(**change)
    rows = Session.objects.filter(session_key=stored_key(visitor.cookies["sessionid"].value))
    assert rows.count() == 1
    assert not visitor.is_logged_in
    assert rows.count() == 0
    expected = [("token_used_after_revocation", reason)] if reason else []
    assert [(each.name, each.data["reason"]) for each in sent] == expected


@pytest.mark.parametrize("change", ["password", "email", "is_active"])
def test_a_change_of_the_user_ends_it_on_the_next_request(change: str, visitor: Visitor, alice: User) -> None:
    values = {"password": "md5$x$y", "email": "other@example.com", "is_active": False}
    User.objects.filter(pk=alice.pk).update(**{change: values[change]})
    assert not visitor.is_logged_in
    assert TokenFamily.objects.get().revoke_reason in {EndReason.CREDENTIALS_CHANGED, EndReason.DEACTIVATED}


def test_a_session_without_a_family_is_nobodys(visitor: Visitor) -> None:
    session = visitor.session
    del session[browser_sessions.FAMILY_KEY]
    session.save()
    assert not visitor.is_logged_in


def test_a_family_of_another_user_opens_nothing(visitor: Visitor) -> None:
    session = visitor.session
    session[SESSION_KEY] = str(make_user("bob").pk)
    session.save()
    assert not visitor.is_logged_in


def test_a_key_that_is_none_opens_nothing(visitor: Visitor) -> None:
    session = visitor.session
    session[SESSION_KEY] = "no uuid"
    session.save()
    assert not visitor.is_logged_in


def test_it_runs_out_when_idle_and_lives_while_used(visitor: Visitor, settings: Settings) -> None:
    start = timezone.now()
    for hours in (8, 16, 24):
        with time_machine.travel(start + timedelta(hours=hours), tick=False):
            assert visitor.is_logged_in
    with time_machine.travel(start + timedelta(hours=24 + 13), tick=False):
        assert not visitor.is_logged_in


def test_what_keeps_it_alive_undoes_no_new_hash(visitor: Visitor) -> None:
    """A login elsewhere hashes the password anew, and tells the sessions that it is the same one."""
    hashed_anew = PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 6, 1)

    def hash_anew() -> None:
        User.objects.update(password=hashed_anew)
        TokenFamily.objects.update(auth_hash=auth_hash(User.objects.get()))

    with later(timedelta(minutes=11)):
        with before('UPDATE "bulwark_accounts_tokenfamily"', hash_anew):
            assert visitor.is_logged_in
        assert visitor.is_logged_in


def test_it_never_outlives_the_limit_of_all_sessions(visitor: Visitor) -> None:
    start = timezone.now()
    for hours in range(11, 30 * 24, 11):
        with time_machine.travel(start + timedelta(hours=hours), tick=False):
            assert visitor.is_logged_in, hours
    with time_machine.travel(start + timedelta(days=30, seconds=1), tick=False):
        assert not visitor.is_logged_in


def test_it_costs_no_query_more_than_djangos_own(visitor: Visitor) -> None:
    with queries() as sql:
        assert visitor.is_logged_in
    assert [query.split()[0] for query in sql] == ["SELECT", "SELECT"]  # the Django session; the family with its user
    with later(timedelta(minutes=11)), queries() as sql:
        assert visitor.is_logged_in
    assert len([query for query in sql if query.startswith("UPDATE") and "tokenfamily" in query]) == 1


def test_a_page_that_asks_for_nobody_costs_nothing(visitor: Visitor) -> None:
    with queries() as sql:
        visitor.get("/healthz")
    assert sql == []


def test_a_second_login_ends_the_first(visitor: Visitor, bob: User) -> None:
    visitor.log_in("alice@example.com")
    assert TokenFamily.objects.filter(revoke_reason=EndReason.REPLACED).count() == 1
    visitor.log_in("bob@example.com")
    assert TokenFamily.objects.filter(revoke_reason=EndReason.REPLACED).count() == 2
    assert family().user_id == bob.pk


def test_the_number_of_sessions_is_limited(alice: User, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MAX_SESSIONS": 1}
    first, second = Visitor(), Visitor()
    first.log_in("alice@example.com")
    second.log_in("alice@example.com")
    assert (first.is_logged_in, second.is_logged_in) == (False, True)


def test_a_password_changed_in_the_admin_keeps_this_session_and_ends_the_others(sent: list[Sent]) -> None:
    User.objects.create_superuser("admin@example.com", PASSWORD)
    here, there = Visitor(), Visitor()
    for each in (here, there):
        each.log_in("admin@example.com")
    new = "another password, just as long"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert here.submit("/admin/password_change/", **form).status_code == 302
    assert (here.is_logged_in, there.is_logged_in) == (True, False)
    (changed,) = [each for each in sent if each.name == "password_changed"]
    assert changed.data == {"sessions": 1}


def test_the_current_family(visitor: Visitor, browser: Browser, rf: RequestFactory) -> None:
    assert current_family(rf.get("/")) is None
    request = rf.get("/")
    request.session, expected = visitor.session, family()
    assert current_family(request) == expected
    # A view of REST framework that has not checked the CSRF token does not see it; one that has does.
    assert current_family(Request(request)) is None
    checked = rf.get("/")
    checked.session, checked.user = visitor.session, expected.user
    assert current_family(Request(checked, authenticators=[SessionAuthentication()])) == expected


def test_the_current_family_of_a_token(alice: User, browser: Browser, rf: RequestFactory) -> None:
    browser.log_in("alice@example.com")
    inner = rf.get("/", headers={"Authorization": f"Bearer {browser.access}"})
    request = Request(inner, authenticators=[JWTAuthentication()])
    assert current_family(request) == current_family(inner) == family()


def test_an_asynchronous_view(alice: User) -> None:
    request = RequestFactory().get("/")
    request.session = SessionStore()
    BrowserSessionMiddleware(lambda _request: HttpResponse()).before(request)
    browser_sessions.log_in(request, alice, amr=["hwk"])
    assert family().amr == ["hwk"]
    request = RequestFactory().get("/")
    request.session = SessionStore(session_key=None)
    BrowserSessionMiddleware(lambda _request: HttpResponse()).before(request)
    assert request.user.is_anonymous


def test_an_asynchronous_stack(alice: User) -> None:
    client = AsyncClient()
    async_to_sync(client.aforce_login)(alice)
    visit = async_to_sync(client.get)
    assert b"alice@example.com" in visit("/account/logout", secure=True).content
    sessions.end(family(), now=timezone.now(), reason="stolen")
    assert b"You are not logged in" in visit("/account/logout", secure=True).content


def test_the_user_of_an_asynchronous_view(visitor: Visitor, alice: User) -> None:
    request = RequestFactory().get("/")
    request.session = visitor.session
    BrowserSessionMiddleware(lambda _request: HttpResponse()).before(request)
    assert async_to_sync(request.auser)() == alice


def test_the_middleware_wants_a_session(rf: RequestFactory) -> None:
    with pytest.raises(ImproperlyConfigured):
        BrowserSessionMiddleware(lambda _request: HttpResponse())(rf.get("/"))


def test_without_the_middleware_no_session_is_promised(alice: User, settings: Settings) -> None:
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "BrowserSession" not in each]
    assert [each.id for each in check_browser_sessions()] == ["bulwark_accounts.W005"]
    visitor = Visitor()
    visitor.force_login(alice)
    assert TokenFamily.objects.count() == 0


def test_the_order_of_the_middleware_is_checked(settings: Settings) -> None:
    assert check_browser_sessions() == []
    settings.MIDDLEWARE = settings.MIDDLEWARE[::-1]
    assert [each.id for each in check_browser_sessions()] == ["bulwark_accounts.E016"]


def request_of(visitor: Visitor) -> HttpRequest:
    request = RequestFactory().get("/")
    request.session = visitor.session
    return request


def test_a_first_login_is_no_new_device(sent: list[Sent]) -> None:
    """Django would note the login as the last one before anybody asks whether there was another."""
    names = [key[0] for key, *_ in user_logged_in.receivers]
    assert names.index("bulwark_accounts.browser_sessions") < names.index("update_last_login")
    make_user("dora")
    Visitor().log_in("dora@example.com")
    assert "new_device_seen" not in [each.name for each in sent]
    assert User.objects.get().last_login is not None


def test_a_known_family_is_not_asked_for(visitor: Visitor) -> None:
    request = request_of(visitor)
    with queries() as sql:
        assert browser_sessions.known_family(request) is None
    assert sql == []
    assert browser_sessions.family_of(request) is browser_sessions.known_family(request) is not None
