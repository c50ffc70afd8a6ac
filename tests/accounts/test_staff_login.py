"""The way to the admin leads over the login page."""

from urllib.parse import quote

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import TokenFamily, User
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import Sent, make_user
from tests.accounts.guessing.solving import solve
from tests.accounts.mfa.devices import enrol_phone
from tests.accounts.pages import Visitor

pytestmark = pytest.mark.django_db
ADMIN, DOOR, EVENTS = "admin@example.com", "/admin/login/", "/admin/bulwark_auditlog/event/?outcome=refused"


@pytest.fixture
def admin() -> User:
    return User.objects.create_superuser(ADMIN, PASSWORD)


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


def goes_to(visitor: Visitor, path: str) -> str:
    """Return where the page sends the browser on to."""
    answer = visitor.get(path)
    assert answer.status_code == 302, answer.content
    return str(answer.headers["Location"])


def test_a_page_of_the_admin_is_reached_by_the_login_page(admin: User, visitor: Visitor, sent: list[Sent]) -> None:
    door = goes_to(visitor, EVENTS)
    assert door.startswith(DOOR)
    login = goes_to(visitor, door)
    assert login == f"/account/login?next={quote(EVENTS, safe='')}"
    answer = visitor.log_in(ADMIN, path=login)
    assert (answer.status_code, answer.headers["Location"]) == (302, EVENTS)
    assert visitor.get(EVENTS).status_code == 200
    assert [(each.name, each.data["amr"]) for each in sent] == [("login_succeeded", ["pwd"])]


def test_without_a_page_to_go_to_it_is_the_admins_first(admin: User, visitor: Visitor) -> None:
    assert goes_to(visitor, DOOR) == "/account/login?next=%2Fadmin%2F"
    visitor.log_in(ADMIN)
    assert goes_to(visitor, DOOR) == "/admin/"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "https://testserver/",
        "\t//x",
    ],
)
def test_it_leads_to_no_other_site(elsewhere: str, admin: User, visitor: Visitor) -> None:
    path = f"{DOOR}?next={quote(elsewhere, safe='')}"
    assert goes_to(visitor, path) == "/account/login?next=%2Fadmin%2F"
    visitor.log_in(ADMIN)
    assert goes_to(visitor, path) == "/admin/"


def test_a_password_that_is_sent_there_is_not_looked_at(admin: User, sent: list[Sent]) -> None:
    form = {"username": ADMIN, "password": PASSWORD, "next": EVENTS}
    answer = Client().post(DOOR, form, secure=True)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/account/login?next={quote(EVENTS, safe='')}")
    assert sent == []
    assert not TokenFamily.objects.exists()


def test_who_is_not_staff_is_told_so_and_not_sent_around(alice: User, visitor: Visitor) -> None:
    visitor.log_in(alice.email, path="/account/login?next=/admin/")
    answer = visitor.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert [url for url, _ in answer.redirect_chain] == ["/admin/login/?next=/admin/"]
    text = answer.content.decode()
    assert "alice@example.com" in text
    assert "may not use the administration" in text
    assert 'href="/account/logout"' in text
    assert visitor.is_logged_in
    visitor.submit("/account/logout")
    make_user("erin", is_staff=True)
    visitor.log_in("erin@example.com", path="/account/login?next=/admin/")
    assert visitor.get("/admin/").status_code == 200


def test_staff_without_a_permission_are_refused_and_not_sent_around(visitor: Visitor) -> None:
    make_user("erin", is_staff=True)
    visitor.log_in("erin@example.com")
    answer = visitor.get("/admin/bulwark_accounts/user/", follow=True)
    assert (answer.status_code, answer.redirect_chain) == (403, [])


def test_whose_session_has_ended_logs_in_again(admin: User, visitor: Visitor) -> None:
    visitor.log_in(ADMIN)
    TokenFamily.objects.update(revoke_reason="stolen", revoked_at="2020-01-01T00:00Z")
    answer = visitor.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/account/login?next=%2Fadmin%2F"


def test_a_login_that_waits_for_its_second_step_goes_on_there(admin: User, visitor: Visitor) -> None:
    owner = Browser()
    owner.log_in(ADMIN)
    enrol_phone(owner)
    assert visitor.log_in(ADMIN, path="/account/login?next=/admin/").status_code == 302
    assert goes_to(visitor, "/admin/") == "/admin/login/?next=/admin/"
    assert goes_to(visitor, f"{DOOR}?next=/admin/") == "/account/login/mfa?next=%2Fadmin%2F"


def test_staff_who_have_to_add_a_factor_are_led_there(admin: User, visitor: Visitor, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MFA_REQUIRED": "staff"}
    visitor.log_in(ADMIN, path="/account/login?next=/admin/")
    answer = visitor.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/account/mfa?next=%2Fadmin%2F"
    assert answer.status_code == 200


def test_guessing_at_the_admin_meets_the_challenge(admin: User, visitor: Visitor, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_BEFORE_CHALLENGE": 2}
    login = goes_to(visitor, DOOR)
    for _ in range(2):
        assert b"data-challenge" not in visitor.log_in(ADMIN, "a guess", path=login).content
    asked = visitor.log_in(ADMIN, PASSWORD, path=login)
    assert asked.status_code == 422
    assert b"check of your browser" in asked.content
    assert goes_to(visitor, EVENTS).startswith(DOOR), "nobody is logged in"
    solution = solve(read(Browser().send("GET", "challenge")))
    answer = visitor.submit(login, identifier=ADMIN, password=PASSWORD, challenge=solution)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/")


@pytest.mark.urls("tests.accounts.stock_admin")
def test_the_admins_own_form_can_ask_for_none_and_refuses(admin: User, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_BEFORE_CHALLENGE": 2}
    visitor = Visitor()
    tried = [visitor.submit(DOOR, username=ADMIN, password="a guess").status_code for _ in range(3)]
    assert tried == [200, 200, 429]
