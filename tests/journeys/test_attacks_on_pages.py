"""Attacks on browsers that log in by page, each through the whole stack."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import sessions
from accounts.models import TokenFamily, User
from accounts.redirects import local_path
from auditlog.models import Event
from tests.accounts.browser import PASSWORD
from tests.accounts.conftest import make_user
from tests.accounts.pages import Visitor

pytestmark = pytest.mark.django_db

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "\x08//evil.example",
    "javascript:alert(1)",
    "http:evil.example",
    "https://testserver/account/logout",
    "//testserver/",
    "evil.example",
    "",
]


@pytest.fixture
def alice() -> User:
    return make_user("alice")


def events() -> list[tuple[str, str]]:
    return list(Event.objects.order_by("seq").values_list("type", "outcome"))


@pytest.mark.parametrize("target", ELSEWHERE)
def test_an_open_redirect_by_next(target: str, alice: User) -> None:
    """Mallory sends a link to the real login page that leads to hers afterwards."""
    assert local_path(target) == ""
    visitor = Visitor()
    page = visitor.get("/account/login", {"next": target})
    assert page.context["next"] == ""
    answer = visitor.submit("/account/login", identifier=alice.email, password="wrong", next=target)
    assert answer.status_code == 422
    answer = visitor.submit("/account/login", identifier=alice.email, password=PASSWORD, next=target)
    assert (answer.status_code, answer["Location"]) == (302, "/account/security")


def test_a_path_of_this_site_is_kept(alice: User) -> None:
    assert local_path("/admin/?a=b&c=%20#d") == "/admin/?a=b&c=%20#d"
    answer = Visitor().log_in(alice.email, path="/account/login?next=/api/v1/docs/")
    assert answer["Location"] == "/api/v1/docs/"


def test_a_login_forged_by_another_site(alice: User) -> None:
    """CSRF login: a victim's browser is logged in as the attacker, and tells the attacker what the victim writes."""
    visitor = Visitor()
    form = {"identifier": alice.email, "password": PASSWORD}
    assert visitor.post("/account/login", form).status_code == 403
    visitor.get("/account/login")
    form["csrfmiddlewaretoken"] = "a" * 64
    assert visitor.post("/account/login", form).status_code == 403
    form["csrfmiddlewaretoken"] = visitor.cookies["csrftoken"].value
    assert visitor.post("/account/login", form, headers={"Origin": "https://evil.example"}).status_code == 403
    assert TokenFamily.objects.count() == 0
    assert visitor.post("/account/login", form).status_code == 302


def test_a_logout_forged_by_another_site(alice: User) -> None:
    visitor = Visitor()
    visitor.log_in(alice.email)
    visitor.get("/account/logout")
    assert visitor.post("/account/logout").status_code == 403
    assert visitor.is_logged_in


def test_a_session_key_planted_before_the_login(alice: User) -> None:
    """Session fixation: mallory knows the key that alice's browser comes with."""
    planted = Visitor()
    session = planted.session
    session["basket"] = "mallory's"
    session.save()
    key = session.session_key
    assert planted.log_in(alice.email).status_code == 302
    assert planted.session.session_key != key
    mallory = Client()
    mallory.cookies["sessionid"] = str(key)
    assert mallory.get("/account/logout", secure=True).context["user"].is_anonymous


def test_a_cookie_copied_before_the_credentials_were_shown_again(alice: User) -> None:
    """Mallory holds a copy of the session cookie, and waits until alice has done what opens the pages that change
    credentials (ASVS 5.0, V7.2.4)."""
    owner, thief = Visitor(), Visitor()
    owner.log_in(alice.email)
    thief.cookies["sessionid"] = owner.cookies["sessionid"].value
    TokenFamily.objects.update(auth_time=timezone.now() - timedelta(hours=1))
    assert thief.get("/account/email")["Location"] == "/account/reauthenticate?next=%2Faccount%2Femail"
    assert owner.submit("/account/reauthenticate", password=PASSWORD)["Location"] == "/account/mfa"
    assert owner.get("/account/email").status_code == 200
    assert thief.get("/account/email")["Location"].startswith("/account/login")
    assert not thief.is_logged_in


def test_a_stolen_browser_session_dies_with_its_family(alice: User) -> None:
    owner, thief = Visitor(), Visitor(REMOTE_ADDR="192.0.2.66")
    owner.log_in(alice.email)
    thief.cookies["sessionid"] = owner.cookies["sessionid"].value
    assert thief.get("/account/logout").context["user"] == alice
    sessions.end(TokenFamily.objects.get(), now=timezone.now(), reason="cookie stolen")
    assert not thief.is_logged_in
    assert not owner.is_logged_in
    event = Event.objects.get(type="accounts.token_used_after_revocation")
    assert (event.src_ip, event.outcome, event.reason) == ("192.0.2.66", "refused", "cookie stolen")
    assert event.session == str(TokenFamily.objects.get().pk)


def test_a_cookie_copied_before_the_logout(alice: User) -> None:
    owner, thief = Visitor(), Visitor()
    owner.log_in(alice.email)
    thief.cookies["sessionid"] = owner.cookies["sessionid"].value
    owner.submit("/account/logout")
    assert not thief.is_logged_in


def test_each_step_at_the_page_is_one_event(alice: User) -> None:
    visitor = Visitor()
    visitor.log_in(alice.email, "wrong horse")
    visitor.log_in("nobody@example.com", "wrong horse")
    visitor.log_in(alice.email)
    visitor.submit("/account/logout")
    assert events() == [
        ("accounts.login_failed", "refused"),
        ("accounts.login_failed", "refused"),
        ("accounts.login_succeeded", "success"),
        ("accounts.logged_out", "success"),
    ]
    assert len(set(Event.objects.exclude(session="").values_list("session"))) == 1


def test_guesses_at_the_page_are_limited(alice: User) -> None:
    visitor = Visitor()
    statuses = [visitor.log_in(alice.email, "guess").status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_the_page_tells_nobody_who_is_known(alice: User) -> None:
    make_user("bob", is_active=False)
    answers = set()
    for name in ("alice", "bob", "nobody"):
        page = Visitor().log_in(f"{name}@example.com", "wrong horse").content.decode()
        answers.add(page.replace(f"{name}@example.com", "").partition("<form")[0])
    assert len(answers) == 1
