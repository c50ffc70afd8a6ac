"""Deny by default, forbid wins, an error never allows, and what needs no database does not reach it."""

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Group
from django.db.models import Q

from authz import registry
from authz.engine import Verdict, acheck, action_of, ascope, ascoped, check, scope, scoped
from authz.environment import FixedEnvironment
from authz.files.grammar import read
from authz.language.sites import Site
from authz.language.terms import Condition, env, me, this
from authz.policies import allow, forbid
from authz.principals import Principal, aprincipal, principal
from authz.sudo import sudo
from authz.testing import action_with, disagreements
from tests.authz.conftest import Cast, Heard
from tests.authz.library.models import Book, Cover, Loan, Shelf, Tag
from tests.authz.library.policies import BookPolicy

pytestmark = pytest.mark.django_db
VIEWER = frozenset({"viewer"})


def viewer(user: Any = None, **facts: Any) -> Principal:
    return Principal(user or AnonymousUser(), None, VIEWER, FixedEnvironment(**facts), known=user is not None)


def test_what_no_rule_allows_is_denied(cast: Cast) -> None:
    book = Book(tenant=cast.acme, owner=cast.alice)
    for action in ("read", "nonsense", ""):
        assert not check(cast.principal("nobody"), action, book)
    assert not check(cast.principal("alice"), "nonsense", book)
    assert check(cast.principal("alice"), "read", book)


def test_a_model_without_a_policy_is_closed(cast: Cast) -> None:
    assert not check(cast.principal("dora"), "read", Tag())
    assert scope(cast.principal("dora"), "read", Tag) is Verdict.NONE
    assert action_of(Cover, "read") is None


def test_an_unregistered_policy_closes_its_model(cast: Cast) -> None:
    book = Book(tenant=cast.acme)
    assert check(cast.principal("dora"), "read", book)
    registry.unregister(BookPolicy)
    try:
        assert not check(cast.principal("dora"), "read", book)
    finally:
        registry.register(BookPolicy)
    assert check(cast.principal("dora"), "read", book)


def test_a_forbid_wins_over_every_allow(cast: Cast) -> None:
    held = Book(tenant=cast.acme, owner=cast.alice, on_hold=True)
    assert not check(cast.principal("dora"), "update", held)
    assert not check(cast.principal("alice"), "delete", held)
    assert check(cast.principal("alice"), "read", held)


def test_a_forbid_of_everything_forbids_every_action() -> None:
    action = action_with(Shelf, allow("viewer"), forbid("*", when=this.floor == 1))
    assert not action.check(viewer(), Shelf(floor=1))
    assert action.check(viewer(), Shelf(floor=2))


def test_a_forbid_can_be_for_a_role() -> None:
    action = action_with(Shelf, allow("viewer"), forbid("read", role="suspended"), forbid("read", when=this.floor == 1))
    suspended = Principal(None, roles=frozenset({"viewer", "suspended"}))
    assert action.scope(suspended) is Verdict.NONE
    assert not action.check(suspended, Shelf(floor=2))
    assert action.check(viewer(), Shelf(floor=2))
    # A principal that a host made without the implicit roles is forbidden what all are.
    assert not action.check(viewer(), Shelf(floor=1))


def test_each_forbid_on_a_column_keeps_its_reason(cast: Cast) -> None:
    forbids = [forbid("read", when=this.status == status, why=f"it is {status}") for status in Book.Status.values]
    action = action_with(Book, allow("viewer"), *forbids)
    for status in Book.Status.values:
        found = action.forbidding(cast.principal("bob"), Book(status=status))
        assert found is not None
        assert found.why == f"it is {status}"


def test_the_border_of_the_tenant_stands_outside_the_rules(cast: Cast) -> None:
    dora, charlie = cast.principal("dora"), cast.principal("charlie")
    book = Book.objects.create(tenant=cast.acme)
    stray = Book.objects.create(tenant=None)
    assert check(dora, "read", book)
    assert not check(charlie, "read", book)
    assert not check(dora, "read", stray)
    outside = Principal(cast.dora, None, dora.roles, known=True)
    assert not check(outside, "read", stray)
    assert scope(outside, "read", Book) is Verdict.NONE


def test_sudo_crosses_the_border_and_is_told_of(cast: Cast, heard: Heard) -> None:
    theirs = Book.objects.create(tenant=cast.other)
    held = Book.objects.create(tenant=cast.other, on_hold=True)
    with sudo(cast.principal("dora"), reason="ticket 12") as crossing:
        assert set(scoped(Book.objects.all(), crossing)) == {theirs, held}
        assert check(crossing, "delete", theirs)
        assert not check(crossing, "delete", held)
    (event,) = heard.named("sudo_used")
    assert (event["user"], event["data"]["reason"]) == (cast.dora, "ticket 12")
    assert "test_engine.py:" in event["data"]["place"]
    assert not check(cast.principal("dora"), "read", theirs)


def test_sudo_without_a_reason_or_without_a_witness_crosses_nothing(cast: Cast) -> None:
    from authz.signals import sudo_used

    with pytest.raises(ValueError, match="reason"):
        sudo(cast.principal("dora"), reason=" ")

    def broken(**_: Any) -> None:
        raise RuntimeError("the audit log is down")

    sudo_used.connect(broken, weak=False)
    try:
        with pytest.raises(RuntimeError), sudo(cast.principal("dora"), reason="x"):
            pytest.fail("crossed without a witness")
    finally:
        sudo_used.disconnect(broken)


class Broken:
    """A user whose attributes cannot be read."""

    pk = None
    is_authenticated = is_active = True

    @property
    def is_staff(self) -> bool:
        raise AttributeError("no such attribute today")


def test_an_error_in_an_allow_allows_nothing_and_leaves_the_other_rules(
    db: None, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    row = Shelf.objects.create(floor=1)
    one = action_with(Shelf, allow("viewer", (this.floor == 1) | (me.is_staff == True)))  # noqa: E712
    two = action_with(Shelf, allow("viewer", me.is_staff == True) | allow("viewer", this.floor == 1))  # noqa: E712
    broken = viewer(Broken())
    assert not one.check(broken, row)
    assert one.scope(broken) is Verdict.NONE
    assert "test_engine.py" in caplog.text
    assert two.check(broken, row)
    assert disagreements(broken, two, Shelf.objects.all()) == []
    assert heard.named("policy_failed") == []


def test_an_error_in_a_forbid_denies_and_is_told_of(db: None, heard: Heard) -> None:
    """Where Cedar's forbid on a missing attribute lets pass, this one denies."""
    row = Shelf.objects.create(floor=1)
    action = action_with(Shelf, allow("viewer"), forbid("read", when=me.is_staff == False))  # noqa: E712
    broken = viewer(Broken())
    assert not action.check(broken, row)
    assert action.scope(broken) is Verdict.NONE
    first, second = heard.named("policy_failed")
    assert first["target"] == row
    assert second["target"] is None
    assert (first["outcome"], first["data"]["error"]) == ("failed", "AttributeError")
    assert "test_engine.py:" in first["data"]["rule"]


def test_a_value_that_the_column_cannot_hold_is_an_error_not_a_query(cast: Cast) -> None:
    action = action_with(Shelf, allow("viewer", this.name == me.email))
    cast.alice.email = "a\0b"
    assert action.scope(viewer(cast.alice)) is Verdict.NONE
    assert not action.check(viewer(cast.alice), Shelf(name="a\0b"))


def test_nobody_is_never_the_owner_of_what_nobody_owns() -> None:
    action = action_with(Book, allow("viewer", this.owner == me) | allow("viewer", this.note == me.email))
    assert not action.check(viewer(), Book(owner=None, note=None))
    assert action.scope(viewer()) is Verdict.NONE


def test_none_of_a_user_matches_nothing(cast: Cast) -> None:
    cast.alice.email = None
    action = action_with(Book, allow("viewer", this.note == me.email))
    assert not action.check(viewer(cast.alice), Book(note=None))
    assert action.scope(viewer(cast.alice)) is Verdict.NONE


def test_scopes_that_need_no_query_make_none(cast: Cast, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert list(scoped(Book.objects.all(), cast_nobody(cast))) == []
    with django_assert_num_queries(1):
        list(scoped(Shelf.objects.all(), Principal(cast.bob, roles=frozenset({"authenticated"}), known=True)))


def cast_nobody(cast: Cast) -> Principal:
    return Principal(cast.nobody, cast.acme.pk, frozenset({"anyone", "authenticated"}), known=True)


def test_a_scope_without_conditions_is_all() -> None:
    assert action_with(Shelf, allow("viewer")).scope(viewer()) is Verdict.ALL
    assert action_with(Shelf, allow("viewer", env.mfa)).scope(viewer(mfa=True)) is Verdict.ALL
    assert action_with(Shelf, allow("viewer", env.mfa)).scope(viewer(mfa=False)) is Verdict.NONE


def test_a_check_of_a_loaded_row_asks_the_database_nothing(cast: Cast, django_assert_num_queries: Any) -> None:
    book = Book.objects.create(tenant=cast.acme, owner=cast.alice)
    alice = cast.principal("alice")
    check(alice, "update", book)
    with django_assert_num_queries(0):
        for action in ("read", "create", "update", "delete", "publish"):
            check(alice, action, book)


@pytest.mark.parametrize(
    ("now", "inside"), [("08:59:59", False), ("09:00:00", True), ("17:59:59", True), ("18:00:00", False)]
)
def test_hours_are_those_of_the_stated_zone(now: str, inside: bool) -> None:
    import datetime as dt
    from zoneinfo import ZoneInfo

    moment = dt.datetime.fromisoformat(f"2026-07-01T{now}").replace(tzinfo=ZoneInfo("Asia/Tokyo"))
    action = action_with(Shelf, allow("viewer", env.time.between("09:00", "18:00", zone="Asia/Tokyo")))
    assert action.check(viewer(now=moment.astimezone(dt.UTC)), Shelf()) is inside


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.255.255.255", True),
        ("11.0.0.0", False),
        ("::ffff:10.0.0.1", True),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("::a00:1", False),
        ("", False),
    ],
)
def test_networks_hold_addresses_of_their_own_version(address: str, inside: bool) -> None:
    from django.test import RequestFactory

    from authz.environment import Environment

    request = RequestFactory().get("/", REMOTE_ADDR=address)
    who = Principal(AnonymousUser(), roles=VIEWER, env=Environment(request))
    action = action_with(Shelf, allow("viewer", env.ip.within("10.0.0.0/8", "2001:db8::/32")))
    assert action.check(who, Shelf()) is inside


@pytest.mark.parametrize("network", ["10.0.0.0/8", "::ffff:10.0.0.0/104"])
@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3"])
def test_an_address_and_a_network_may_be_written_as_mapped_ones(network: str, address: str) -> None:
    action = action_with(Book, allow("anyone", env.ip.within(network)))
    assert action.check(Principal(None, env=FixedEnvironment(ip=address)), Book())


@pytest.mark.parametrize("rule", ["me == {!r}", "me.pk == {!r}", "me.in_([{!r}])", "me.pk.in_([None, {!r}])"])
def test_a_forbid_knows_a_user_whose_key_is_written_as_text(cast: Cast, book: Callable[..., Book], rule: str) -> None:
    when = Condition(read(rule.format(str(cast.alice.pk)), Site("rules.toml", 1)))
    action = action_with(Book, allow("viewer"), forbid("read", when=when))
    book()
    for name, allowed in [("alice", False), ("bob", True)]:
        who = cast.principal(name)
        assert [action.check(who, row) for row in Book.objects.all()] == [allowed]
        assert disagreements(who, action, Book.objects.all()) == []


def test_groups_of_the_user_are_a_collection(cast: Cast, django_assert_num_queries: Any) -> None:
    action = action_with(get_user_model(), allow("viewer", this.groups.in_(me.groups)))
    staff = Group.objects.create(name="staff")
    cast.alice.groups.add(staff)
    cast.bob.groups.add(staff)
    people = get_user_model().objects
    assert disagreements(viewer(cast.alice), action, people.all()) == []
    found = action.scope(viewer(cast.alice))
    assert not isinstance(found, Verdict)
    assert set(people.filter(found)) == {cast.alice, cast.bob}
    assert action.scope(viewer(cast.charlie)) is Verdict.NONE


def test_a_row_is_found_once_however_many_of_its_rows_fit(db: None) -> None:
    book = Book.objects.create()
    for number in range(3):
        book.tags.add(Tag.objects.create(name="x"))
        Loan.objects.create(book=book, days=number)
    action = action_with(Book, allow("viewer", (this.tags.name == "x") & (this.loans.days >= 0)))
    assert disagreements(viewer(), action, Book.objects.all()) == []
    assert action.check(viewer(), book)


def test_conditions_on_one_related_row_are_about_the_same_row(cast: Cast) -> None:
    book = Book.objects.create()
    Loan.objects.create(book=book, borrower=cast.alice, open=False)
    Loan.objects.create(book=book, borrower=cast.bob, open=True)
    same = action_with(Book, allow("viewer", this.loans.any((this.borrower == me) & this.open)))
    apart = action_with(Book, allow("viewer", (this.loans.borrower == me) & (this.loans.open == True)))  # noqa: E712
    assert not same.check(viewer(cast.alice), book)
    assert same.check(viewer(cast.bob), book)
    assert apart.check(viewer(cast.alice), book)


def test_a_row_that_is_not_saved_is_compared_as_it_will_be_saved(cast: Cast) -> None:
    """A text where a UUID or a number belongs is what Django would save: a forbid must not miss it."""
    action = action_with(Book, allow("viewer"), forbid("read", when=(this.owner == me) | (this.pages == 3)))
    assert not action.check(viewer(cast.alice), Book(owner_id=str(cast.alice.pk)))
    assert not action.check(viewer(cast.alice), Book(pages="3"))
    assert action.check(viewer(cast.alice), Book(pages="4"))
    assert not action.check(viewer(cast.alice), Book(pages="many"))


def test_async_answers_are_the_same(cast: Cast, rf: Any) -> None:
    books = [Book.objects.create(tenant=cast.acme, owner=cast.alice), Book.objects.create(tenant=cast.other)]
    request = rf.get("/")
    request.user = cast.alice

    async def ask() -> tuple[list[bool], Q | Verdict, list[Book], Principal]:
        who = await aprincipal(request)
        rows = await ascoped(Book.objects.all(), who)
        checked = [await acheck(who, "read", book) for book in books]
        return checked, await ascope(who, "read", Tag), [book async for book in rows], who

    checked, tags, found, who = async_to_sync(ask)()
    assert (checked, tags, found) == ([True, False], Verdict.NONE, [books[0]])
    assert who is principal(request)
