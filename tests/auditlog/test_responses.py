"""Acting on an attack: what it does, who may, what is kept of it, and what a rule may do by itself."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings

from accounts import credentials, links
from accounts.login import start_session
from accounts.models import AccountLock, EmailChange, TokenFamily, User
from auditlog.models import Alert, AlertStep, Event, Response
from auditlog.response.actions import ResponseRefused, respond, undo
from auditlog.response.automatic import is_never_blocked
from edge.blocks import blocklist, routes
from tests.accounts.browser import Browser, read
from tests.accounts.conftest import make_user
from tests.auditlog.detection.world import failure, found, series

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return make_user("alice")


def session_of(user: User) -> TokenFamily:
    return start_session(user, transport="body", amr=["pwd"], request=None, now=timezone.now()).family


def live(user: User) -> int:
    return TokenFamily.objects.of(user).live(timezone.now()).count()


def asking(user: User, *, is_recent: bool, settings: Settings) -> Any:
    request = RequestFactory().post("/")
    request.user = User.objects.get(pk=user.pk)
    path = "tests.auditlog.test_responses.recently" if is_recent else "tests.auditlog.test_responses.long_ago"
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "RECENT_LOGIN": path}
    return request


def recently(_request: Any) -> bool:
    return True


def long_ago(_request: Any) -> bool:
    return False


def test_a_network_is_blocked_and_served_again() -> None:
    made = respond("block_network", "203.0.113.0/24", seconds=3600, reason="scraping", by="command")
    assert [str(each.network) for each in blocklist().current()] == ["203.0.113.0/24"]
    assert made.ends_at == made.done_at + timedelta(hours=1)
    undo(made, reason="a customer", by="command")
    assert not list(blocklist().current())
    made.refresh_from_db()
    assert (made.undone_by, made.holds(timezone.now())) == ("command", False)
    kinds = Event.objects.filter(type__startswith="auditlog.").order_by("seq").values_list("type", flat=True)
    assert list(kinds) == ["auditlog.response_taken", "auditlog.response_undone"]


def test_a_route_is_disabled_and_served_again() -> None:
    made = respond("disable_route", "bulwark_articles:export", reason="leaks", by="command")
    assert [each.name for each in routes().current()] == ["bulwark_articles:export"]
    undo(made, reason="mended", by="command")
    assert not list(routes().current())


def test_sessions_end_by_id_account_tenant_and_all(alice: User) -> None:
    bob = make_user("bob")
    first, second = session_of(alice), session_of(alice)
    session_of(bob)
    respond("end_session", str(first.pk), reason="stolen", by="command")
    assert (live(alice), live(bob)) == (1, 1)
    respond("end_user_sessions", alice.email, reason="stolen", by="command")
    assert (live(alice), live(bob)) == (0, 1)
    tenant = TokenFamily.objects.get(pk=second.pk).tenant
    session_of(alice)
    TokenFamily.objects.filter(user=bob).update(tenant="elsewhere")
    if tenant:
        respond("end_tenant_sessions", tenant, reason="breach", by="command")
        assert (live(alice), live(bob)) == (0, 1)
    respond("end_all_sessions", "", reason="breach", by="command")
    assert (live(alice), live(bob)) == (0, 0)


def test_an_account_is_locked_and_unlocked(alice: User) -> None:
    session_of(alice)
    made = respond("lock_account", str(alice.pk), seconds=60, reason="taken over", by="command")
    assert AccountLock.objects.filter(user_id=alice.pk).exists()
    assert live(alice) == 0
    undo(made, reason="the owner is back", by="command")
    assert not AccountLock.objects.filter(user_id=alice.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_a_forced_reset_leaves_no_password_and_mails_a_link(alice: User, mailoutbox: list[Any]) -> None:
    session_of(alice)
    old = alice.password
    change = EmailChange.objects.create(
        user=alice, old_email=alice.email, new_email="thief@example.com", auth_hash=credentials.auth_hash(alice)
    )
    respond("force_password_reset", alice.email, reason="leaked", by="command")
    alice.refresh_from_db()
    with pytest.raises(EmailChange.DoesNotExist):  # a link, mailed late, would be made for the new password
        links.url_of("email_change", str(change.pk), to=change.new_email)
    assert alice.password != old
    assert live(alice) == 0
    assert [mail.to for mail in mailoutbox] == [[alice.email]]


@pytest.mark.parametrize("action", ["lock_account", "force_password_reset"])
def test_an_account_that_has_just_gone_is_refused(action: str, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = User.objects.get(pk=alice.pk)
    User.objects.filter(pk=alice.pk).delete()
    monkeypatch.setattr("accounts.people.find", lambda subject: gone)  # as it was looked up a moment before
    with pytest.raises(ResponseRefused, match="deleted"):
        respond(action, alice.email, reason="leaked", by="command")


@pytest.mark.django_db(transaction=True)
def test_an_account_is_made_to_have_a_second_factor(alice: User, settings: Settings) -> None:
    path = "config.responses.needs_mfa_in_production"
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MFA_REQUIRED": path}
    browser = Browser()
    browser.log_in(alice.email)
    assert browser.send("GET", "sessions", Authorization=f"Bearer {browser.access}").status_code == 200
    made = respond("force_mfa", alice.email, reason="finance", by="command")
    assert live(alice) == 0
    browser.log_in(alice.email)
    answer = browser.send("GET", "sessions", Authorization=f"Bearer {browser.access}")
    assert (answer.status_code, read(answer)["code"]) == (403, "mfa_enrolment_required")
    undo(made, reason="left finance", by="command")
    browser.log_in(alice.email)
    assert browser.send("GET", "sessions", Authorization=f"Bearer {browser.access}").status_code == 200


@pytest.mark.parametrize(
    ("action", "subject", "given"),
    [
        ("no_such_action", "x", {}),
        ("force_mfa_now", "alice", {}),
        ("block_network", "", {}),
        ("block_network", "not a network", {}),
        ("end_all_sessions", "alice", {}),
        ("end_session", "not an id", {}),
        ("end_session", "00000000-0000-0000-0000-000000000000", {"seconds": 60}),
        ("lock_account", "nobody@example.com", {}),
        ("disable_route", "no-such-route", {}),
        ("block_network", "203.0.113.7", {"reason": "  "}),
        ("block_network", "203.0.113.7", {"seconds": -1}),
    ],
)
def test_what_cannot_be_done_is_refused_and_leaves_nothing(action: str, subject: str, given: dict[str, Any]) -> None:
    with pytest.raises(ResponseRefused):
        respond(action, subject, **{"reason": "why", "by": "command", **given})
    assert not Response.objects.exists()
    assert not Event.objects.filter(type="auditlog.response_taken").exists()


def test_undoing_twice_is_refused() -> None:
    made = respond("block_network", "203.0.113.7", reason="x", by="command")
    undo(made, reason="y", by="command")
    with pytest.raises(ResponseRefused):
        undo(made, reason="y", by="command")


def test_what_cannot_be_taken_back_says_so(alice: User) -> None:
    made = respond("end_user_sessions", alice.email, reason="x", by="command")
    with pytest.raises(ResponseRefused):
        undo(made, reason="y", by="command")


@pytest.mark.parametrize(("may", "is_recent"), [(False, True), (True, False)])
def test_people_need_the_permission_and_a_recent_login(
    may: bool, is_recent: bool, alice: User, settings: Settings
) -> None:
    if may:
        alice.user_permissions.add(Permission.objects.get(codename="respond_event"))
    request = asking(alice, is_recent=is_recent, settings=settings)
    with pytest.raises(PermissionDenied):
        respond("block_network", "203.0.113.7", reason="x", request=request)
    assert not list(blocklist().current())


def test_with_both_it_is_done_in_their_name(alice: User, settings: Settings) -> None:
    alice.user_permissions.add(Permission.objects.get(codename="respond_event"))
    request = asking(alice, is_recent=True, settings=settings)
    assert respond("block_network", "203.0.113.7", reason="x", request=request).by == alice.email
    assert Event.objects.get(type="auditlog.response_taken").actor_id == str(alice.pk)


def guessed(count: int = 15, address: str = "192.0.2.66") -> list[Event]:
    return series(lambda ts, n: failure(ts, f"u{n % 3}", src_ip=address), count)


def let(settings: Settings, **more: Any) -> None:
    respond_with = {"respond": {"action": "block_network", "seconds": 600}}
    settings.BULWARK_AUDITLOG = {
        **settings.BULWARK_AUDITLOG,
        "RULES": {"login_failures_by_ip": respond_with},
        **more,
    }


def test_without_opting_in_no_rule_acts() -> None:
    found(guessed())
    assert Alert.objects.filter(rule="login_failures_by_ip").exists()
    assert not Response.objects.exists()


def test_a_rule_that_may_blocks_the_address(settings: Settings) -> None:
    let(settings)
    found(guessed())
    made = Response.objects.get()
    assert (made.subject, made.is_automatic, made.by) == ("192.0.2.66", True, "rule login_failures_by_ip")
    assert [str(each.network) for each in blocklist().current()] == ["192.0.2.66/32"]
    assert AlertStep.objects.filter(alert=made.alert, text__startswith="Block an address").exists()


def test_an_allow_listed_network_is_never_touched(settings: Settings) -> None:
    let(settings, NEVER_BLOCK=["192.0.2.0/24"])
    found(guessed())
    assert not list(blocklist().current())
    assert Event.objects.get(type="auditlog.response_withheld").reason == "allow_listed"


def test_a_cap_holds_the_rules_back(settings: Settings) -> None:
    let(settings, RESPONSES_AN_HOUR=2)
    for number in range(4):
        found(guessed(address=f"192.0.2.{number}"))
    assert Response.objects.count() == 2
    assert Event.objects.filter(type="auditlog.response_withheld", reason="cap_reached").count() == 2


def test_what_the_cap_held_back_is_done_when_there_is_room(settings: Settings) -> None:
    let(settings, RESPONSES_AN_HOUR=1)
    for number in range(2):
        found(guessed(address=f"192.0.2.{number}"))
    Response.objects.update(done_at=timezone.now() - timedelta(hours=2))
    found(guessed(address="192.0.2.1"))  # soon after it would only be one more event
    assert Response.objects.count() == 1
    AlertStep.objects.filter(text="response withheld: cap_reached").update(ts=timezone.now() - timedelta(hours=1))
    found(guessed(address="192.0.2.1"))
    assert sorted(str(each.network) for each in blocklist().current()) == ["192.0.2.0/32", "192.0.2.1/32"]


def test_nor_does_it_fill_the_log_when_a_block_has_run_out(settings: Settings) -> None:
    let(settings)
    found(guessed())
    let(settings, RESPONSES_AN_HOUR=1)
    Response.objects.update(ends_at=timezone.now())
    for _ in range(3):
        found(guessed())
    assert Event.objects.filter(type="auditlog.response_withheld").count() == 1


def test_a_listed_network_is_not_tried_again(settings: Settings) -> None:
    let(settings, NEVER_BLOCK=["192.0.2.0/24"])
    found(guessed())
    AlertStep.objects.update(ts=timezone.now() - timedelta(hours=1))
    found(guessed())
    assert Event.objects.filter(type="auditlog.response_withheld").count() == 1


def test_overlaps_count_as_listed(settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "NEVER_BLOCK": ["10.1.2.3", "2001:db8::/48"]}
    assert is_never_blocked("10.1.0.0/16")
    assert is_never_blocked("2001:db8:0:1::/64")
    assert not is_never_blocked("10.2.0.1")
    assert not is_never_blocked("alice@example.com")


@pytest.mark.parametrize(
    ("listed", "key"),
    [
        ("192.0.2.0/24", "::ffff:192.0.2.5"),
        ("192.0.2.0/24", "::ffff:192.0.2.0/120"),
        ("192.0.2.0/24", "::ffff:0:0/96"),
        ("::ffff:192.0.2.0/120", "192.0.2.5"),
        ("192.0.2.0/24", "0.0.0.0/0"),
        ("0.0.0.0/0", "192.0.2.5"),
        ("2001:db8::/48", "::/0"),
    ],
)
def test_however_a_listed_network_is_written_it_is_listed(listed: str, key: str, settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "NEVER_BLOCK": [listed]}
    assert is_never_blocked(key)


def test_a_list_that_cannot_be_read_withholds_the_response_and_keeps_the_alert(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    let(settings, NEVER_BLOCK=["the office"])
    with caplog.at_level(logging.CRITICAL):
        found(guessed())
    assert Alert.objects.filter(rule="login_failures_by_ip").exists()
    assert not list(blocklist().current())
    assert Event.objects.get(type="auditlog.response_withheld").reason == "error"


def test_the_neighbours_of_a_listed_host_are_not_blocked_with_it(settings: Settings) -> None:
    let(settings, NEVER_BLOCK=["2001:db8::5"])
    found(guessed(address="2001:db8::bad"))  # a block on one IPv6 address is a block on its /64
    assert not list(blocklist().current())
    assert Event.objects.get(type="auditlog.response_withheld").reason == "allow_listed"


def broken(_subject: str, **_given: Any) -> None:
    raise RuntimeError("a function of the project fails")


def test_an_action_that_breaks_keeps_the_alert(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    let(settings, RESPONSES={"block_network": "tests.auditlog.test_responses.broken"})
    with caplog.at_level(logging.CRITICAL):
        found(guessed())
    assert Alert.objects.filter(rule="login_failures_by_ip").exists()
    assert not Response.objects.exists()
    assert Event.objects.get(type="auditlog.response_withheld").outcome == "failed"


def test_who_comes_back_after_the_block_is_blocked_again(settings: Settings) -> None:
    let(settings)
    found(guessed())
    Response.objects.update(ends_at=timezone.now())
    found(guessed())
    assert Response.objects.count() == 2
    found(guessed())  # while the block holds nothing more is done
    assert Response.objects.count() == 2


def test_who_was_let_in_again_by_somebody_is_left_alone(settings: Settings) -> None:
    let(settings)
    found(guessed())
    undo(Response.objects.get(), reason="a customer", by="command")
    found(guessed())
    assert Response.objects.count() == 1


def test_the_command_acts_and_takes_back(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["respond", "block_network", "203.0.113.9", "--for", "2h", "--reason", "scraping"]
    call_command(*arguments, "--dry-run")
    assert not list(blocklist().current())
    call_command(*arguments)
    assert len(list(blocklist().current())) == 1
    call_command("respond", "--undo", str(Response.objects.get().pk), "--reason", "over")
    assert not list(blocklist().current())
    with pytest.raises(CommandError):
        call_command("respond", "no_such", "x", "--reason", "y")
    with pytest.raises(CommandError):
        call_command("respond", "block_network", "203.0.113.9", "--for", "soon", "--reason", "y")


def test_a_dry_run_says_what_would_be_refused(alice: User) -> None:
    made = respond("end_user_sessions", alice.email, reason="x", by="command")
    for arguments in (
        ["no_such", "x"],
        ["end_all_sessions", "alice"],
        ["end_session", "x", "--for", "2h"],
        ["block_network", "203.0.113.9", "--for", "9999999d"],
        ["--undo", str(made.pk)],
        ["block_network", "nonsense"],
        ["block_network", "0.0.0.0/0"],
        ["disable_route", "no_such"],
        ["end_session", "x"],
        ["end_session", "00000000-0000-0000-0000-000000000000"],
        ["end_tenant_sessions", "no such"],
        ["end_user_sessions", "nobody@example.org"],
        ["force_mfa", "nobody@example.org"],
        ["force_password_reset", "nobody@example.org"],
        ["lock_account", "nobody@example.org"],
    ):
        for trial in (["--dry-run"], []):
            with pytest.raises(CommandError):
                call_command("respond", *arguments, "--reason", "y", *trial)
    assert Response.objects.count() == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["block_network", "203.0.113.9", "--for", "9999999d"],
        ["lock_account", "a" * 255],
        ["block_network", "203.0.113.9", "--alert", "9" * 30],
        ["--undo", "9" * 30],
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("respond", *arguments, "--reason", "y")
    assert not Response.objects.exists()
