"""Mail: handed over, made later, tried again, and telling nobody anything."""

import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from cryptography.fernet import InvalidToken
from django.core import mail as outgoing
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django import Settings

from accounts import credentials, email_change, links, mail
from accounts.background import origin_of, request_from, seal, unseal
from accounts.checks import check_background, check_links
from accounts.models import EmailChange, User
from tests.accounts.browser import PASSWORD, Browser
from tests.accounts.conftest import Sent, make_user
from tests.accounts.counting import queries
from tests.accounts.queueing import use_queue, waiting, work

pytestmark = pytest.mark.django_db
NEW = "a long unusual phrase"
BROKEN = "tests.accounts.broken_mail.Backend"


@pytest.fixture
def queue(settings: Settings) -> None:
    use_queue(settings)


@pytest.fixture(autouse=True)
def unlimited(settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}


ROUTES: dict[str, Callable[[Browser, str], Any]] = {
    "register": lambda browser, email: browser.send("POST", "register", {"email": email, "password": PASSWORD}),
    "email/resend": lambda browser, email: browser.send("POST", "email/resend", {"email": email}),
    "email/change": lambda browser, email: browser.send("POST", "email/change", {"email": email}),
    "password/reset": lambda browser, email: browser.send("POST", "password/reset", {"email": email}),
}
every_route = pytest.mark.parametrize("route", sorted(ROUTES))


def known_to(browser: Browser, route: str) -> None:
    """Log in where the route is for who has."""
    if route == "email/change":
        make_user("erin")
        browser.log_in("erin@example.com")
        work()


@pytest.mark.usefixtures("queue")
@every_route
def test_an_answer_is_the_same_for_all(route: str, browser: Browser, alice: User) -> None:
    """Known, waiting, inactive, unknown: one body, one status, and the very same statements."""
    make_user("bob", email_verified_at=None)
    make_user("carol", is_active=False)
    known_to(browser, route)
    told = set()
    for name in ("alice", "bob", "carol", "nobody"):
        with queries() as sql:
            response = ROUTES[route](browser, f"{name}@example.com")
        told.add((response.status_code, response.content, tuple(each.partition(" VALUES")[0] for each in sql)))
    assert len(told) == 1
    ((_, _, statements),) = told
    own = [each for each in statements if "dbtaskresult" not in each and "auditlog" not in each]
    assert [each.split()[0] for each in statements if "dbtaskresult" in each] == ["INSERT"]
    # Who is logged in is looked up, and whether they have a second factor; nobody is looked up by an address.
    assert len(own) == (2 if route == "email/change" else 0)
    assert not any("@example.com" in each for each in own)
    assert outgoing.outbox == []


@pytest.mark.usefixtures("queue", "alice")
@every_route
def test_an_answer_takes_the_same_time_for_all(route: str, browser: Browser) -> None:
    """The process's own time, known and unknown in turn; the ratio of medians, as the machine has other work too."""
    known_to(browser, route)
    spent: dict[str, list[float]] = {"alice": [], "nobody": []}
    for number in range(60):
        for name, taken in spent.items():
            before = time.process_time()
            ROUTES[route](browser, f"{name}@example.com")
            if number >= 5:
                taken.append(time.process_time() - before)
    ratio = statistics.median(spent["alice"]) / statistics.median(spent["nobody"])
    assert 0.8 < ratio < 1.25


@pytest.mark.usefixtures("queue")
def test_the_job_does_the_rest(browser: Browser, sent: list[Sent]) -> None:
    browser.send("POST", "register", {"email": "new@example.com", "password": PASSWORD}, **{"User-Agent": "curl/8"})
    assert (User.objects.count(), sent) == (0, [])
    work()
    (told,) = sent
    assert (told.name, told.outcome) == ("user_registered", "success")
    assert (told.request.META["REMOTE_ADDR"], told.request.headers["User-Agent"]) == ("127.0.0.1", "curl/8")
    assert outgoing.outbox[0].subject == "Confirm your address"
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.usefixtures("queue", "alice")
def test_nothing_in_the_queue_opens_anything(browser: Browser) -> None:
    browser.send("POST", "register", {"email": "new@example.com", "password": PASSWORD})
    browser.send("POST", "password/reset", {"email": "alice@example.com"})
    work()
    rows = str([job.args_kwargs for job in DBTaskResult.objects.all()])
    assert "new@example.com" in rows
    for secret in (
        PASSWORD,
        "md5$",
        "#token=",
        *(message.body.split("#token=")[1].split()[0] for message in outgoing.outbox),
    ):
        assert secret not in rows


@pytest.mark.usefixtures("queue", "alice")
def test_a_mail_that_fails_is_tried_again(browser: Browser, settings: Settings, sent: list[Sent]) -> None:
    working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, BROKEN
    start = timezone.now()
    assert ROUTES["password/reset"](browser, "alice@example.com").status_code == 202
    for waited, attempt in ((0, 1), (61, 2), (61 + 301, 3)):
        with time_machine.travel(start + timedelta(seconds=waited), tick=False):
            work()
            work()  # not before its time
        (failed,) = [each for each in sent if each.name == "mail_failed"][attempt - 1 :]
        assert (failed.outcome, failed.data["attempt"], failed.data["again"]) == ("failed", attempt, True)
        assert failed.data["template"] == "reset"
    settings.EMAIL_BACKEND = working
    with time_machine.travel(start + timedelta(hours=1), tick=False):
        work()
        assert [message.to for message in outgoing.outbox] == [["alice@example.com"]]
        token = str(outgoing.outbox[0].body).split("#token=")[1].split()[0]
        assert links.user_of(token, "reset") is not None  # made when it was sent, so it is good for as long as ever
    assert waiting() == []


@pytest.mark.usefixtures("queue")
def test_a_mail_is_given_up_in_the_end(settings: Settings, sent: list[Sent]) -> None:
    settings.EMAIL_BACKEND = BROKEN
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MAIL_RETRIES": (1,)}
    mail.send("known", "x@example.com")
    work()
    with time_machine.travel(timezone.now() + timedelta(seconds=5), tick=False):
        work()
    assert [each.data["again"] for each in sent] == [True, False]
    assert waiting() == []


def test_without_a_queue_a_mail_is_tried_once(
    alice: User, browser: Browser, settings: Settings, sent: list[Sent]
) -> None:
    settings.EMAIL_BACKEND = BROKEN
    assert ROUTES["password/reset"](browser, "alice@example.com").status_code == 202
    assert [each.data["again"] for each in sent if each.name == "mail_failed"] == [False]


@pytest.mark.usefixtures("queue")
def test_a_user_who_is_gone_gets_no_mail(alice: User, settings: Settings, sent: list[Sent]) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MAIL_RETRIES": ()}
    mail.send("reset", "alice@example.com", link=("reset", str(alice.pk)))
    alice.delete()
    work()
    assert outgoing.outbox == []
    assert [each.data["reason"] for each in sent] == ["DoesNotExist"]


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize("purpose", ["verify", "reset"])
def test_a_mail_to_an_address_of_before_carries_no_link(
    purpose: links.Purpose, alice: User, settings: Settings, sent: list[Sent]
) -> None:
    """A reset that waited in the queue while its user took another address: the old mailbox may be somebody else's."""
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MAIL_RETRIES": ()}
    mail.send(purpose, "alice@example.com", link=(purpose, str(alice.pk)))
    User.objects.update(email="alice@example.org")
    work()
    assert outgoing.outbox == []
    assert [each.data["reason"] for each in sent] == ["DoesNotExist"]


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize(
    "what",
    [
        *("before the offer", "before the mail", "before the mail, by a link", "before the mail, in the admin"),
        "before the mail, by a program of the host",
    ],
)
def test_a_change_asked_for_before_a_new_password_is_not_offered_after_it(
    what: str, alice: User, browser: Browser
) -> None:
    """The thief's link would be made for the new password, by a queue that is late."""
    browser.log_in("alice@example.com")
    work()
    outgoing.outbox.clear()
    assert ROUTES["email/change"](browser, "mallory@example.com").status_code == 202
    (offer,) = waiting()
    if what != "before the offer":
        email_change.offer_change.call(*offer.args_kwargs["args"])
        assert EmailChange.objects.count() == 1
    if what.endswith("admin"):
        User.objects.update(is_staff=True)
        client = Client()
        client.force_login(User.objects.get())
        form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
        assert client.post("/admin/password_change/", form, secure=True).status_code == 302
    elif what.endswith("link"):
        body = {"token": links.make_token(User.objects.get(), "reset"), "new_password": NEW}
        assert Browser().send("POST", "password/reset/confirm", body).status_code == 204
    elif what.endswith("host"):
        user = User.objects.get()
        user.set_password(NEW)
        user.save()
    else:
        body = {"current_password": PASSWORD, "new_password": NEW}
        assert browser.send("POST", "password/change", body).status_code == 204
    work()
    # Of the new password, and of the browser that it was set with.
    told = 2 if what.endswith("admin") else 0 if what.endswith("host") else 1
    assert [message.to for message in outgoing.outbox] == [["alice@example.com"]] * told
    assert EmailChange.objects.count() == (what != "before the offer")
    for change in EmailChange.objects.select_related("user"):
        assert links.email_change_of(links.email_change_token(change, "email_change"), "email_change") is None


@pytest.mark.usefixtures("queue")
def test_a_change_asked_for_at_an_address_of_before_is_not_confirmed(alice: User, browser: Browser) -> None:
    change = EmailChange.objects.create(
        user=alice, old_email=alice.email, new_email="mallory@example.com", auth_hash=credentials.auth_hash(alice)
    )
    assert links.email_change_of(links.email_change_token(change, "email_change"), "email_change") == change
    User.objects.update(email="alice@example.org")
    change.user.refresh_from_db()
    token = links.email_change_token(change, "email_change")
    assert browser.send("POST", "email/change/confirm", {"token": token}).status_code == 400


def test_what_is_sealed_is_read_under_the_secret_keys_of_before(settings: Settings) -> None:
    sealed = seal("a hash")
    assert "a hash" not in sealed
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another one, long enough to be called a secret key"
    with pytest.raises(InvalidToken):
        unseal(sealed)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert unseal(sealed) == "a hash"


def test_a_job_knows_whence_it_came(rf: RequestFactory) -> None:
    request = rf.post("/api/v1/auth/register?x=1", headers={"User-Agent": "a\x00b"}, REMOTE_ADDR="192.0.2.1")
    vars(request)["request_id"] = "0123456789"
    again: HttpRequest = request_from(origin_of(request))
    assert origin_of(again) == origin_of(request)
    assert origin_of(request)["user_agent"] == "a b"
    assert (again.method, again.path) == ("POST", "/api/v1/auth/register")


def test_the_settings_are_checked(settings: Settings) -> None:
    assert [each.id for each in check_background()] == ["bulwark_accounts.W006"]
    use_queue(settings)
    assert check_background() == []
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "SITE_URL": ""}
    assert [each.id for each in check_links()] == ["bulwark_accounts.W003"]
    for wrong in ("https://app.example.org/", "app.example.org", "https://app.example.org/path"):
        settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "SITE_URL": wrong}
        assert [each.id for each in check_links()] == ["bulwark_accounts.E017"]
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "SITE_URL": "https://app.example.org"}
    assert check_links() == []
