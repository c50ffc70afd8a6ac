"""What is asked over a relation meets no row that may not be read: by filter, search and order, of one row or many."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import include, path
from django_filters import BooleanFilter, CharFilter, FilterSet, OrderingFilter, UUIDFilter
from rest_framework.pagination import CursorPagination
from rest_framework.routers import SimpleRouter
from rest_framework.serializers import ModelSerializer
from rest_framework.test import APIClient

from authz import registry
from authz.drf import PolicyOrderingFilter, PolicySearchFilter, PolicyViewSet
from authz.drf.django_filters import PolicyFilterBackend
from authz.policies import Policy, allow
from tests.authz.library.models import Book, Loan, Shelf
from tests.authz.library.policies import BookPolicy

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class LoanFilter(FilterSet):  # type: ignore[misc]  # django-filter has no types
    titled = CharFilter("book__title")
    not_titled = CharFilter("book__title", exclude=True)
    untitled = BooleanFilter("book__title", "isnull")
    led_on = CharFilter("book", "title__startswith")
    led_to_hidden = CharFilter("book", "note")

    class Meta:
        model = Loan
        fields: tuple[str, ...] = ()


class ShelfFilter(FilterSet):  # type: ignore[misc]
    titled = CharFilter("books__title", "startswith")
    not_titled = CharFilter("books__title", "startswith", exclude=True)
    holds = UUIDFilter("books")
    empty = BooleanFilter("books", "isnull")
    beside = CharFilter("within__books__title")
    by_name = OrderingFilter(fields=("name",))
    by_title = OrderingFilter(fields=("name", "books__title"))

    class Meta:
        model = Shelf
        fields: tuple[str, ...] = ()


class LoanSerializer(ModelSerializer[Loan]):
    class Meta:
        model = Loan
        fields = ("days",)


class ShelfSerializer(ModelSerializer[Shelf]):
    class Meta:
        model = Shelf
        fields = ("name",)


class LoanViewSet(PolicyViewSet):
    queryset = Loan.objects.order_by("pk")
    serializer_class = LoanSerializer
    filter_backends = (PolicyFilterBackend, PolicyOrderingFilter, PolicySearchFilter)
    filterset_class = LoanFilter
    ordering_fields = ("book__title", "book", "days")
    search_fields = ("book__title", "state")


class ShelfViewSet(PolicyViewSet):
    queryset = Shelf.objects.order_by("pk")
    serializer_class = ShelfSerializer
    filter_backends = (PolicyFilterBackend, PolicyOrderingFilter, PolicySearchFilter)
    filterset_class = ShelfFilter
    ordering_fields = ("books__title", "name")
    search_fields = ("^books__title", "name")


class ByPage(CursorPagination):
    page_size = 2


class PagedViewSet(ShelfViewSet):
    pagination_class = ByPage


router = SimpleRouter()
router.register("loans", LoanViewSet)
router.register("shelves", ShelfViewSet)
router.register("pages", PagedViewSet, basename="page")
urlpatterns = [path("", include(router.urls))]


@pytest.fixture(autouse=True)
def policies() -> Iterator[None]:
    class LoanPolicy(Policy, model=Loan):
        read = allow("authenticated")

    yield
    registry.unregister(LoanPolicy)


Ask = Callable[..., list[Any]]


@pytest.fixture
def loans(client_of: Callable[[str], APIClient], book: Callable[..., Book]) -> Ask:
    """Bob may read the books of loans 1 and 2, and neither draft of 3 and 4."""
    shelf = Shelf.objects.create(name="one")
    for days, values in enumerate(({"status": "published"}, {"status": "published"}, {}, {}), 1):
        row = book(title=f"title {(3, 1, 2, 4)[days - 1]}", shelf=shelf, **values)
        Loan.objects.create(book=row, days=days)

    def ask(name: str = "bob", **query: str) -> list[Any]:
        answer = client_of(name).get("/loans/", query)
        assert answer.status_code == 200
        return [loan["days"] for loan in answer.json()]

    return ask


@pytest.fixture
def shelves(client_of: Callable[[str], APIClient], book: Callable[..., Book]) -> Ask:
    """Bob may read two books of "seen", none of "hidden"; "empty" has none."""
    seen = Shelf.objects.create(name="seen")
    hidden = Shelf.objects.create(name="hidden", within=seen)
    Shelf.objects.create(name="empty", within=hidden)
    for title in ("m1", "m2"):
        book(title=title, status="published", shelf=seen)
    for shelf, title in ((seen, "a"), (hidden, "b"), (hidden, "m3"), (hidden, "z")):
        book(title=title, shelf=shelf)

    def ask(name: str = "bob", at: str = "/shelves/", **query: str) -> list[Any]:
        answer = client_of(name).get(at, query)
        assert answer.status_code == 200
        found = answer.json()
        return [shelf["name"] for shelf in (found["results"] if at == "/pages/" else found)]

    return ask


@pytest.mark.parametrize(
    ("query", "bobs", "doras"),
    [
        ({"titled": "title 1"}, [2], [2]),
        ({"titled": "title 2"}, [], [3]),
        ({"led_on": "title 2"}, [], [3]),
        ({"led_on": "title"}, [1, 2], [1, 2, 3, 4]),
        ({"not_titled": "title 1"}, [1, 3, 4], [1, 3, 4]),
        ({"not_titled": "title 2"}, [1, 2, 3, 4], [1, 2, 4]),
        ({"titled": "title 1", "not_titled": "title 3"}, [2], [2]),
        ({"untitled": "true"}, [3, 4], []),
        ({"untitled": "false"}, [1, 2], [1, 2, 3, 4]),
        ({"search": "title"}, [1, 2], [1, 2, 3, 4]),
        ({"search": "title 2"}, [], [3]),
        ({"search": "new"}, [1, 2, 3, 4], [1, 2, 3, 4]),
        ({"search": "1 new"}, [2], [2]),
        ({}, [1, 2, 3, 4], [1, 2, 3, 4]),
    ],
)
def test_one_related_row_is_met_by_who_may_read_it(
    loans: Ask, query: dict[str, str], bobs: list[int], doras: list[int]
) -> None:
    assert (loans(**query), loans("dora", **query)) == (bobs, doras)


@pytest.mark.parametrize(
    ("query", "bobs", "doras"),
    [
        ({"titled": "m"}, ["seen"], ["seen", "hidden"]),
        ({"titled": "b"}, [], ["hidden"]),
        ({"not_titled": "m"}, ["hidden", "empty"], ["empty"]),
        ({"not_titled": "b"}, ["seen", "hidden", "empty"], ["seen", "empty"]),
        ({"empty": "true"}, ["hidden", "empty"], ["empty"]),
        ({"empty": "false"}, ["seen"], ["seen", "hidden"]),
        ({"beside": "m1"}, ["hidden"], ["hidden"]),
        ({"beside": "m3"}, [], ["empty"]),
        ({"search": "m"}, ["seen", "empty"], ["seen", "hidden", "empty"]),
    ],
)
def test_of_many_related_rows_those_are_met_that_may_be_read_and_no_row_is_shown_twice(
    shelves: Ask, query: dict[str, str], bobs: list[str], doras: list[str]
) -> None:
    assert (shelves(**query), shelves("dora", **query)) == (bobs, doras)


def test_a_key_of_a_related_row_is_found_by_who_may_read_it(shelves: Ask) -> None:
    seen, hidden = Book.objects.get(title="m1"), Book.objects.get(title="m3")
    assert [shelves(holds=str(book.pk)) for book in (seen, hidden)] == [["seen"], []]
    assert shelves("dora", holds=str(hidden.pk)) == ["hidden"]


@pytest.mark.parametrize(
    ("query", "bobs", "doras"),
    [
        ("book__title,days", [3, 4, 2, 1], [2, 3, 1, 4]),
        ("-book__title,days", [1, 2, 3, 4], [4, 1, 3, 2]),
        ("-days", [4, 3, 2, 1], [4, 3, 2, 1]),
    ],
)
def test_rows_are_ordered_by_related_ones_that_may_be_read(
    loans: Ask, query: str, bobs: list[int], doras: list[int]
) -> None:
    """A row that may not be read sorts as none: first or last, as the database has it."""
    assert loans("dora", ordering=query) == doras
    first, last = ([day for day in bobs if (day in {3, 4}) is hidden] for hidden in (True, False))
    assert loans(ordering=query) in (bobs, first + last, last + first)


@pytest.mark.parametrize(
    ("query", "bobs", "doras"),
    [
        ("books__title", ["hidden", "seen"], ["seen", "hidden"]),
        ("-books__title,name", ["seen", "hidden"], ["hidden", "seen"]),
    ],
)
def test_an_order_by_many_related_rows_takes_the_first_that_may_be_read(
    shelves: Ask, query: str, bobs: list[str], doras: list[str]
) -> None:
    Shelf.objects.get(name="empty").delete()
    Book.objects.filter(title="m3").update(title="l", status="published")
    for at in ("/shelves/", "/pages/"):
        assert (shelves(at=at, ordering=query), shelves("dora", at=at, ordering=query)) == (bobs, doras)


def test_a_lookup_that_leads_to_a_hidden_field_is_no_filter(client_of: Callable[[str], APIClient], loans: Ask) -> None:
    assert client_of("bob").get("/loans/", {"led_to_hidden": "x"}).status_code == 422
    assert loans("dora", led_to_hidden="x") == []


def test_the_ordering_of_django_filter_keeps_to_columns(client_of: Callable[[str], APIClient], shelves: Ask) -> None:
    assert shelves(by_name="name") == ["empty", "hidden", "seen"]
    assert client_of("bob").get("/shelves/", {"by_title": "name"}).status_code == 422


def test_an_order_by_a_foreign_key_is_not_that_of_its_model(loans: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Book._meta, "ordering", ("note",))
    Book.objects.filter(title="title 2").update(note="a")
    keys = Loan.objects.order_by("book_id").values_list("days", flat=True)
    assert loans(ordering="book") == list(keys)


def test_where_no_related_row_may_be_read_there_is_none(loans: Ask) -> None:
    registry.unregister(BookPolicy)
    try:

        class ForEditors(Policy, model=Book):
            read = allow("editor")

        assert loans(titled="title 1") == loans(search="title") == loans(untitled="false") == []
        everything = [loans(not_titled="title 1"), loans(search="new"), loans(untitled="true")]
        assert everything == [loans(ordering="-book__title,days")] * 3 == [[1, 2, 3, 4]] * 3
        assert loans("dora", titled="title 1") == [2]
        registry.unregister(ForEditors)
    finally:
        registry.register(BookPolicy)
