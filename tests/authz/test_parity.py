"""`check()` and `scope()` are one rule: over random rows and rules they agree, and with a plain reading too.

PARITY_EXAMPLES sets how many cases are tried (10 000 and more take minutes).
"""

import datetime as dt
import os
import uuid
from math import inf, nan
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from authz.environment import FixedEnvironment
from authz.language import kinds
from authz.language.terms import Condition, tree_of
from authz.models import Tenant
from authz.policies import allow, forbid
from authz.principals import Principal
from authz.testing import SAMPLES, action_with, conditions, disagreements
from tests.authz import naive
from tests.authz.library.models import Book, Cover, Loan, Shelf, Tag

EXAMPLES = int(os.environ.get("PARITY_EXAMPLES", "150"))
USERS = [uuid.UUID(int=number) for number in (1, 2)]
TENANTS = [uuid.UUID(int=number) for number in (1, 2)]


rules = conditions(Book, among=[Book, Shelf, Tag, Loan, Cover])


def maybe(kind: kinds.Kind) -> st.SearchStrategy[Any]:
    return st.sampled_from([*SAMPLES[kind], None])


user_ids = st.sampled_from([*USERS, None])
index = st.integers(0, 2)
shelves = st.fixed_dictionaries(
    {"name": st.sampled_from(SAMPLES[kinds.TEXT]), "floor": maybe(kinds.INTEGER), "keeper_id": user_ids}
)
tags = st.fixed_dictionaries(
    {"name": st.sampled_from(SAMPLES[kinds.TEXT]), "secret": maybe(kinds.BOOLEAN), "curator_id": user_ids}
)
loans = st.fixed_dictionaries({"borrower_id": user_ids, "days": maybe(kinds.INTEGER), "open": st.booleans()})
books = st.fixed_dictionaries(
    {
        "tenant_id": st.sampled_from([*TENANTS, None]),
        "title": st.sampled_from(SAMPLES[kinds.TEXT]),
        "note": maybe(kinds.TEXT),
        "status": st.sampled_from(Book.Status.values),
        "pages": maybe(kinds.INTEGER),
        "limit": st.sampled_from(SAMPLES[kinds.INTEGER]),
        "price": maybe(kinds.DECIMAL),
        "on_hold": st.booleans(),
        "words": st.one_of(
            st.none(), st.lists(st.sampled_from(SAMPLES[kinds.TEXT]), max_size=2), st.just({"a": "a"}), st.just(1)
        ),
        "due_at": maybe(kinds.DATETIME),
        "weight": st.sampled_from([*SAMPLES[kinds.FLOAT], inf, -inf, nan, None]),
        "bought_on": maybe(kinds.DATE),
        "opens": maybe(kinds.TIME),
        "lasts": maybe(kinds.DURATION),
        "mark": maybe(kinds.UUID),
        "owner_id": user_ids,
        "shelf": st.one_of(st.none(), index),
        "tags": st.sets(index, max_size=2),
        "loans": st.lists(loans, max_size=2),
        "cover": st.sampled_from(["no cover", None, "a"]),
    }
)
worlds = st.fixed_dictionaries(
    {
        "shelves": st.lists(shelves, min_size=3, max_size=3),
        "tags": st.lists(tags, min_size=3, max_size=3),
        "books": st.lists(books, min_size=2, max_size=5),
    }
)


def make(world: dict[str, Any]) -> None:
    made = [Shelf.objects.create(**values) for values in world["shelves"]]
    made[0].within = made[1]
    made[0].save()
    labels = [Tag.objects.create(**values) for values in world["tags"]]
    for values in world["books"]:
        rest = {name: values[name] for name in values if name not in {"shelf", "tags", "loans", "cover"}}
        book = Book.objects.create(shelf=None if values["shelf"] is None else made[values["shelf"]], **rest)
        book.tags.set([labels[number] for number in values["tags"]])
        Loan.objects.bulk_create(Loan(book=book, **loan) for loan in values["loans"])
        if values["cover"] != "no cover":
            Cover.objects.create(book=book, colour=values["cover"])


@pytest.fixture(autouse=True)
def people(db: None) -> None:
    for number, key in enumerate(USERS):
        get_user_model().objects.create(pk=key, email=f"{number}@example.com", is_staff=number == 1)
    for number, key in enumerate(TENANTS):
        Tenant.objects.create(pk=key, name=str(number), slug=str(number))


def principal(
    user: uuid.UUID | None, tenant: uuid.UUID | None, roles: frozenset[str], facts: dict[str, Any]
) -> Principal:
    found: Any = get_user_model().objects.get(pk=user) if user else AnonymousUser()
    return Principal(found, tenant, roles, FixedEnvironment(**facts), known=user is not None)


principals = st.tuples(
    user_ids,
    st.sampled_from([TENANTS[0], None]),
    st.frozensets(st.sampled_from(["viewer", "author"])),
    st.fixed_dictionaries(
        {
            "now": st.sampled_from([dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC) for hour in (5, 6, 12, 22)]),
            "ip": st.sampled_from(["10.1.2.3", "192.0.2.1", "2001:db8::1", ""]),
            "mfa": st.booleans(),
            "client": st.sampled_from(["web", "app"]),
        }
    ),
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    world=worlds,
    viewer=rules,
    author=rules,
    stop=st.one_of(st.none(), rules),
    tenant=st.sampled_from(["", "tenant"]),
    asker=principals,
    denied=st.sampled_from(["", "author"]),
)
def test_a_rule_finds_exactly_the_rows_that_it_allows(
    *,
    world: dict[str, Any],
    viewer: Condition,
    author: Condition,
    stop: Condition | None,
    tenant: str,
    asker: Any,
    denied: str,
) -> None:
    forbids = [] if stop is None else [forbid("read", when=stop, role=denied)]
    action = action_with(Book, allow("viewer", viewer) | allow("author", author), *forbids, tenant=tenant)
    with transaction.atomic():
        make(world)
        who = principal(*asker)
        assert disagreements(who, action, Book.objects.all()) == []
        for row in Book.objects.all():
            allowed = ("viewer" in who.roles and naive.holds(tree_of(viewer), row, who)) or (
                "author" in who.roles and naive.holds(tree_of(author), row, who)
            )
            inside = not tenant or (who.tenant_id is not None and row.tenant_id == who.tenant_id)
            stopped = stop is not None and denied in {"", *who.roles} and naive.holds(tree_of(stop), row, who)
            assert action.check(who, row) == (inside and allowed and not stopped)
        transaction.set_rollback(True)
