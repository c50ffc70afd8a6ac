"""A serializer that is written by hand shows and sets no column that the policy keeps from a role."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import include, path
from rest_framework import serializers
from rest_framework.routers import SimpleRouter
from rest_framework.test import APIClient

from authz import registry
from authz.drf import PolicyViewSet
from authz.policies import Policy, allow
from tests.authz.conftest import Cast, Heard
from tests.authz.library.models import Book, Loan

Client = Callable[[str], APIClient]
Make = Callable[..., Book]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class ByHand(serializers.Serializer[Any]):
    """A serializer of no model that shows and writes rows of one."""

    id: Any = serializers.CharField(read_only=True)
    title = serializers.CharField()
    remark = serializers.CharField(source="note", required=False)
    tenant_key = serializers.CharField(source="tenant_id", read_only=True)
    sheets = serializers.IntegerField(source="pages", required=False)
    length = serializers.SerializerMethodField()

    def get_length(self, book: Book) -> int:
        return len(book.title)

    def update(self, instance: Book, validated_data: Any) -> Book:
        vars(instance).update(validated_data)
        instance.save()
        return instance


class Holder(serializers.Serializer[Any]):
    id: Any = serializers.CharField()
    book = ByHand()


class ByHandViewSet(PolicyViewSet):
    queryset = Book.objects.order_by("title")
    serializer_class = ByHand


class HolderViewSet(PolicyViewSet):
    queryset = Loan.objects.order_by("pk")
    serializer_class = Holder


router = SimpleRouter()
router.register("by-hand", ByHandViewSet, basename="by-hand")
router.register("holders", HolderViewSet, basename="holders")
urlpatterns = [path("", include(router.urls))]


@pytest.fixture(autouse=True)
def policy() -> Iterator[None]:
    class LoanPolicy(Policy, model=Loan):
        read = allow("viewer")

    yield
    registry.unregister(LoanPolicy)


BY_HAND = {"id", "title", "length"}


@pytest.mark.parametrize(
    ("name", "fields"),
    [("bob", BY_HAND), ("alice", BY_HAND | {"remark"}), ("dora", BY_HAND | {"remark", "sheets", "tenant_key"})],
)
def test_a_serializer_written_by_hand_shows_no_column_that_may_not_be_read(
    client_of: Client, book: Make, cast: Cast, name: str, fields: set[str]
) -> None:
    Loan.objects.create(book=book(status="published", note="secret"))
    (answer,) = client_of(name).get("/by-hand/").json()
    assert answer.keys() == fields
    Loan.objects.create(book=book(tenant=cast.other))
    first, second = client_of(name).get("/holders/").json()
    assert (first["book"].keys(), second["book"]) == (fields, None)


def test_a_serializer_written_by_hand_sets_no_column_that_may_not_be_set(
    client_of: Client, book: Make, heard: Heard
) -> None:
    row = book(title="x", note="kept")
    refused = client_of("alice").patch(f"/by-hand/{row.pk}/", {"title": "y", "remark": "z", "sheets": 3})
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/remark", "/sheets"]
    assert heard.named("field_refused")[0]["data"]["fields"] == ["remark", "sheets"]
    assert client_of("dora").patch(f"/by-hand/{row.pk}/", {"title": "y", "remark": "z"}).status_code == 200
    row.refresh_from_db()
    assert (row.title, row.note) == ("y", "z")
