"""Columns whose values a database and Python see differently: compared alike, or refused at startup."""

from collections.abc import Iterator
from decimal import Decimal
from math import inf, nan
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, models
from django.db.models import F, Model, Value
from django.db.models.functions import Concat
from django.test.utils import isolate_apps

from authz.language.sites import PolicyError
from authz.language.terms import Condition, this
from authz.policies import allow, forbid
from authz.principals import Principal
from authz.testing import action_with, disagreements, paths
from tests.authz.library.models import Book

pytestmark = pytest.mark.django_db
WHO = Principal(AnonymousUser(), roles=frozenset({"viewer"}))


class LowerField(models.CharField):  # type: ignore[type-arg]
    def get_prep_value(self, value: Any) -> Any:
        return str(value).lower()


class PaddedField(models.CharField):  # type: ignore[type-arg]
    def db_type(self, connection: Any) -> str:
        return "char(20)"


@pytest.fixture
def odd() -> Iterator[type[Model]]:
    with isolate_apps("tests.authz.library"):

        class Odd(models.Model):
            folded = models.CharField(max_length=20, db_collation="nocase")
            lower = LowerField(max_length=20)
            padded = PaddedField(max_length=20)
            plain = models.CharField(max_length=20)
            scan = models.FileField(null=True)
            exact = models.DecimalField(max_digits=15, decimal_places=2)
            large = models.DecimalField(max_digits=16, decimal_places=2)

            class Meta:
                app_label = "library"

            def __str__(self) -> str:
                return self.plain

        yield Odd


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        (this.folded == "a", "this.folded has the collation 'nocase'"),
        (this.folded.in_(["a"]), "this.folded has the collation 'nocase'"),
        (this.folded.startswith("a"), "this.folded has the collation 'nocase'"),
        (this.plain == this.folded, "this.folded has the collation 'nocase'"),
        (this.lower != "A", "this.lower is converted by LowerField.get_prep_value()"),
        (this.padded.endswith("a"), "this.padded is converted by PaddedField.db_type()"),
    ],
)
def test_a_column_that_is_compared_by_rules_of_its_own_is_refused(
    odd: type[Model], condition: Condition, problem: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        action_with(odd, allow("viewer", condition))
    assert problem in caught.value.problem
    action_with(odd, allow("viewer", this.folded.isnull() | this.lower.isnull()))


def test_the_generator_leaves_such_columns_out(odd: type[Model]) -> None:
    large = set() if connection.vendor == "sqlite" else {"large"}
    assert {field.name for _, field in paths(odd, 0)} == {"id", "plain", "scan", "exact"} | large


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        (this.scan.startswith("a"), True),
        (this.scan.endswith("a"), False),
        (this.scan == "ab", True),
        (this.scan.in_(["b", None]), False),
        (this.scan.isnull(), False),
    ],
)
def test_a_file_is_compared_by_its_name(odd: type[Model], condition: Condition, allowed: bool) -> None:
    assert action_with(odd, allow("viewer", condition)).check(WHO, odd(scan="ab")) is allowed


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [(this.weight > 1, True), (this.weight >= 1, True), (this.weight < 1, False), (this.weight == 1, False)],
)
def test_no_number_is_ordered_as_postgresql_does(condition: Condition, allowed: bool) -> None:
    action, opposite = (action_with(Book, allow("viewer", rule)) for rule in (condition, ~condition))
    unsaved = Book(weight=nan)
    assert (action.check(WHO, unsaved), opposite.check(WHO, unsaved)) == (allowed, not allowed)
    for weight in (nan, inf, -inf, 0.5, None):
        Book.objects.create(weight=weight)
    for one in (action, opposite):
        assert disagreements(WHO, one, Book.objects.all()) == []


@pytest.mark.parametrize("large", [this.large == 1, this.large.in_([1]), this.exact < this.large])
def test_a_number_of_more_digits_than_sqlite_keeps_is_refused_there(odd: type[Model], large: Condition) -> None:
    action_with(odd, allow("viewer", this.exact == Decimal("0.01")))
    if connection.vendor != "sqlite":
        action_with(odd, allow("viewer", large))
        return
    with pytest.raises(PolicyError) as caught:
        action_with(odd, allow("viewer", large))
    assert "this.large has more than the 15 digits that SQLite keeps" in caught.value.problem


@pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases hold no NUL")
@pytest.mark.parametrize(
    "condition",
    [
        *(this.title.endswith(text) for text in ("a", "b", "ab", "ä", "aä")),
        *(this.title.startswith(text) for text in ("a", "b", "ab", "ä")),
        this.title == "a",
        this.title.in_(["a", "ab"]),
        *(this.words.has(text) for text in ("a", "b", "ab", "\\", "\\u0000", "a\\", "\\u0000\\")),
    ],
)
def test_a_nul_ends_no_text(condition: Condition) -> None:
    texts = [
        "a",
        "b",
        "ab",
        "a\0",
        "\0a",
        "a\0b",
        "b\0a",
        "aä",
        "\0ä",
        "ä\0",
        "\0",
        "",
        "\\",
        "\\u0000",
        "a\\\0",
        "\\u0000\\\0",
    ]
    for text in texts:
        Book.objects.create(title=text, words=[text, "z\0"])
    for rule in (condition, ~condition):
        assert disagreements(WHO, action_with(Book, allow("viewer", rule)), Book.objects.all()) == []


def test_what_only_the_database_knows_is_not_believed() -> None:
    book = Book.objects.create(title="secret")
    book.title = Concat(F("title"), Value("!"))
    action = action_with(Book, allow("viewer"), forbid("read", when=this.title.startswith("secret")))
    assert not action.check(WHO, book)
    assert not action_with(Book, allow("viewer", ~(this.title == "x"))).check(WHO, book)
    book.save()
    book.refresh_from_db()
    assert not action.check(WHO, book)
