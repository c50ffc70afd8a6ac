"""The decision after a change is about what the database has, however the handler wrote it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, models, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.db.models.signals import post_save
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.test import APIClient

from authz import registry
from authz.drf import PolicyViewSet
from authz.policies import Policy, allow, this
from tests.authz.library.models import Book, Loan
from tests.authz.library.serializers import BookSerializer, LoanSerializer

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]
Make = Callable[..., Book]
Write = Callable[[Any], None]


class HandlerViewSet(PolicyViewSet):
    """Does what a test says."""

    write: Write = staticmethod(lambda _row: None)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        type(self).write(self.get_object())
        return Response()

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        raise NotImplementedError


class BookViewSet(HandlerViewSet):
    queryset = Book.objects.order_by("pk")
    serializer_class = BookSerializer


class LoanViewSet(HandlerViewSet):
    queryset = Loan.objects.order_by("pk")
    serializer_class = LoanSerializer


router = SimpleRouter()
router.register("books", BookViewSet)
router.register("loans", LoanViewSet)
urlpatterns = [path("", include(router.urls))]


def rows(book: Book) -> models.QuerySet[Book]:
    return Book.objects.filter(pk=book.pk)


def by_query(book: Book) -> None:
    rows(book).update(status="published")


def by_query_of_nothing(_book: Book) -> None:
    Book.objects.filter(title="no such").update(status="published")


def by_another_instance(book: Book) -> None:
    other = rows(book).get()
    other.status = "published"
    other.save()


def by_sql(book: Book) -> None:
    with connection.cursor() as cursor:
        cursor.execute("update LIBRARY_BOOK set status = 'published' where title = %s", [book.title])


def after_saving(book: Book) -> None:
    book.title = "new"
    book.save()
    by_query(book)


def before_saving_a_part(book: Book) -> None:
    by_query(book)
    book.save(update_fields=["title"])


def by_an_expression(book: Book) -> None:
    rows(book).update(status=Concat(Value("pub"), Value("lished")))


def by_a_save_that_is_undone(book: Book) -> None:
    by_query(book)
    book.status = "draft"
    with transaction.atomic():
        book.save()
        transaction.set_rollback(True)


def in_a_receiver(book: Book) -> None:
    def receive(instance: Book, **_: Any) -> None:
        by_query(instance)

    post_save.connect(receive, sender=Book)
    try:
        book.save()
    finally:
        post_save.disconnect(receive, sender=Book)


@pytest.fixture
def change(client_of: Callable[[str], APIClient], monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    def changed(row: models.Model, write: Write) -> int:
        view: Any = BookViewSet if isinstance(row, Book) else LoanViewSet
        monkeypatch.setattr(view, "write", staticmethod(write))
        route = "books" if isinstance(row, Book) else "loans"
        return client_of("alice").patch(f"/{route}/{row.pk}/", {}).status_code

    return changed


@pytest.mark.parametrize(
    "write",
    [
        by_query,
        by_another_instance,
        by_sql,
        after_saving,
        before_saving_a_part,
        by_an_expression,
        by_a_save_that_is_undone,
        in_a_receiver,
    ],
)
def test_a_change_past_the_row_that_was_decided_about_is_undone(
    change: Callable[..., int], book: Make, write: Write
) -> None:
    """Alice may change her drafts, not publish them."""
    row = book()
    assert change(row, write) == 403
    row.refresh_from_db()
    assert (row.status, row.title) == ("draft", "a book")


def test_what_the_database_works_out_is_decided_about(change: Callable[..., int], book: Make) -> None:
    def count(row: Book) -> None:
        row.limit = F("limit") + 1
        row.save()

    row = book()
    assert change(row, count) == 200
    row.refresh_from_db()
    assert row.limit == 1


def test_a_row_that_goes_with_its_change_is_gone(change: Callable[..., int], book: Make) -> None:
    row = book()
    assert change(row, lambda row: rows(row).delete()) == 200
    assert not rows(row).exists()


@pytest.fixture
def loan(book: Make) -> Iterator[Loan]:
    class LoanPolicy(Policy, model=Loan):
        read = allow("viewer")
        update = allow("viewer", this.book.status == "draft")

    yield Loan.objects.create(book=book())
    registry.unregister(LoanPolicy)


def test_a_row_that_the_rule_leads_to_is_read_again(change: Callable[..., int], loan: Loan) -> None:
    assert change(loan, lambda row: by_query(row.book)) == 403
    assert change(loan, lambda row: Loan.objects.filter(pk=row.pk).update(days=3)) == 200
    loan.refresh_from_db()
    assert (loan.book.status, loan.days) == ("draft", 3)


@pytest.mark.parametrize(
    ("write", "selects"), [(lambda row: row.save(), 1), (lambda row: list(rows(row)), 2), (by_query_of_nothing, 2)]
)
def test_a_row_is_read_again_only_if_something_else_wrote(
    change: Callable[..., int], book: Make, write: Write, selects: int
) -> None:
    row = book()
    with CaptureQueriesContext(connection) as queries:
        assert change(row, write) == 200
    assert len(selected(queries)) == selects


def test_rows_of_a_bulk_route_that_are_saved_one_by_one_are_not_read_again(
    client_of: Callable[[str], APIClient], book: Make, settings: Any
) -> None:
    settings.ROOT_URLCONF = "tests.authz.library.urls"
    keys = [str(book().pk) for _ in range(3)]
    with CaptureQueriesContext(connection) as queries:
        assert client_of("alice").post("/books/bulk_save/", {"ids": keys, "values": {"title": "x"}}).status_code == 200
    assert len(selected(queries)) == 1


def selected(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries if re.match('SELECT.* FROM "library_book"', query["sql"])]
