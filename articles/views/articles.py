"""Articles over HTTP: the policy decides, `writing` writes, this answers."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from authz.drf import PolicyViewSet, policy_action
from edge.context import django_request
from edge.parsers import body_limit
from edge.problems import Problem
from edge.ratelimit import ratelimit

from .. import signals, writing
from ..conf import conf
from ..exporting import Format, write
from ..filters import ArticleFilter, ArticleFilterBackend, check_parameters
from ..models import Article, Status
from ..pagination import KeysetPagination
from ..preconditions import etag_of, require_match
from ..serializers import ArticleSerializer, ArticleSummarySerializer, NothingSerializer
from . import documentation

#: A body of 50 000 characters, each escaped as \\uXXXX, and what is around it.
BODY_BYTES = 320_000


class AlreadyPublished(Problem):
    status_code = 409
    default_detail = "The article is published already."
    default_code = "already_published"


class ExportNegotiation(BaseContentNegotiation):
    """The parameter `format` names the file's type; problems are JSON, whatever is accepted."""

    def select_parser(self, request: Request, parsers: Any) -> Any:  # noqa: ARG002
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:  # noqa: ARG002
        return renderers[0], renderers[0].media_type


@documentation.describe
@body_limit(BODY_BYTES)
class ArticleViewSet(PolicyViewSet):
    """The worked example: scoped by tenant and author, limited by role, changed only from the version that was read."""

    queryset = Article.objects.all()
    serializer_class = ArticleSerializer
    filterset_class = ArticleFilter
    filter_backends = (ArticleFilterBackend,)
    pagination_class = KeysetPagination

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        known = {"list": {*ArticleFilter.base_filters, *KeysetPagination.parameters}}
        known["export"] = {*ArticleFilter.base_filters, "format"}
        check_parameters(request, known.get(self.action, ()))

    def get_queryset(self) -> QuerySet[Article]:
        rows = Article.objects.all()
        return rows.defer("body") if self.action == "list" else rows

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return ArticleSummarySerializer if self.action == "list" else ArticleSerializer

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._tagged(super().retrieve(request, *args, **kwargs), self.get_object())

    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        article = serializer.save()
        headers = {"Location": f"{request.path}{article.pk}/"}
        return self._tagged(Response(serializer.data, status=201, headers=headers), article)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        article = self._seen()
        return self._tagged(super().update(request, *args, **kwargs), article)

    @documentation.describe_publish
    @policy_action("publish")
    def publish(self, request: Request, **_kwargs: Any) -> Response:
        article = self._seen()
        NothingSerializer(data=request.data).is_valid(raise_exception=True)
        if article.status == Status.PUBLISHED:
            raise AlreadyPublished
        writing.publish(article, now=timezone.now(), request=django_request(request), user=request.user)
        return self._tagged(Response(self.get_serializer(article).data), article)

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self._seen()
        return super().destroy(request, *args, **kwargs)

    def perform_destroy(self, instance: Article) -> None:
        writing.delete(instance, request=django_request(self.request), user=self.request.user)

    @documentation.describe_export
    @ratelimit("export")
    @policy_action("export")
    def export(self, request: Request) -> StreamingHttpResponse:
        """Stream the articles as a file; who takes how many is told before the first of them leaves."""
        kind = self._format()
        rows = self.filter_queryset(self.get_queryset())
        count = rows.count()
        if count > conf.max_export_rows:
            detail = f"This is {count} articles, and an export holds {conf.max_export_rows}. Narrow it with filters."
            raise ValidationError({"non_field_errors": [ErrorDetail(detail, "too_many_rows")]})
        filters = {name: value for name, value in request.query_params.items() if name != "format"}
        signals.articles_exported.send(
            sender=Article,
            request=django_request(request),
            user=request.user,
            target=None,
            outcome="success",
            data={"format": kind, "filters": filters, "rows": count},
        )
        serializer: Any = self.get_serializer()
        answer = StreamingHttpResponse(
            write(kind, self._exported(rows, serializer), list(serializer.fields)), content_type=kind.content_type
        )
        answer["Content-Disposition"] = f'attachment; filename="articles.{kind}"'
        return answer

    def _exported(self, rows: QuerySet[Article], serializer: BaseSerializer[Any]) -> Iterator[Any]:
        for article in rows.order_by(*rows.query.order_by, "pk").iterator(chunk_size=200):
            yield serializer.to_representation(article)

    def _format(self) -> Format:
        try:
            return Format(self.request.query_params.get("format", Format.CSV))
        except ValueError:
            raise ValidationError({"format": [ErrorDetail("This is csv or ndjson.", "invalid_choice")]}) from None

    def _seen(self) -> Article:
        """Return the article, after the decision about it, if the caller has seen its last version."""
        article: Article = self.get_object()
        require_match(article, self.request.headers.get("If-Match"))
        return article

    def _tagged(self, response: Response, article: Article) -> Response:
        response["ETag"] = etag_of(article)
        return response
