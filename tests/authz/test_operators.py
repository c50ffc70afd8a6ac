"""Every operator of the language with its answer written out by hand, for the check and for the filter."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from authz.engine import Verdict
from authz.environment import FixedEnvironment
from authz.language.terms import Condition, env, granted, me, this
from authz.models import Grant
from authz.policies import allow
from authz.principals import Principal
from authz.testing import action_with, disagreements
from tests.authz.conftest import Cast
from tests.authz.library.models import Book, Cover, Loan, Shelf, Tag

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
ALL, NONE = {"a", "b", "c"}, set[str]()


@pytest.fixture
def library(cast: Cast) -> Cast:
    """Three books: `a` has everything, `b` something, `c` nothing."""
    top = Shelf.objects.create(name="Top", floor=3, keeper=cast.alice)
    low = Shelf.objects.create(name="Low", floor=None, within=top)
    a = Book.objects.create(
        title="a",
        note="Note",
        status="published",
        pages=10,
        limit=10,
        price=Decimal("1.50"),
        words=["tea", "milk"],
        due_at=NOON,
        owner=cast.alice,
        shelf=top,
        on_hold=True,
    )
    b = Book.objects.create(title="b", note="", pages=5, limit=9, words=[], owner=cast.bob, shelf=low)
    Book.objects.create(title="c")
    red, blue = (Tag.objects.create(name=name, curator=cast.alice) for name in ("red", "blue"))
    a.tags.set([red, blue])
    b.tags.set([blue])
    Loan.objects.create(book=a, borrower=cast.bob, days=7, open=False)
    Loan.objects.create(book=a, borrower=cast.alice, days=1)
    Cover.objects.create(book=a, colour="green")
    Grant.objects.give(action="read", target=b, user=cast.alice)
    return cast


CASES: list[tuple[Condition, set[str]]] = [
    # attributes, across foreign keys
    (this.title == "a", {"a"}),
    (this.title != "a", {"b", "c"}),
    (this.shelf.name == "Top", {"a"}),
    (this.shelf.within.name == "Top", {"b"}),
    (this.shelf.within.keeper == me, {"b"}),
    (this.cover.colour == "green", {"a"}),
    (this.cover.isnull(), {"b", "c"}),
    # comparison
    (this.pages < 10, {"b"}),
    (this.pages <= 10, {"a", "b"}),
    (this.pages > 5, {"a"}),
    (this.pages >= 5, {"a", "b"}),
    (~(this.pages >= 5), {"c"}),
    (this.price == Decimal("1.5"), {"a"}),
    (this.pages == this.limit, {"a"}),
    (this.pages < this.limit, {"b"}),
    (~(this.pages < this.limit), {"a", "c"}),
    (this.pages >= 5, {"a", "b"}),
    # in, isnull
    (this.title.in_(["a", "c"]), {"a", "c"}),
    (this.note.in_(["Note", None]), {"a", "c"}),
    (~this.note.in_(["Note", None]), {"b"}),
    (this.note.in_([]), NONE),
    (~this.note.in_([]), ALL),
    (this.note.isnull(), {"c"}),
    (this.note == None, {"c"}),  # noqa: E711
    (this.note != None, {"a", "b"}),  # noqa: E711
    (this.shelf.floor.isnull(), {"b", "c"}),
    # text prefix and suffix, in their case
    (this.note.startswith("No"), {"a"}),
    (this.note.startswith("no"), NONE),
    (this.note.endswith("te"), {"a"}),
    (this.note.startswith(""), {"a", "b"}),
    (~this.note.endswith("te"), {"b", "c"}),
    # sets and tags: many rows, JSON lists
    (this.tags.name == "blue", {"a", "b"}),
    (~(this.tags.name == "blue"), {"c"}),
    (this.tags.name != "blue", {"c"}),  # none of them is blue: the opposite of ==
    (this.tags.name.in_(["red", "green"]), {"a"}),
    (this.tags.exists(), {"a", "b"}),
    (~this.tags.exists(), {"c"}),
    (this.tags.curator == me, {"a", "b"}),
    (this.loans.any((this.borrower == me) & this.open), {"a"}),
    (this.loans.any((this.borrower == me) & (this.days > 1)), NONE),
    (this.words.has("tea"), {"a"}),
    (~this.words.has("tea"), {"b", "c"}),
    # me
    (this.owner == me, {"a"}),
    (this.owner != me, {"b", "c"}),
    (this.owner.email == me.email, {"a"}),
    (this.on_hold == me.is_staff, {"b", "c"}),
    (me.email.endswith("@example.com") & (this.title == "b"), {"b"}),
    # env
    (env.ip.within("10.0.0.0/8", "2001:db8::/32"), ALL),
    (env.ip.within("192.0.2.0/24"), NONE),
    (env.time.between("09:00", "12:00", zone="UTC"), NONE),
    (env.time.between("09:00", "14:00", zone="Europe/Vienna"), ALL),
    (this.due_at <= env.now, {"a"}),
    (this.due_at < env.now, NONE),
    (env.now > dt.datetime(2025, 1, 1, tzinfo=dt.UTC), ALL),
    (env.mfa & (this.title == "c"), {"c"}),
    (env.client == "web", ALL),
    (env.client != "web", NONE),
    (env.client.in_(["app", "cli"]), NONE),
    # grants, and joining
    (granted, {"b"}),
    (~granted, {"a", "c"}),
    (granted | (this.owner == me), {"a", "b"}),
    ((this.pages > 5) & this.on_hold | (this.title == "c"), {"a", "c"}),
    (~((this.pages > 5) | (this.title == "c")), {"b"}),
    (~~this.on_hold, {"a"}),
]


@pytest.mark.parametrize(("condition", "titles"), CASES, ids=[repr(condition) for condition, _ in CASES])
def test_it_is_true_of_these_books(library: Cast, condition: Condition, titles: set[str]) -> None:
    facts = FixedEnvironment(now=NOON, ip="10.1.2.3", mfa=True, client="web")
    who = Principal(library.alice, library.acme.pk, frozenset({"viewer"}), facts, known=True)
    action = action_with(Book, allow("viewer", condition))
    assert {book.title for book in Book.objects.all() if action.check(who, book)} == titles
    found: Any = action.scope(who)
    if isinstance(found, Verdict):
        assert titles == (ALL if found is Verdict.ALL else NONE)
    else:
        assert sorted(Book.objects.filter(found).values_list("title", flat=True)) == sorted(titles)
    assert disagreements(who, action, Book.objects.all()) == []
