"""A create gets what the policy sets, in the principal's tenant, and is decided about before it is saved."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from authz import registry
from authz.policies import Fields, Policy, allow, me
from tests.authz.conftest import Cast
from tests.authz.library.models import Book, Loan

pytestmark = [pytest.mark.urls("tests.authz.library.urls"), pytest.mark.django_db]
Client = Callable[[str], APIClient]
Make = Callable[..., Book]


def test_a_create_gets_the_owner_and_the_tenant_of_the_policy(client_of: Client, cast: Cast) -> None:
    answer = client_of("alice").post("/books/", {"title": "new"})
    assert answer.status_code == 201, answer.data
    made = Book.objects.get()
    assert (made.owner, made.tenant) == (cast.alice, cast.acme)
    assert set(answer.data) == {"id", "title", "status", "note"}


def test_a_viewer_creates_nothing(client_of: Client) -> None:
    assert client_of("bob").post("/books/", {"title": "new"}).status_code == 403
    assert not Book.objects.exists()


def test_a_create_for_another_is_refused_before_it_is_saved(client_of: Client, cast: Cast) -> None:
    """The host's own hook names another owner: the row that is about to be saved is not the author's."""
    with CaptureQueriesContext(connection) as queries:
        answer = client_of("alice").post("/stubborn/", {"title": "x"}, headers={"X-Owner": str(cast.bob.pk)})
    assert answer.status_code == 403
    assert not Book.objects.exists()
    assert not any(query["sql"].startswith('INSERT INTO "library_book"') for query in queries)


def test_a_create_in_another_tenant_is_refused_not_put_elsewhere(client_of: Client, cast: Cast) -> None:
    answer = client_of("alice").post("/stubborn/", {"title": "x"}, headers={"X-Tenant": str(cast.other.pk)})
    assert (answer.status_code, Book.objects.count()) == (403, 0)
    answer = client_of("alice").post("/stubborn/", {"title": "x"}, headers={"X-Tenant": str(cast.acme.pk)})
    assert (answer.status_code, Book.objects.get().tenant) == (201, cast.acme)


def test_a_preset_gives_way_to_input_that_may_set_the_field(client_of: Client, cast: Cast, book: Make) -> None:
    class LoanPolicy(Policy, model=Loan):
        read = create = allow("viewer")
        fields = {"viewer": Fields(read="id", write="book days", preset={"book": me.pk, "days": 3})}

    try:
        row = book(status="published")
        assert client_of("bob").post("/loans/", {"book": str(row.pk), "days": 5}).status_code == 201
        assert [(loan.book, loan.days) for loan in Loan.objects.all()] == [(row, 5)]
        assert client_of("bob").post("/loans/", {"book": str(row.pk)}).status_code == 201
        assert sorted(loan.days or 0 for loan in Loan.objects.all()) == [3, 5]
    finally:
        registry.unregister(LoanPolicy)
