"""What makes no sense is an error when it is compiled, and names its line."""

import datetime as dt
import inspect
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from authz.language.sites import PolicyError
from authz.language.terms import Condition, env, granted, me, this
from authz.policies import Policy, allow, forbid
from authz.testing import action_with
from tests.authz.library.models import Book, Loan

pytestmark = pytest.mark.django_db


def compiled(condition: Condition) -> None:
    action_with(Book, allow("viewer", condition))


REFUSED: list[tuple[Callable[[], Condition], str]] = [
    (lambda: this.titel == "x", "library.Book has no field 'titel'"),
    (lambda: this.shelf.nam == "x", "library.Shelf has no field 'nam'"),
    (lambda: this.title.length == 1, "this.title is a plain value"),
    (lambda: this.tags.naem == "x", "library.Tag has no field 'naem'"),
    (lambda: (this == "x") & this.on_hold, "this alone is the row"),
    (lambda: this.status == "publishd", "its choices are"),
    (lambda: this.status.in_(["draft", "publishd"]), "its choices are"),
    (lambda: this.title == 1, "is no text"),
    (lambda: this.pages == "1", "is no whole number"),
    (lambda: this.pages == True, "is no whole number"),  # noqa: E712
    (lambda: this.pages == 10**20, "out of the column's range"),
    (lambda: this.price == 0.5, "is no decimal number"),
    (lambda: this.price == Decimal("0.005"), "more digits than the column"),
    (lambda: this.on_hold == 1, "is no yes or no"),
    (lambda: this.due_at == dt.datetime(2026, 1, 1), "is no aware date and time"),  # noqa: DTZ001
    (lambda: this.due_at == dt.date(2026, 1, 1), "is no aware date and time"),
    (lambda: this.opens == dt.time(9, tzinfo=dt.UTC), "is no time of day without a zone"),
    (lambda: this.id == "x", "is no UUID"),
    (lambda: this.title == "\0", "a text with a NUL"),
    (lambda: this.title == "\ud800", "lone surrogates"),
    (lambda: this.title < "x", "no database orders as Python does"),
    (lambda: this.pages < None, "only == and != ask for it"),
    (lambda: this.words == "x", "compares with nothing"),
    (lambda: this.pages.startswith("1"), "not a text"),
    (lambda: this.title.startswith(1), "is no text"),
    (lambda: this.title.startswith(this.note), "takes a text"),
    (lambda: this.title.has("x"), "is no JSON list"),
    (this.title.exists, "has one value"),
    (lambda: this.pages == this.title, "two kinds"),
    (lambda: this.owner == this.shelf, "two kinds"),
    (lambda: this.shelf == this.shelf.within.keeper, "two kinds"),
    (lambda: this.owner == this.tags.curator, "many values"),
    (lambda: this.tags.curator == this.owner, "out of sight"),
    (lambda: this.title == me, "no foreign key to the user"),
    (lambda: this.shelf == me, "no foreign key to the user"),
    (lambda: this.pages == me.email, "they cannot compare"),
    (lambda: this.title == me.nonsense, "no field or property for me.nonsense"),
    (lambda: this.title == me.password.length, "plain value"),
    (lambda: this.title.in_(me.groups), "this.title is a text, me.groups a whole number"),
    (lambda: this.shelf.in_(me.groups), "different models"),
    (lambda: this.title.in_(this.tags), "of the row"),
    (lambda: me.in_(this.tags.curator), "put what the row has on the left"),
    (lambda: me.is_staff == "yes", "is no yes or no"),
    (lambda: me.is_staff == me.email, "me.is_staff is a yes or no"),
    (lambda: me.is_staff > None, "only == and != ask for it"),
    (lambda: me.groups == 1, "asked with in_()"),
    (lambda: me == 5, "5 is no UUID"),
    (lambda: me.in_(["alice@example.com"]), "is no UUID"),
    (lambda: me.in_(me.groups), "me is a UUID, me.groups a whole number"),
    (lambda: me.groups.in_([1]), "me.groups has many values"),
    (lambda: me.email.in_([1]), "1 is no text"),
    (lambda: me.email.in_(me.is_staff), "me.email is a text, me.is_staff a yes or no"),
    (lambda: me.email.in_(me.password), "is one value"),
    (lambda: me.is_staff.startswith("y"), "me.is_staff is no text"),
    (lambda: me.email.startswith(1), "1 is no text"),
    (lambda: me.email.endswith(env.mfa), "env.mfa is no text"),
    (lambda: env.ip == "10.0.0.1", "env.ip.within(...) only"),
    (lambda: this.title == env.time, "env.time.between(...) only"),
    (lambda: env.client == 1, "is no text"),
    (lambda: env.now > "2026", "aware date and time"),
    (lambda: env.time.between("09:00", "18:00", zone="Mars/Base"), "no time zone"),
    (lambda: me.has_perm, "me.has_perm is a method"),
    (lambda: this.title == me.get_username, "me.get_username is a method"),
    (lambda: this.weight == 10**400, "is no finite number"),
    (lambda: this.loans.any(granted), "speaks of the row of the rule"),
    (lambda: this.tags.any(this.pages == 1), "library.Tag has no field 'pages'"),
]


@pytest.mark.parametrize(("write", "problem"), REFUSED, ids=[problem for _, problem in REFUSED])
def test_nonsense_is_refused_and_its_line_is_named(write: Callable[[], Condition], problem: str) -> None:
    with pytest.raises(PolicyError, match=r"test_language\.py:\d+") as caught:
        compiled(write())
    assert problem in caught.value.problem
    assert write.__name__ != "<lambda>" or caught.value.site.line == inspect.getsourcelines(write)[1]


@pytest.mark.parametrize(
    "write",
    [
        lambda: me.email == "stuff",
        lambda: me.email != "stuff",
        lambda: me.email.in_(["staff", "stuff"]),
        lambda: this.on_hold & ~(me.email == "stuff"),
    ],
)
def test_a_value_that_a_column_of_the_user_never_has_is_refused(
    write: Callable[[], Condition], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_user_model()._meta.get_field("email"), "choices", [("staff", "Staff"), ("guest", "Guest")])
    with pytest.raises(PolicyError, match=r"me.email is never 'stuff': its choices are \['staff', 'guest'\]"):
        compiled(write())
    compiled((me.email == "staff") | me.email.in_(["guest", None]) | (me.email == None) | me.email.startswith("st"))  # noqa: E711


@pytest.mark.parametrize(
    ("write", "problem"),
    [
        (lambda: env.ip.within("10.0.0.0/99"), "10.0.0.0/99"),
        (lambda: env.ip.within("10.0.0.1/8"), "host bits"),
        (env.ip.within, "takes networks"),
        (lambda: env.ip.within(10), "takes networks"),  # type: ignore[arg-type]  # else 0.0.0.10/32
        (lambda: this.title.in_("ab"), "'ab' alone would be its letters"),
        (lambda: me.email.in_("ab"), "'ab' alone would be its letters"),
        (lambda: this.title.in_(b"ab"), "alone would be its letters"),
        (lambda: env.time.between(9, 18), "must be str"),  # type: ignore[arg-type]
        (lambda: env.time.between("09:00", "18:00", zone=this.title), "is no name of a time zone"),  # type: ignore[arg-type]
        (lambda: env.time.between("9 o'clock", "18:00"), "Invalid isoformat"),
        (lambda: env.time.between("09:00+01:00", "18:00"), "has no offset"),
        (lambda: env.ipp, "There is no env.ipp"),
        (lambda: this.title == "x" and this.pages == 1, "cannot be"),
        (lambda: not this.on_hold, "cannot be"),
        (lambda: 1 < this.pages < 3, "cannot be"),
        (lambda: this.pages.in_([this.limit]), "holds values, not terms"),
        (lambda: allow("viewer", "this.title"), "is no condition"),  # type: ignore[arg-type]
        (lambda: forbid(when=this.on_hold), "at least one action"),
    ],
)
def test_nonsense_is_refused_while_it_is_written(write: Callable[[], Any], problem: str) -> None:
    with pytest.raises(PolicyError, match=r"test_language\.py:\d+") as caught:
        write()
    assert problem in caught.value.problem


def test_every_part_of_a_rule_is_compiled_though_an_earlier_one_decides() -> None:
    with pytest.raises(PolicyError, match="no field 'titel'"):
        compiled(this.pages.in_([]) & (this.titel == "x"))


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        ((this.owner == me) & ~(this.status == "draft"), "(this.owner == me) & ~(this.status == 'draft')"),
        (this.tags.name.in_(["a", None]), "this.tags.name.in_(['a', None])"),
        (this.loans.any(this.days > 3), "this.loans.any(this.days > 3)"),
        (this.loans.exists() | granted, "this.loans.exists() | granted"),
        (this.title.startswith("a"), "this.title.startswith('a')"),
        (this.words.has("a"), "this.words.has('a')"),
        (env.ip.within("10.0.0.0/8"), "env.ip.within('10.0.0.0/8')"),
        (env.time.between("09:00", "18:00", zone="UTC"), "env.time.between('09:00', '18:00', 'UTC')"),
        (env.time.between("09:00", "18:00"), "env.time.between('09:00', '18:00')"),
        (env.time.between("09:00:30", "18:00:00.5"), "env.time.between('09:00:30', '18:00:00.500000')"),
        (env.ip.within("::ffff:10.0.0.0/104"), "env.ip.within('10.0.0.0/8')"),
        (this.title.in_({"c", "a", "b", None}), "this.title.in_(['a', 'b', 'c', None])"),
        (this.on_hold, "this.on_hold == True"),
        (env.mfa, "env.mfa == True"),
        (this["any"] == 1, "this.any == 1"),
    ],
)
def test_a_condition_is_printed_as_it_was_written(condition: Condition, text: str) -> None:
    assert repr(condition) in {text, text.removesuffix(" == True")}


def test_a_field_with_the_name_of_a_method_is_reached_by_brackets() -> None:
    assert repr(this["in_"].x) == "this.in_.x"


def test_terms_are_no_containers_and_no_keys() -> None:
    with pytest.raises(TypeError):
        hash(this.title)
    with pytest.raises(AttributeError):
        _ = this._private
    with pytest.raises(AttributeError):
        _ = me._private
    with pytest.raises(AttributeError):
        _ = env.__nothing__


def test_two_policies_for_one_model_are_refused() -> None:
    with pytest.raises(PolicyError, match="Book has a policy already"):

        class Other(Policy, model=Book):
            pass


def test_a_policy_without_a_model_lends_its_rules() -> None:
    class Shared(Policy):
        stop = forbid("read", when=this.open)
        read = allow("viewer")

    class Special(Shared):
        write = allow("author")

    Special.model = Loan
    assert (set(Special.allows()), len(Special.forbids())) == ({"read", "write"}, 1)
