"""Nine holes of a usual "is owner" permission class. Each attack works on such a view set and fails on ours."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from rest_framework import permissions, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.filters import SearchFilter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.test import APIClient
from rest_framework.views import APIView

from tests.authz.conftest import Cast
from tests.authz.library.models import Book
from tests.authz.library.serializers import BookSerializer
from tests.authz.library.urls import urlpatterns as ours

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class IsOwner(permissions.BasePermission):
    """As in every tutorial."""

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        return bool(obj.owner == request.user)


class UsualSerializer(BookSerializer):
    class Meta(BookSerializer.Meta):
        read_only_fields = ("note",)
        extra_kwargs: dict[str, Any] = {"owner": {"required": False}}


class UsualViewSet(viewsets.ModelViewSet):  # type: ignore[type-arg]
    queryset = Book.objects.order_by("title", "pk")
    serializer_class: type[serializers.BaseSerializer[Any]] = UsualSerializer
    permission_classes = (IsOwner,)
    filter_backends = (SearchFilter,)
    search_fields = ("title", "owner__email")

    @action(detail=True)
    def own_get(self, request: Request, pk: str) -> Response:
        return Response({"title": Book.objects.get(pk=pk).title})

    @action(detail=False, methods=["patch"])
    def bulk(self, request: Request) -> Response:
        data: Any = request.data
        return Response(Book.objects.filter(pk__in=data["ids"]).update(title=data["title"]))

    @action(detail=False)
    def forgotten(self, request: Request) -> Response:
        return Response("seen")


router = SimpleRouter()
router.register("usual", UsualViewSet, basename="usual")
urlpatterns = [*ours, path("", include(router.urls))]

USUAL, OURS = "/usual/", "/books/"


@pytest.fixture
def alice(client_of: Callable[[str], APIClient]) -> APIClient:
    return client_of("alice")


@pytest.fixture
def bobs(cast: Cast) -> Book:
    return Book.objects.create(tenant=cast.acme, owner=cast.bob, title="secret")


@pytest.mark.parametrize(("root", "leaks"), [(USUAL, True), (OURS, False)])
def test_1_a_list_shows_what_an_object_check_would_hide(alice: APIClient, bobs: Book, root: str, leaks: bool) -> None:
    assert ("secret" in alice.get(root).content.decode()) is leaks


@pytest.mark.parametrize(("root", "status"), [(USUAL, 201), (OURS, 422)])
def test_2_a_row_is_created_for_another(alice: APIClient, cast: Cast, root: str, status: int) -> None:
    answer = alice.post(root, {"title": "x", "owner": str(cast.bob.pk), "tenant": str(cast.acme.pk)})
    assert answer.status_code == status
    assert Book.objects.filter(owner=cast.bob).exists() is (status == 201)


@pytest.mark.parametrize(("root", "moved"), [(USUAL, True), (OURS, False)])
def test_3_a_row_is_moved_to_another_tenant(alice: APIClient, cast: Cast, root: str, moved: bool) -> None:
    mine = Book.objects.create(tenant=cast.acme, owner=cast.alice, title="mine")
    alice.patch(f"{root}{mine.pk}/", {"tenant": str(cast.other.pk)})
    mine.refresh_from_db()
    assert (mine.tenant == cast.other) is moved


@pytest.mark.parametrize(("root", "status"), [(USUAL, 200), (OURS, 422)])
def test_4_a_field_is_dropped_in_silence(alice: APIClient, cast: Cast, root: str, status: int) -> None:
    mine = Book.objects.create(tenant=cast.acme, owner=cast.alice, title="mine")
    assert alice.patch(f"{root}{mine.pk}/", {"note": "dropped"}).status_code == status


@pytest.mark.parametrize(("root", "status"), [(USUAL, 200), (OURS, 404)])
def test_5_an_extra_action_fetches_by_itself(alice: APIClient, bobs: Book, root: str, status: int) -> None:
    assert alice.get(f"{root}{bobs.pk}/own_get/").status_code == status


@pytest.mark.parametrize(("root", "changed"), [(USUAL, True), (OURS, False)])
def test_6_a_bulk_route_changes_what_no_check_was_asked_about(
    alice: APIClient, bobs: Book, root: str, changed: bool
) -> None:
    alice.patch(f"{root}bulk/", {"ids": [str(bobs.pk)], "title": "changed"})
    bobs.refresh_from_db()
    assert (bobs.title == "changed") is changed


@pytest.mark.parametrize(("root", "tells"), [(USUAL, True), (OURS, False)])
def test_7_the_status_tells_whether_a_row_exists(alice: APIClient, bobs: Book, root: str, tells: bool) -> None:
    there = alice.get(f"{root}{bobs.pk}/").status_code
    missing = alice.get(f"{root}00000000-0000-0000-0000-000000000000/").status_code
    assert (there != missing) is tells


@pytest.mark.parametrize(("root", "finds"), [(USUAL, True), (OURS, False)])
def test_8_a_search_goes_through_a_hidden_relation(
    alice: APIClient, cast: Cast, bobs: Book, root: str, finds: bool
) -> None:
    Book.objects.filter(pk=bobs.pk).update(status="published")
    answers = [alice.get(root, {"search": text}) for text in ("bob@example", "zz")]
    assert (answers[0].content != answers[1].content) is finds


@pytest.mark.parametrize(("path", "open_"), [("/usual/forgotten/", True), ("/books/forgotten/", False)])
def test_9_what_was_forgotten_is_open(alice: APIClient, path: str, open_: bool) -> None:
    assert (alice.get(path).status_code == 200) is open_


def test_an_unreadable_row_costs_as_many_queries_as_a_missing_one(alice: APIClient, bobs: Book) -> None:
    counts = []
    for key in (bobs.pk, "00000000-0000-0000-0000-000000000000"):
        alice.get(f"{OURS}{key}/")
        with CaptureQueriesContext(connection) as queries:
            assert alice.get(f"{OURS}{key}/").status_code == 404
        counts.append(len(queries))
    assert counts[0] == counts[1]
