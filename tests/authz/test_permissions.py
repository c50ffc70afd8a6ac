"""Classic permission classes: what one row is refused by, a list does not show."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.urls import include, path
from rest_framework.permissions import IsAuthenticated
from rest_framework.routers import SimpleRouter
from rest_framework.test import APIClient
from rest_framework.viewsets import ModelViewSet

from authz.permissions import HasPermission, HasRole, IsOwner, IsOwnerOrReadOnly, ScopedPermission, ScopedViewMixin
from tests.authz.conftest import Cast
from tests.authz.library.models import Book, Shelf
from tests.authz.library.serializers import BookSerializer

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class Base(ScopedViewMixin, ModelViewSet):  # type: ignore[type-arg]
    serializer_class = BookSerializer
    queryset = Book.objects.none()

    def get_queryset(self) -> Any:
        return Book.objects.order_by("title")


class IsKeeper(IsOwner):
    owner_field = "shelf__keeper"


KINDS: dict[str, list[Any]] = {
    "owner": [IsOwner],
    "owner-or-read": [IsOwnerOrReadOnly],
    "owner-or-editor": [IsOwner | HasRole("editor")],
    "owner-and-author": [IsOwner & HasRole("author")],
    "not-owner": [IsAuthenticated & ~IsOwner],
    "permitted": [HasPermission("library.view_book")],
    "both": [IsAuthenticated, IsOwner],
    "keeper": [IsKeeper],
    "base": [ScopedPermission],
    "author": [HasRole("author")],
}
router = SimpleRouter()
for name, classes in KINDS.items():
    router.register(name, type(name, (Base,), {"permission_classes": classes}), basename=name)
urlpatterns = [path("", include(router.urls))]


@pytest.fixture
def books(cast: Cast) -> dict[str, Book]:
    owners = {"alices": cast.alice, "bobs": cast.bob, "doras": cast.dora, "nobodys": None}
    shelf = Shelf.objects.create(keeper=cast.alice)
    found = {name: Book.objects.create(title=name, owner=owner) for name, owner in owners.items()}
    shelf.books.add(found["bobs"])
    return found


ALL = {"alices", "bobs", "doras", "nobodys"}


@pytest.mark.parametrize(
    ("kind", "who", "readable", "changeable"),
    [
        ("owner", "alice", {"alices"}, {"alices"}),
        ("owner", "", None, set()),
        ("owner-or-read", "alice", ALL, {"alices"}),
        ("owner-or-editor", "alice", {"alices"}, {"alices"}),
        ("owner-or-editor", "dora", ALL, ALL),
        ("owner-and-author", "alice", {"alices"}, {"alices"}),
        ("owner-and-author", "bob", None, set()),
        ("keeper", "alice", {"bobs"}, {"bobs"}),
        ("keeper", "bob", set(), set()),
        ("both", "bob", {"bobs"}, {"bobs"}),
        ("author", "alice", ALL, ALL),
        ("author", "dora", ALL, ALL),
        ("author", "bob", None, set()),
        ("permitted", "alice", None, set()),
        ("base", "alice", None, set()),
        ("base", "dora", None, set()),
    ],
)
def test_a_list_shows_what_a_look_would(
    *,
    client_of: Callable[[str], APIClient],
    books: dict[str, Book],
    kind: str,
    who: str,
    readable: set[str] | None,
    changeable: set[str],
) -> None:
    client = client_of(who)
    listed = client.get(f"/{kind}/")
    if readable is None:
        assert listed.status_code in {401, 403}
    else:
        assert {row["title"] for row in listed.data} == readable
    for name, book in books.items():
        looked = client.get(f"/{kind}/{book.pk}/").status_code == 200
        assert looked is (name in (readable or set()))
        changed = client.patch(f"/{kind}/{book.pk}/", {"title": name}).status_code == 200
        assert changed is (name in changeable)


def test_a_denied_class_is_the_complement_of_its_rows(client_of: Callable[[str], APIClient], books: Any) -> None:
    """REST framework's ~ asks the opposite of `has_permission` too: nobody who is logged in passes ~IsOwner."""
    assert client_of("alice").get("/not-owner/").status_code == 403


def test_a_permission_of_django_opens_every_row(
    client_of: Callable[[str], APIClient], books: dict[str, Book], cast: Cast
) -> None:
    cast.alice.user_permissions.add(Permission.objects.get(codename="view_book"))
    assert {row["title"] for row in client_of("alice").get("/permitted/").data} == ALL


def test_a_subclass_that_knows_only_its_filter_checks_by_it(cast: Cast, books: dict[str, Book], rf: Any) -> None:
    from django.db.models import Q

    class Titled(ScopedPermission):
        def allows(self, request: Any, view: Any) -> bool:
            return True

        def rows(self, request: Any, view: Any) -> Any:
            return Q(title="bobs")

    request = rf.get("/")
    view: Any = None
    assert Titled().has_object_permission(request, view, books["bobs"])
    assert not Titled().has_object_permission(request, view, books["alices"])
