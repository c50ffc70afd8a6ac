"""An explanation gives the decision, the rule that made it, and what each condition was about this row."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from authz import registry
from authz.engine import check
from authz.explaining import explain
from authz.models import Membership
from authz.policies import Policy, allow, forbid, me, this
from tests.authz.conftest import Cast
from tests.authz.library.models import Book, Cover, Loan

pytestmark = pytest.mark.django_db


def test_the_rule_that_allows_is_named_with_its_values(cast: Cast) -> None:
    book = Book(tenant=cast.acme, owner=cast.alice, status="draft")
    told = explain(cast.principal("alice"), "update", book)
    assert told.allowed
    assert told.reason == "allowed to 'author'"
    assert "library/policies.py:" in str(told.rule)
    text = str(told)
    assert text.startswith("ALLOWED: allowed to 'author'")
    assert f"this.owner == me: yes [this.owner = {cast.alice.pk!r}, me = {cast.alice.pk!r}]" in text
    assert "this.status == 'draft': yes [this.status = 'draft']" in text
    assert "allow 'editor'" in text
    assert "not asked" in text


@pytest.mark.parametrize(
    ("name", "action", "values", "reason"),
    [
        ("dora", "update", {"on_hold": True}, "on hold"),
        ("bob", "update", {}, "no rule allows 'update'"),
        ("charlie", "read", {}, "the row is of another tenant"),
        ("dora", "nonsense", {}, "no rule allows 'nonsense'"),
    ],
)
def test_what_denies_is_named(cast: Cast, name: str, action: str, values: dict[str, Any], reason: str) -> None:
    told = explain(cast.principal(name), action, Book(tenant=cast.acme, **values))
    assert (told.allowed, told.reason) == (False, reason)
    assert str(told).startswith("DENIED")


def test_a_model_without_a_policy_is_told(cast: Cast) -> None:
    assert explain(cast.principal("dora"), "read", Cover()).reason == "the model has no policy"


def test_an_error_is_told_where_it_happens(cast: Cast) -> None:
    class LoanPolicy(Policy, model=Loan):
        read = allow("viewer") | allow("viewer", this.days == me.is_staff_number)
        stop = forbid("read", when=this.borrower == me)

    user: Any = type(cast.bob)
    user.is_staff_number = property(lambda self: "many")
    try:
        told = explain(cast.principal("bob"), "read", Loan(days=1))
        assert told.allowed
        assert "TypeError" in str(told)
        assert told.allowed == check(cast.principal("bob"), "read", Loan(days=1))
    finally:
        del user.is_staff_number
        registry.unregister(LoanPolicy)


@pytest.mark.parametrize("action", ["read", "create", "update", "delete", "publish", "export"])
def test_an_explanation_never_differs_from_the_decision(cast: Cast, action: str) -> None:
    for name in ("alice", "bob", "charlie", "dora", "nobody"):
        for values in ({}, {"status": "published"}, {"on_hold": True}, {"owner": cast.bob, "pages": 3}):
            row = Book(**{"tenant": cast.acme, "owner": cast.alice, **values})
            told = explain(cast.principal(name), action, row)
            assert told.allowed == check(cast.principal(name), action, row)
            assert told.allowed == told.reason.startswith("allowed")


def run(**options: str) -> str:
    out = StringIO()
    call_command("authz_explain", stdout=out, **options)
    return out.getvalue()


def test_the_command_tells_it_for_a_name_and_for_a_key(cast: Cast) -> None:
    book = Book.objects.create(tenant=cast.acme, owner=cast.alice)
    for user in ("alice@example.com", str(cast.alice.pk)):
        assert run(user=user, action="update", object=f"library.Book:{book.pk}").startswith("ALLOWED")
    Membership.objects.create(user=cast.alice, tenant=cast.other, role="editor")
    told = run(user="alice@example.com", action="update", object=f"library.Book:{book.pk}", tenant=str(cast.other.pk))
    assert told.startswith("DENIED: the row is of another tenant")


@pytest.mark.parametrize(
    "wrong", [{"user": "x"}, {"object": "library.Nothing:1"}, {"object": "library.Book:x"}, {"object": "x"}]
)
def test_the_command_says_what_is_not_there(cast: Cast, wrong: dict[str, str]) -> None:
    book = Book.objects.create(tenant=cast.acme)
    with pytest.raises(CommandError, match="There is no"):
        run(**({"user": "alice@example.com", "action": "read", "object": f"library.Book:{book.pk}"} | wrong))
