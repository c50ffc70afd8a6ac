"""The pages about an account, used without scripts."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import TokenFamily, User
from tests.accounts.browser import PASSWORD, Browser
from tests.accounts.conftest import Sent, make_user
from tests.accounts.pages import Visitor
from tests.accounts.test_registration import NEW, mailed_token

pytestmark = pytest.mark.django_db
OWN = ["security", "password", "email", "sessions", "delete"]
OPEN = ["login", "logout", "register", "resend", "forgot", "verify", "reset", "email-confirm", "email-undo"]


@pytest.fixture(autouse=True)
def unlimited(settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}


@pytest.fixture
def visitor(alice: User) -> Visitor:
    visitor = Visitor()
    visitor.log_in("alice@example.com")
    mail.outbox.clear()
    return visitor


def url(name: str) -> str:
    return reverse(f"bulwark_accounts_site:{name}")


def where(response: Any) -> str:
    assert response.status_code == 302, response.content
    return str(response["Location"])


def faults(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 422
    found: dict[str, list[str]] = {name: list(errors) for name, errors in response.context["form"].errors.items()}
    return found


@pytest.mark.parametrize("name", OPEN + OWN)
def test_every_page_can_be_read_by_ear(name: str, visitor: Visitor) -> None:
    """One heading, a title, a label for each field that is seen, and nothing that a cache keeps."""
    response = visitor.get(url(name))
    assert response.status_code == 200
    page = response.content.decode()
    assert len(re.findall(r"<h1", page)) == 1
    assert "<title></title>" not in page
    for tag in re.findall(r"<input [^>]*>", page):
        if 'type="hidden"' not in tag:
            identity = re.search(r'id="([^"]+)"', tag)
            assert identity, tag
            assert f'<label for="{identity[1]}">' in page
    assert not re.search(r"\son\w+=|\sstyle=|<script(?![^>]*src=)", page)
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("name", [*OWN, "mfa", "mfa-totp", "reauthenticate"])
def test_every_own_page_leads_to_the_logout(name: str, visitor: Visitor) -> None:
    """ASVS 5.0, V7.4.4; who is not logged in is offered none."""
    way_out = f'<a class="mine" href="{url("logout")}">'
    assert way_out in visitor.get(url(name)).content.decode()
    assert way_out not in Visitor().get(url("login")).content.decode()


@pytest.mark.parametrize(("name", "fields"), [("password", 2), ("reauthenticate", 1), ("login", 1), ("register", 1)])
def test_passwords_are_masked_and_left_to_password_managers(name: str, fields: int, visitor: Visitor) -> None:
    """ASVS 5.0, V6.2.6 and V6.2.7."""
    page = visitor.get(url(name)).content.decode()
    found = [tag for tag in re.findall(r"<input [^>]*>", page) if "password" in tag]
    assert len(found) == fields
    for tag in found:
        assert 'type="password"' in tag
        assert re.search(r'autocomplete="(current|new)-password"', tag)


@pytest.mark.parametrize("name", OWN)
def test_own_pages_ask_for_a_login_and_come_back(name: str, db: None) -> None:
    assert where(Visitor().get(url(name))) == f"{url('login')}?next={url(name).replace('/', '%2F')}"


def test_a_fault_is_tied_to_its_field(visitor: Visitor) -> None:
    page = visitor.submit(url("register"), email="nonsense", password="short").content.decode()
    assert "<title>Error: Make an account</title>" in page
    field = re.search(r'<input [^>]*name="email"[^>]*>', page)
    assert field
    assert 'aria-invalid="true"' in field[0]
    assert 'aria-describedby="id_email_error"' in field[0]
    assert "autofocus" in field[0]
    assert 'id="id_email_error"' in page
    assert page.count("autofocus") == 1
    assert 'value="short"' not in page


def test_from_an_address_to_an_account(db: None, sent: list[Sent]) -> None:
    visitor = Visitor()
    made = visitor.submit(url("register"), email="Alice@Example.com", name="Alice", password=PASSWORD)
    assert where(made) == f"{url('login')}?done=sent"
    assert b"a message is on its way" in visitor.get(where(made)).content
    assert visitor.log_in("alice@example.com").status_code == 422
    link = re.search(r"https://testserver(\S+)#token=(\S+)", str(mail.outbox[0].body))
    assert link
    assert link[1] == url("verify")
    pasted = visitor.submit(link[1], token=link[0])  # without scripts: the whole link, by hand
    assert where(pasted) == f"{url('login')}?done=verified"
    assert where(visitor.log_in("alice@example.com")) == url("security")
    assert visitor.submit(link[1], token=link[2]).status_code == 422
    assert [each.name for each in sent if each.outcome == "success"] == [
        "user_registered",
        "email_verified",
        "login_succeeded",
    ]


def test_registering_looks_the_same_for_a_known_address(alice: User) -> None:
    answers = set()
    for name in ("alice", "nobody"):
        response = Visitor().submit(url("register"), email=f"{name}@example.com", password=NEW)
        answers.add((response.status_code, response["Location"], response.content))
    assert len(answers) == 1
    weak = Visitor().submit(url("register"), email="x@example.com", password="short")
    assert "password" in faults(weak)
    similar = Visitor().submit(url("register"), email="someone.special@example.com", password="someone.special@example")
    assert "password" in faults(similar)


def test_registration_can_be_closed(settings: Settings, db: None) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "REGISTRATION_OPEN": False}
    assert Visitor().get(url("register")).status_code == 404
    assert url("register").encode() not in Visitor().get(url("login")).content


def test_a_forgotten_password(alice: User) -> None:
    visitor, other = Visitor(), Visitor()
    other.log_in("alice@example.com")
    asked = {where(visitor.submit(url("forgot"), email=f"{name}@example.com")) for name in ("alice", "nobody")}
    assert asked == {f"{url('login')}?done=reset-sent"}
    token = mailed_token(0)
    assert "new_password" in faults(visitor.submit(url("reset"), token=token, new_password="short"))
    assert where(visitor.submit(url("reset"), token=token, new_password=NEW)) == f"{url('login')}?done=password-set"
    assert not other.is_logged_in
    assert "__all__" in faults(visitor.submit(url("reset"), token=token, new_password=NEW))
    assert visitor.log_in("alice@example.com", NEW).status_code == 302


def test_the_link_once_more(db: None) -> None:
    make_user("bob", email_verified_at=None)
    assert where(Visitor().submit(url("resend"), email="bob@example.com")) == f"{url('login')}?done=sent"
    assert [message.to for message in mail.outbox] == [["bob@example.com"]]


def test_changing_the_password(visitor: Visitor, sent: list[Sent]) -> None:
    other = Visitor()
    other.log_in("alice@example.com")
    before = visitor.cookies["sessionid"].value
    assert "current_password" in faults(visitor.submit(url("password"), current_password="wrong", new_password=NEW))
    assert "new_password" in faults(visitor.submit(url("password"), current_password=PASSWORD, new_password="short"))
    done = visitor.submit(url("password"), current_password=PASSWORD, new_password=NEW)
    assert where(done) == f"{url('security')}?done=password"
    assert b"The password is changed" in visitor.get(where(done)).content
    assert visitor.cookies["sessionid"].value != before
    assert (visitor.is_logged_in, other.is_logged_in) == (True, False)
    assert [each.outcome for each in sent if each.name == "password_changed"] == ["refused", "success"]


def test_changing_the_address(visitor: Visitor, alice: User) -> None:
    assert "email" in faults(visitor.submit(url("email"), email="m\u0131ke@example.com"))
    assert where(visitor.submit(url("email"), email="new@example.com")) == f"{url('security')}?done=email-sent"
    stranger = Visitor()
    assert where(stranger.submit(url("email-confirm"), token=mailed_token())) == f"{url('login')}?done=email-changed"
    assert not visitor.is_logged_in
    assert where(stranger.submit(url("email-undo"), token=mailed_token())) == f"{url('login')}?done=email-undone"
    assert User.objects.get().email == alice.email


@pytest.mark.parametrize("name", ["email", "delete"])
def test_what_cannot_be_undone_needs_a_recent_login(name: str, visitor: Visitor, alice: User) -> None:
    TokenFamily.objects.update(auth_time=timezone.now() - timedelta(hours=1))
    back = where(visitor.get(url(name)))
    assert back == f"{url('reauthenticate')}?next={url(name).replace('/', '%2F')}"
    visitor.get(url("security"))
    token = visitor.cookies["csrftoken"].value
    answer = visitor.post(url(name), {"csrfmiddlewaretoken": token, "email": "m@example.com", "agreed": "on"})
    assert where(answer).startswith(url("reauthenticate"))
    assert User.objects.get().email == alice.email
    assert where(visitor.submit(back, password=PASSWORD)) == url(name)
    assert visitor.get(url(name)).status_code == 200


def test_the_devices(visitor: Visitor, browser: Browser, sent: list[Sent]) -> None:
    browser.log_in("alice@example.com")
    other = Visitor(HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0")
    other.log_in("alice@example.com")
    page = visitor.get(url("sessions")).content.decode()
    assert page.count("This device.") == 1
    assert "Firefox on Linux" in page
    api = TokenFamily.objects.get(transport="body")
    TokenFamily.objects.update(auth_time=timezone.now() - timedelta(minutes=11))
    for fields in ({"end": str(api.pk)}, {"others": "1", "end": ""}):
        back = where(visitor.submit(url("sessions"), **fields))
        assert back == f"{url('reauthenticate')}?next={url('sessions').replace('/', '%2F')}"
    assert browser.send("GET", "me").status_code == 200
    assert where(visitor.submit(back, password=PASSWORD)) == url("sessions")
    sent.clear()
    assert where(visitor.submit(url("sessions"), end=str(api.pk))) == f"{url('sessions')}?done=ended"
    assert browser.send("GET", "me").status_code == 401
    assert where(visitor.submit(url("sessions"), others="1", end="")) == f"{url('sessions')}?done=others"
    assert (visitor.is_logged_in, other.is_logged_in) == (True, False)
    revoked = [each.data["by"] for each in sent if each.name == "session_revoked"]
    assert revoked == ["user", "user"]


def test_nobody_logs_out_the_devices_of_another(visitor: Visitor, bob: User) -> None:
    theirs = Visitor()
    theirs.log_in("bob@example.com")
    other = TokenFamily.objects.of(bob).get()
    for wrong in (str(other.pk), "nonsense", ""):
        assert visitor.submit(url("sessions"), end=wrong).status_code == 404
    assert theirs.is_logged_in


def test_this_device_is_logged_out_by_its_own_page(visitor: Visitor) -> None:
    current = TokenFamily.objects.get()
    assert where(visitor.submit(url("sessions"), end=str(current.pk))) == url("logout")


def test_deleting_the_account(visitor: Visitor, alice: User, sent: list[Sent]) -> None:
    assert "agreed" in faults(visitor.submit(url("delete")))
    assert where(visitor.submit(url("delete"), agreed="on")) == f"{url('login')}?done=deleted"
    assert User.objects.get().email == f"{alice.pk}@deleted.invalid"
    assert Session.objects.filter(session_data__contains="x").count() <= 1
    assert not visitor.is_logged_in
    assert [each.name for each in sent] == ["account_deleted"]


@pytest.mark.parametrize("done", ["<script>", "nothing-of-the-kind", "x" * 5000])
def test_a_notice_says_nothing_that_a_link_makes_up(done: str, db: None) -> None:
    page = Visitor().get(url("login"), {"done": done}).content.decode()
    assert 'class="note good"' not in page
    assert done not in page
