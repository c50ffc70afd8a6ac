"""View sets as hosts write them: one plain, one that overrides all it can to lose the policy."""

from typing import Any

from django.db.models import QuerySet
from django_filters import FilterSet
from rest_framework.decorators import action, api_view
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from authz.drf import PolicyOrderingFilter, PolicySearchFilter, PolicyViewSet, policy_action, public
from authz.drf.django_filters import PolicyFilterBackend
from authz.models import Tenant

from .models import Book, Loan, Shelf
from .serializers import BookSerializer, LoanSerializer, ShelfSerializer


class BookFilter(FilterSet):  # type: ignore[misc]  # django-filter has no types
    class Meta:
        model = Book
        fields = ("status", "pages", "owner__is_staff")


class BookViewSet(PolicyViewSet):
    queryset = Book.objects.order_by("title", "pk")
    serializer_class = BookSerializer
    filter_backends = (PolicyFilterBackend, PolicyOrderingFilter, PolicySearchFilter)
    search_fields = ("title", "owner__email")
    filterset_class = BookFilter
    ordering_fields = ("title", "pages")

    @action(detail=True, methods=["post"])
    @policy_action("publish")
    def publish(self, request: Request, pk: str) -> Response:
        book = self.get_object()
        book.status = "published"
        book.save()
        return Response(self.get_serializer(book).data)

    @action(detail=True, methods=["post"])
    @policy_action("publish")
    def give_away(self, request: Request, pk: str) -> Response:
        book = self.get_object()
        book.tenant_id = None
        book.save()
        return Response()

    @action(detail=True)
    @policy_action("read")
    def own_get(self, request: Request, pk: str) -> Response:
        return Response({"title": Book.objects.get(pk=pk).title})

    @action(detail=False, methods=["patch"])
    @policy_action("update")
    def bulk(self, request: Request) -> Response:
        data: Any = request.data
        books = self.get_objects(data["ids"])
        for book in books:
            serializer = self.get_serializer(book, data=data["values"], partial=True)
            serializer.is_valid(raise_exception=True)
            serializer.save()
        return Response(len(books))

    @action(detail=False, methods=["post"])
    @policy_action("update")
    def bulk_save(self, request: Request) -> Response:
        data: Any = request.data
        for book in self.get_objects(data["ids"]):
            for name, value in data["values"].items():
                setattr(book, name, value)
            book.save()
        return Response()

    @action(detail=False, methods=["post"])
    @policy_action("create")
    def bulk_create(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data, many=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)

    @action(detail=False, methods=["delete"])
    @policy_action("delete")
    def bulk_delete(self, request: Request) -> Response:
        data: Any = request.data
        for book in self.get_objects(data["ids"]):
            book.delete()
        return Response(status=204)

    @action(detail=False, methods=["patch"])
    @policy_action("update")
    def bulk_by_itself(self, request: Request) -> Response:
        return Response(Book.objects.update(title="changed"))

    @action(detail=False, methods=["patch"])
    @policy_action("update")
    def bulk_scoped(self, request: Request) -> Response:
        return Response(self.get_queryset().update(title="changed"))

    @policy_action("export")
    @action(detail=False)
    def export(self, request: Request) -> Response:
        return Response([book.title for book in self.get_queryset()])

    @action(detail=False)
    def forgotten(self, request: Request) -> Response:
        return Response("never seen")


class StubbornViewSet(PolicyViewSet):
    """Overrides what a host may override, and calls nothing of its bases."""

    serializer_class = BookSerializer
    queryset = Book.objects.none()

    def get_permissions(self) -> list[Any]:
        return []

    def get_queryset(self) -> QuerySet[Book]:
        return Book.objects.order_by("title", "pk")

    def get_object(self) -> Book:
        return Book.objects.get(pk=self.kwargs["pk"])

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        owner, tenant = (self.request.headers.get(name) for name in ("X-Owner", "X-Tenant"))
        values = {"owner_id": owner} if owner else {}
        serializer.save(**values, **({"tenant": Tenant.objects.get(pk=tenant)} if tenant else {}))

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        book = self.get_object()
        data: Any = request.data
        book.status = data["status"]
        book.save()
        return Response()

    @action(detail=False)
    @policy_action("export")
    def dump(self, request: Request) -> Response:
        return Response([book.title for book in Book.objects.all()])

    @action(detail=False)
    @public("a test")
    def total(self, request: Request) -> Response:
        return Response(Book.objects.count())


class ShelfViewSet(PolicyViewSet):
    """A model without tenants and without fields in its policy."""

    queryset = Shelf.objects.order_by("pk")
    serializer_class = ShelfSerializer

    def perform_create(self, serializer: BaseSerializer[Any]) -> None:
        serializer.save(keeper=self.request.user)


class LoanViewSet(PolicyViewSet):
    """Its rows refer to rows with a policy of their own."""

    queryset = Loan.objects.order_by("pk")
    serializer_class = LoanSerializer


class Undeclared(APIView):
    def get(self, request: Request) -> Response:
        return Response("never seen")


class Handmade(GenericAPIView):  # type: ignore[type-arg]
    """Has handlers of its own and no PolicyMixin."""

    queryset = Book.objects.all()

    @policy_action("update", Book)
    def post(self, request: Request, pk: str) -> Response:
        return Response(self.get_object().title)


class Counted(APIView):
    @policy_action("export", Book)
    def get(self, request: Request) -> Response:
        return Response("for editors")

    @public("a test")
    def post(self, request: Request) -> Response:
        return Response("for all")


@api_view(["GET"])
@policy_action("export", Book)
def marked_inside(request: Request) -> Response:
    return Response("for editors")


@policy_action("export", Book)
@api_view(["GET"])
def marked_outside(request: Request) -> Response:
    return Response("for editors")


@api_view(["GET"])
def unmarked(request: Request) -> Response:
    return Response("never seen")


@api_view(["GET"])
@public("a test")
def open_to_all(request: Request) -> Response:
    return Response("for all")
