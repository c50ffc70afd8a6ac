"""Nobody's mailbox is flooded, whoever asks and from wherever, and nobody is kept out by that."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail as outgoing
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import links, mailboxes, metrics
from accounts.models import EmailChange, User
from edge.ratelimit import Limiter, LocalStore
from tests.accounts.browser import PASSWORD, Browser
from tests.accounts.conftest import Sent, make_user
from tests.edge.ratelimit.clocks import KINDS, Clock, stores

pytestmark = pytest.mark.django_db
HOUR, DAY = 3600, 86_400
ROUTES: dict[str, Callable[[Browser, str], Any]] = {
    "register": lambda browser, email: browser.send("POST", "register", {"email": email, "password": PASSWORD}),
    "email/resend": lambda browser, email: browser.send("POST", "email/resend", {"email": email}),
    "email/change": lambda browser, email: browser.send("POST", "email/change", {"email": email}),
    "password/reset": lambda browser, email: browser.send("POST", "password/reset", {"email": email}),
}


@pytest.fixture(params=[kind for kind in KINDS if "async" not in kind])
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """The time by which mails are counted; tests move it."""
    for store, clock in stores(request.param):
        moved = Limiter(store, LocalStore(), lambda: clock.now / 1_000_000)  # noqa: B023 - one store a test
        monkeypatch.setattr(mailboxes, "limiter", lambda: moved)  # noqa: B023
        yield clock


@pytest.fixture(autouse=True)
def botnet(settings: Settings) -> None:
    """Every request comes from an address that has asked for nothing yet, and solves what it is given."""
    many = {name: {**policy, "rate": "100000/m"} for name, policy in settings.BULWARK_EDGE["RATELIMITS"].items()}
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMITS": many}
    sizes = ("PER_ACCOUNT", "PER_IP", "BEFORE_CHALLENGE", "PER_IP_BEFORE_CHALLENGE", "IN_ALL")
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, **{f"GUESSES_{size}": 100_000 for size in sizes}}


def asking(route: str) -> Browser:
    browser = Browser()
    if route == "email/change":
        make_user("mallory")
        browser.log_in("mallory@example.com")
        outgoing.outbox.clear()
    return browser


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("route", sorted(ROUTES))
def test_a_mailbox_gets_so_many_mails_an_hour(route: str, is_known: bool, sent: list[Sent]) -> None:
    if is_known:
        make_user("alice", email_verified_at=None if route == "email/resend" else timezone.now())
    browser, before = asking(route), metrics.WITHHELD._value.get()
    answers = {
        (answer.status_code, answer.content)
        for answer in (ROUTES[route](browser, "alice@example.com") for _ in range(9))
    }
    assert len(answers) == 1
    is_mailed = is_known or route in {"register", "email/change"}
    is_way_back = is_known and route == "password/reset"
    assert len(outgoing.outbox) == (5 + is_way_back if is_mailed else 0)
    withheld = [each for each in sent if each.name == "mail_withheld"]
    assert len(withheld) == (9 - len(outgoing.outbox) if is_mailed else 0)
    assert metrics.WITHHELD._value.get() - before == len(withheld)
    assert {each.outcome for each in withheld} <= {"refused"}
    assert not any("alice@" in str(each.data) for each in withheld)
    assert EmailChange.objects.count() <= 5  # none of a link that nobody was sent


def test_all_routes_and_spellings_are_counted_together(alice: User) -> None:
    """Of a mail that is withheld, the log tells who asked and for whom."""
    browser = asking("email/change")
    for number, spelling in enumerate(("alice@example.com", "ALICE@example.com", "alice+1@example.com")):
        ROUTES["register"](browser, spelling)
        ROUTES["email/change"](browser, f"alice+{number}a@example.com")
        ROUTES["email/resend"](browser, f"alice+{number}@example.com")
    assert len(outgoing.outbox) == 5
    ROUTES["register"](browser, "bob@example.com")
    assert outgoing.outbox[-1].to == ["bob@example.com"]


def test_a_mail_that_was_not_sent_is_said_to_be_so(alice: User, sent: list[Sent]) -> None:
    for _ in range(7):
        ROUTES["password/reset"](Browser(), "alice@example.com")
    told = [each.data["sent"] for each in sent if each.name == "password_reset_requested"]
    assert told == [True] * 6 + [False]
    (withheld,) = [each for each in sent if each.name == "mail_withheld"]
    assert (withheld.target, withheld.data["template"]) == (alice, "reset")
    assert withheld.request.META["REMOTE_ADDR"] == "127.0.0.1"


def test_a_flood_keeps_no_owner_out(clock: Clock, alice: User) -> None:
    """However much strangers ask for, a link that works is in the mailbox, or comes when it is asked for."""
    for route in ("register", "email/resend"):
        for _ in range(30):
            ROUTES[route](Browser(), "alice@example.com")
    assert len(outgoing.outbox) == 5
    outgoing.outbox.clear()
    for _ in range(2):
        for _ in range(5):
            ROUTES["password/reset"](Browser(), "alice@example.com")
        clock.advance(31 * 60)
    first, second = outgoing.outbox
    for message in (first, second):
        assert message.subject == "Set a new password"
    token = str(second.body).split("#token=")[1].split()[0]
    assert links.user_of(token, "reset") == alice


def test_a_flood_of_a_day_stays_small(clock: Clock) -> None:
    sent = {False: 0, True: 0}
    rounds = DAY // (31 * 60)
    for _ in range(rounds):
        for is_way_back in (False, True, False):
            sent[is_way_back] += mailboxes.has_room("alice@example.com", is_way_back=is_way_back)
        clock.advance(31 * 60)
    assert rounds <= sum(sent.values()) <= rounds + 20
    assert sent[False] <= 20


def test_an_account_that_nobody_has_verified_has_no_way_back(clock: Clock) -> None:
    """Else as many mails more would come as there are accounts that somebody has made for one mailbox."""
    for number in range(4):
        ROUTES["register"](Browser(), f"alice+{number}@example.com")
    for number in range(4):
        for _ in range(3):
            ROUTES["password/reset"](Browser(), f"alice+{number}@example.com")
    assert len(outgoing.outbox) == 5
    clock.advance(HOUR + 60)
    ROUTES["password/reset"](Browser(), "alice+0@example.com")
    assert len(outgoing.outbox) == 6


def test_what_staff_send_is_sent(alice: User, settings: Settings) -> None:
    for _ in range(9):
        ROUTES["password/reset"](Browser(), "alice@example.com")
    outgoing.outbox.clear()
    make_user("root", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(User.objects.get(email="root@example.com"))
    body = {"action": "mail_reset", "_selected_action": [str(alice.pk)]}
    assert client.post("/admin/bulwark_accounts/user/", body, secure=True).status_code == 302
    assert [message.to for message in outgoing.outbox] == [["alice@example.com"]]


def test_without_limits_nothing_is_counted(alice: User, settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}
    for _ in range(9):
        ROUTES["password/reset"](Browser(), "alice@example.com")
    assert len(outgoing.outbox) == 9
