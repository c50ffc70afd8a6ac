"""What a role may not see or set is out of its reach by any way: nested, filtered, sorted, searched, chosen, unique."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError
from django.urls import include, path
from django_filters import FilterSet, ModelChoiceFilter, RangeFilter
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.test import APIClient

from authz import registry
from authz.drf import PolicyOrderingFilter, PolicySearchFilter, PolicyViewSet, policy_action
from authz.drf.django_filters import PolicyFilterBackend
from authz.drf.errors import unique_or_refused
from authz.policies import Fields, Policy, allow
from tests.authz.conftest import Cast, Heard
from tests.authz.library.models import Book, Cover, Loan, Shelf
from tests.authz.library.serializers import BookSerializer

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class Nested(serializers.ModelSerializer[Shelf]):
    books = BookSerializer(many=True, read_only=True)

    class Meta:
        model = Shelf
        fields = ("id", "name", "books")


class Deep(serializers.ModelSerializer[Loan]):
    """REST framework makes the nested serializers itself, with every field of their models."""

    class Meta:
        model = Loan
        fields = ("id", "book")
        depth = 1


class Wrapped(serializers.Serializer[Any]):
    """A serializer of no model between two that have one."""

    loans = Deep(many=True, read_only=True)


class Around(serializers.ModelSerializer[Book]):
    status = Wrapped(source="*", read_only=True)  # under a name that viewers may read

    class Meta:
        model = Book
        fields = ("id", "status")


class Labelled(serializers.ModelSerializer[Shelf]):
    """Shows related rows by other fields than nested serializers."""

    titles: Any = serializers.SlugRelatedField(source="books", slug_field="title", many=True, read_only=True)
    notes: Any = serializers.SlugRelatedField(source="books", slug_field="note", many=True, read_only=True)
    keys: Any = serializers.PrimaryKeyRelatedField(source="books", many=True, read_only=True)
    listed: Any = serializers.ListField(child=BookSerializer(), source="books.all", read_only=True)

    class Meta:
        model = Shelf
        fields = ("id", "titles", "notes", "keys", "listed")


class Named(serializers.ModelSerializer[Loan]):
    title: Any = serializers.SlugRelatedField(source="book", slug_field="title", queryset=Book.objects.all())
    note: Any = serializers.SlugRelatedField(source="book", slug_field="note", queryset=Book.objects.all())
    text: Any = serializers.StringRelatedField(source="book")
    book: Any = serializers.PrimaryKeyRelatedField(read_only=True)

    class Meta:
        model = Loan
        fields = ("id", "title", "note", "text", "book")


class Writing(serializers.ModelSerializer[Loan]):
    """Writes a nested row as hosts do."""

    book = BookSerializer()

    class Meta:
        model = Loan
        fields = ("id", "book", "days")

    def create(self, validated_data: Any) -> Loan:
        book = self.fields["book"].create(validated_data.pop("book") | {"tenant_id": self.context["tenant_id"]})  # type: ignore[attr-defined]
        return Loan.objects.create(book=book, **validated_data)

    def update(self, instance: Loan, validated_data: Any) -> Loan:
        self.fields["book"].update(instance.book, validated_data.pop("book"))  # type: ignore[attr-defined]
        return instance


class ShelfFilter(FilterSet):  # type: ignore[misc]  # django-filter has no types
    book = ModelChoiceFilter(field_name="books", queryset=Book.objects.all())
    length = RangeFilter(field_name="books__pages")

    class Meta:
        model = Shelf
        fields = ("name", "books__title", "books__note", "books__tags__name", "within__name")


class ShelfViewSet(PolicyViewSet):
    queryset = Shelf.objects.order_by("pk")
    serializer_class = Nested
    filter_backends = (PolicyFilterBackend, PolicyOrderingFilter, PolicySearchFilter)
    filterset_class = ShelfFilter
    ordering_fields = ("books__title", "books__note", "books__owner__password")
    search_fields = ("books__note",)


class LoanViewSet(PolicyViewSet):
    queryset = Loan.objects.order_by("pk")

    def get_serializer_class(self) -> Any:
        return Deep if self.action in {"list", "retrieve"} else Writing

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "tenant_id": self.principal.tenant_id}


class AroundViewSet(PolicyViewSet):
    queryset = Book.objects.order_by("pk")
    serializer_class = Around


class CoverSerializer(serializers.ModelSerializer[Cover]):
    class Meta:
        model = Cover
        fields = ("id", "colour")


class CoverViewSet(PolicyViewSet):
    """The row that a cover belongs to is not in the input, so no validator asks whether it has one."""

    queryset = Cover.objects.order_by("pk")
    serializer_class = CoverSerializer

    def perform_create(self, serializer: Any) -> None:
        serializer.save(book=Book.objects.order_by("pk").first())


class LabelledViewSet(PolicyViewSet):
    queryset = Shelf.objects.order_by("pk")
    serializer_class = Labelled


class Extension(serializers.Serializer[Any]):
    """Input of no model."""

    days = serializers.IntegerField()
    until = serializers.DateField(read_only=True)


class NamedViewSet(PolicyViewSet):
    queryset = Loan.objects.order_by("pk")
    serializer_class = Named

    @action(detail=True, methods=["post"], serializer_class=Extension)
    @policy_action("update")
    def extend(self, request: Request, pk: str) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(serializer.data)


router = SimpleRouter()
router.register("labelled", LabelledViewSet, basename="labelled")
router.register("named", NamedViewSet, basename="named")
router.register("shelves", ShelfViewSet)
router.register("loans", LoanViewSet)
router.register("around", AroundViewSet)
router.register("covers", CoverViewSet)
urlpatterns = [path("", include(router.urls))]


@pytest.fixture(autouse=True)
def policies() -> Iterator[None]:
    class LoanPolicy(Policy, model=Loan):
        read = create = update = allow("viewer")

    class CoverPolicy(Policy, model=Cover):
        create = read = allow("viewer")
        fields = {"viewer": Fields(read="id", write="colour")}

    yield
    for policy in (LoanPolicy, CoverPolicy):
        registry.unregister(policy)


Client = Callable[[str], APIClient]
Make = Callable[..., Book]
VIEWED, AUTHORED = {"id", "title", "status"}, {"id", "title", "status", "note"}


@pytest.fixture
def shelf(book: Make, cast: Cast) -> Shelf:
    shelf = Shelf.objects.create(name="one")
    book(title="seen", status="published", note="secret", shelf=shelf)
    book(title="draft", shelf=shelf)
    book(title="elsewhere", status="published", tenant=cast.other, shelf=shelf)
    return shelf


@pytest.mark.parametrize(
    ("name", "titles", "fields"), [("bob", ["seen"], VIEWED), ("alice", ["draft", "seen"], AUTHORED)]
)
def test_nested_rows_and_their_fields_are_those_that_may_be_read(
    client_of: Client, shelf: Shelf, name: str, titles: list[str], fields: set[str]
) -> None:
    for answer in (client_of(name).get(f"/shelves/{shelf.pk}/").json(), *client_of(name).get("/shelves/").json()):
        assert sorted(book["title"] for book in answer["books"]) == titles
        assert {key for book in answer["books"] for key in book} == fields


def test_what_rest_framework_nests_by_itself_is_limited_too(client_of: Client, book: Make, cast: Cast) -> None:
    for number, tenant in enumerate((cast.acme, cast.other)):
        Loan.objects.create(book=book(title=f"t{number}", tenant=tenant, status="published", note="x"))
    first, second = client_of("bob").get("/loans/").json()
    assert set(first["book"]) == VIEWED
    assert second["book"] is None


def test_a_serializer_without_a_model_hides_none(client_of: Client, book: Make) -> None:
    row = book(status="published", note="x")
    Loan.objects.create(book=row)
    (answer,) = client_of("bob").get("/around/").json()
    assert set(answer["status"]["loans"][0]["book"]) == VIEWED


@pytest.mark.parametrize(
    ("name", "titles", "notes"), [("bob", ["seen"], []), ("alice", ["draft", "seen"], [None, "secret"])]
)
def test_a_field_shows_nothing_of_rows_and_fields_that_may_not_be_read(
    client_of: Client, shelf: Shelf, name: str, titles: list[str], notes: list[Any]
) -> None:
    keys = [str(Book.objects.get(title=title).pk) for title in titles]
    for _ in range(2):  # fields of the first answer may be kept
        (answer,) = client_of(name).get("/labelled/").json()
        assert (sorted(answer["titles"]), sorted(answer["keys"])) == (titles, sorted(keys))
        assert sorted(answer["notes"], key=str) == notes
        assert [set(book) for book in answer["listed"]] == [VIEWED if name == "bob" else AUTHORED] * len(titles)


def test_a_field_that_stands_for_a_row_is_empty_where_that_may_not_be_read(
    client_of: Client, book: Make, cast: Cast
) -> None:
    for tenant in (cast.acme, cast.other):
        Loan.objects.create(book=book(title="x", tenant=tenant, status="published", note="secret"))
    first, second = client_of("bob").get("/named/").json()
    assert (first["title"], first["note"], first["text"]) == ("x", None, str(Book.objects.get(tenant=cast.acme)))
    assert (second["title"], second["note"], second["text"]) == (None, None, None)
    assert second["book"] == str(Book.objects.get(tenant=cast.other).pk)


def test_a_row_is_not_chosen_by_a_field_that_may_not_be_read(client_of: Client, book: Make) -> None:
    book(title="x", status="published", note="secret")
    answer = client_of("bob").post("/named/", {"title": "x", "note": "secret"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/note")
    assert client_of("alice").post("/named/", {"title": "x", "note": "secret"}).status_code == 201


def test_nested_input_may_set_what_the_role_may(client_of: Client, cast: Cast, heard: Heard) -> None:
    refused = client_of("alice").post("/loans/", {"days": 1, "book": {"title": "x", "pages": 3}})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/book/pages")
    assert heard.named("field_refused")[0]["data"]["model"] == "library.book"
    assert not Book.objects.exists()


def test_input_of_no_model_is_refused_too_what_it_cannot_set(client_of: Client, book: Make, heard: Heard) -> None:
    path = f"/named/{Loan.objects.create(book=book()).pk}/extend/"
    assert client_of("bob").post(path, {"days": 3}).json() == {"days": 3}
    refused = client_of("bob").post(path, {"days": 3, "until": "2026-01-01", "dyas": 4})
    codes = {error["pointer"]: error["code"] for error in refused.json()["errors"]}
    assert (refused.status_code, codes) == (422, {"/until": "read_only_field", "/dyas": "unknown_field"})
    (event,) = heard.named("field_refused")
    assert (event["data"]["fields"], event["data"]["model"]) == (["dyas", "until"], "library.loan")


def test_a_nested_row_is_decided_by_its_own_policy(client_of: Client, cast: Cast, book: Make) -> None:
    """A viewer may make loans, not books."""
    assert client_of("dora").post("/loans/", {"days": 1, "book": {"title": "x"}}).status_code == 403
    assert client_of("bob").post("/loans/", {"days": 1, "book": {}}).status_code in {403, 422}
    assert not Book.objects.exists()
    held = Loan.objects.create(book=book(on_hold=True))
    assert client_of("dora").patch(f"/loans/{held.pk}/", {"book": {"title": "x"}}).status_code == 403
    free = Loan.objects.create(book=book())
    assert client_of("dora").patch(f"/loans/{free.pk}/", {"book": {"title": "changed"}}).status_code == 200
    assert sorted(Book.objects.values_list("title", flat=True)) == ["a book", "changed"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"books__title": "seen"}, 200),
        ({"books__note": "secret"}, 422),
        ({"length_min": "3"}, 422),
        ({"length_max": "3"}, 422),
        ({"books__tags__name": "x"}, 422),
        ({"within__name": "x"}, 200),
        ({"ordering": "books__title"}, 200),
        ({"ordering": "-books__note"}, 422),
        ({"ordering": "books__owner__password"}, 422),
    ],
)
def test_a_filter_over_a_relation_keeps_to_the_fields_at_its_end(
    client_of: Client, shelf: Shelf, query: dict[str, str], status: int
) -> None:
    assert client_of("bob").get("/shelves/", query).status_code == status


def test_a_search_over_a_relation_finds_nothing_by_a_hidden_field(client_of: Client, shelf: Shelf) -> None:
    assert client_of("bob").get("/shelves/", {"search": "secret"}).json() == []
    assert len(client_of("alice").get("/shelves/", {"search": "secret"}).json()) == 1


def test_a_filter_by_a_row_that_may_not_be_read_is_as_by_none(client_of: Client, shelf: Shelf) -> None:
    said = [
        client_of("bob").get("/shelves/", {"book": str(key)})
        for key in (Book.objects.get(title="draft").pk, "00000000-0000-0000-0000-000000000000")
    ]
    assert [answer.status_code for answer in said] == [422, 422]
    assert said[0].json()["errors"][0]["code"] == said[1].json()["errors"][0]["code"] == "invalid_choice"
    assert client_of("bob").get("/shelves/", {"book": str(Book.objects.get(title="seen").pk)}).status_code == 200


def test_what_only_the_database_knows_to_be_unique_is_a_refusal(client_of: Client, book: Make) -> None:
    book()
    assert client_of("bob").post("/covers/", {"colour": "red"}).status_code == 201
    again = client_of("bob").post("/covers/", {"colour": "blue"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "unique")
    assert Cover.objects.count() == 1


def test_another_fault_of_the_database_stays_one() -> None:
    with pytest.raises(IntegrityError), unique_or_refused():
        Loan.objects.create(book_id=None)  # type: ignore[misc]
