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
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.test import APIClient

from authz import registry
from authz.drf import PolicyViewSet, policy_action
from authz.policies import Policy, allow, this
from tests.authz.conftest import Cast
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

    def perform_create(self, serializer: Any) -> None:
        type(self).write(serializer.save())


class BookViewSet(HandlerViewSet):
    queryset = Book.objects.order_by("pk")
    serializer_class = BookSerializer

    @action(detail=False, methods=["post"])
    @policy_action("create")
    def upsert(self, request: Request) -> Response:
        data: Any = request.data
        serializer = self.get_serializer(Book.objects.get(pk=data["id"]), data=data["values"], partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response()

    @action(detail=False, methods=["post"])
    @policy_action("update")
    def past_all(self, request: Request) -> Response:
        data: Any = request.data
        return Response(Book.objects.update(title="changed") if data["write"] else 0, status=409)


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


def disown_by_query(book: Book) -> None:
    rows(book).update(owner=None)


def disown_by_another_instance(book: Book) -> None:
    other = rows(book).get()
    other.owner = None
    other.save()


def disown(book: Book) -> None:
    book.owner = None
    book.save()


def disown_after_saving(book: Book) -> None:
    book.save()
    disown_by_query(book)


def leave_the_tenant(book: Book) -> None:
    rows(book).update(tenant=None)


@pytest.fixture
def make(client_of: Callable[[str], APIClient], monkeypatch: pytest.MonkeyPatch) -> Callable[[Write], int]:
    def made(write: Write) -> int:
        monkeypatch.setattr(BookViewSet, "write", staticmethod(write))
        return client_of("alice").post("/books/", {"title": "new"}).status_code

    return made


@pytest.mark.parametrize(
    "write", [disown_by_query, disown_by_another_instance, disown, disown_after_saving, leave_the_tenant]
)
def test_a_new_row_that_does_not_stay_as_it_was_decided_about_is_undone(
    make: Callable[[Write], int], write: Write
) -> None:
    """Alice may make books of her own."""
    assert make(write) == 403
    assert not Book.objects.exists()


def test_a_new_row_may_be_written_to(make: Callable[[Write], int]) -> None:
    assert make(by_query) == 201
    assert Book.objects.get().status == "published"


def test_a_new_row_is_read_again_only_if_something_else_wrote(make: Callable[[Write], int]) -> None:
    for write, selects in ((lambda _row: None, 0), (lambda row: row.save(), 0), (by_query_of_nothing, 1)):
        with CaptureQueriesContext(connection) as queries:
            assert make(write) == 201
        assert len(selected(queries)) == selects


def test_a_row_that_a_create_updates_is_decided_before_and_after(
    client_of: Callable[[str], APIClient], book: Make, cast: Cast
) -> None:
    mine, theirs = book(), book(owner=cast.bob)

    def upsert(row: Book, **values: Any) -> int:
        return client_of("alice").post("/books/upsert/", {"id": str(row.pk), "values": values}).status_code

    assert [upsert(mine, title="new"), upsert(mine, status="published"), upsert(theirs, title="new")] == [200, 403, 403]
    assert set(Book.objects.values_list("title", "status")) == {("new", "draft"), ("a book", "draft")}


def test_a_write_that_nothing_was_decided_about_is_undone_whatever_is_answered(
    client_of: Callable[[str], APIClient], book: Make
) -> None:
    book()
    assert client_of("dora").post("/books/past_all/", {"write": True}).status_code == 403
    assert Book.objects.get().title == "a book"
    assert client_of("dora").post("/books/past_all/", {"write": False}).status_code == 409


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
