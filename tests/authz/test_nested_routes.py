"""The attack: a route below a row that may not be read, to look at, change or add what hangs on it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import QuerySet
from django.urls import path
from rest_framework.test import APIClient

from authz.drf import PolicyViewSet
from tests.authz.conftest import Cast, Heard
from tests.authz.library.models import Book, Shelf
from tests.authz.library.serializers import ShelfSerializer

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class PartViewSet(PolicyViewSet):
    """The shelves that somebody put next to a book: anybody who logged in may read a shelf, not every book."""

    queryset = Shelf.objects.order_by("pk")
    serializer_class = ShelfSerializer
    policy_parents = {"book_pk": Book}

    def get_queryset(self) -> QuerySet[Shelf]:
        return Shelf.objects.filter(books=self.kwargs["book_pk"]).order_by("pk")

    def perform_create(self, serializer: Any) -> None:
        shelf = serializer.save(keeper=self.request.user)
        self.get_parent("book_pk").shelf = shelf
        self.get_parent("book_pk").save()


class Careless(PartViewSet):
    policy_parents = {}

    def perform_create(self, serializer: Any) -> None:
        Book.objects.filter(pk=self.kwargs["book_pk"]).update(shelf=serializer.save(keeper=self.request.user))


MANY: dict[str, Any] = {"get": "list", "post": "create"}
ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
urlpatterns = [
    path("books/<book_pk>/shelves/", PartViewSet.as_view(MANY)),
    path("books/<book_pk>/shelves/<pk>/", PartViewSet.as_view(ONE)),
    path("careless/<book_pk>/shelves/", Careless.as_view(MANY)),
]


@pytest.fixture
def hidden(cast: Cast) -> Book:
    return Book.objects.create(tenant=cast.other, title="hidden", shelf=Shelf.objects.create(name="one"))


@pytest.fixture
def bob(client_of: Callable[[str], APIClient]) -> APIClient:
    return client_of("bob")


@pytest.mark.parametrize("method", ["get", "post"])
def test_below_a_row_that_may_not_be_read_there_is_nothing(
    bob: APIClient, hidden: Book, heard: Heard, cast: Cast, method: str
) -> None:
    for key in (hidden.pk, "00000000-0000-0000-0000-000000000000", "x"):
        assert getattr(bob, method)(f"/books/{key}/shelves/", {"name": "x"}).status_code == 404
    told, asked, nonsense = heard.named("access_denied")
    assert (told["target"], told["data"]["reason"], told["user"]) == (hidden, "unreadable", cast.bob)
    assert asked["data"]["reason"] == nonsense["data"]["reason"] == "unknown"
    assert Shelf.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_nor_is_the_row_on_it(bob: APIClient, hidden: Book, method: str) -> None:
    assert getattr(bob, method)(f"/books/{hidden.pk}/shelves/{hidden.shelf_id}/", {}).status_code == 404


def test_without_the_line_the_same_attack_works(bob: APIClient, hidden: Book) -> None:
    assert len(bob.get(f"/careless/{hidden.pk}/shelves/").json()) == 1
    assert bob.post(f"/careless/{hidden.pk}/shelves/", {"name": "planted"}).status_code == 201
    hidden.refresh_from_db()
    assert hidden.shelf is not None
    assert hidden.shelf.name == "planted"


def test_below_a_readable_row_each_row_is_decided(bob: APIClient, cast: Cast) -> None:
    book = Book.objects.create(tenant=cast.acme, status="published", shelf=Shelf.objects.create(name="one"))
    path = f"/books/{book.pk}/shelves/"
    assert len(bob.get(path).json()) == 1
    assert bob.get(f"{path}{book.shelf_id}/").status_code == 200
    assert bob.patch(f"{path}{book.shelf_id}/", {"name": "x"}).status_code == 403
    assert bob.delete(f"{path}{book.shelf_id}/").status_code == 403
    assert bob.post(path, {"name": "new"}).status_code == 201
    book.refresh_from_db()
    assert book.shelf is not None
    assert (book.shelf.name, book.shelf.keeper) == ("new", cast.bob)
