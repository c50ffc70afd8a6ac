"""What the OpenAPI document says of the routes of articles."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view

from edge.schema import problems

from ..exporting import Format
from ..serializers import ArticleSerializer, ArticleSummarySerializer

#: What only some roles read, so that an answer may lack it.
_BY_ROLE = ("legal_hold", "tenant", "version")


class _ByRole(ArticleSerializer):
    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for name in _BY_ROLE:
            fields[name].read_only = fields[name].required = False
        return fields


class ArticleAnswer(_ByRole):
    """An article; `version` is for authors, `legal_hold` for editors, `tenant` for administrators."""


class ArticleSummaryAnswer(_ByRole):
    """An article in a list, without its body."""

    class Meta(ArticleSummarySerializer.Meta):
        pass


_IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="The ETag of the article as you last read it."
)
_CHANGE: dict[str, Any] = {"parameters": [_IF_MATCH], "tags": ["articles"]}
_ETAG = OpenApiParameter("ETag", str, OpenApiParameter.HEADER, response=[200, 201], description="The version.")
_FILE = OpenApiResponse(OpenApiTypes.STR, description="The file, streamed.")
_FORMAT = OpenApiParameter("format", str, enum=list(Format), default=Format.CSV, description="The type of the file.")

describe = extend_schema_view(
    list=extend_schema(
        tags=["articles"],
        summary="List the articles that you may read",
        responses={200: ArticleSummaryAnswer(many=True), **problems(422)},
    ),
    create=extend_schema(
        tags=["articles"], summary="Write a draft", parameters=[_ETAG], responses={201: ArticleAnswer}
    ),
    retrieve=extend_schema(
        tags=["articles"],
        summary="Read an article",
        parameters=[_ETAG],
        responses={200: ArticleAnswer, **problems(422)},
    ),
    update=extend_schema(**_CHANGE, summary="Rewrite an article", responses={200: ArticleAnswer, **problems(412, 428)}),
    partial_update=extend_schema(
        **_CHANGE, summary="Change an article", responses={200: ArticleAnswer, **problems(412, 428)}
    ),
    destroy=extend_schema(**_CHANGE, summary="Delete an article", responses={204: None, **problems(412, 422, 428)}),
)

describe_publish = extend_schema(
    **_CHANGE, summary="Publish a draft", request=None, responses={200: ArticleAnswer, **problems(409, 412, 428)}
)

describe_export = extend_schema(
    tags=["articles"],
    summary="Take many articles out as a file",
    parameters=[_FORMAT],
    responses={(200, "text/csv"): _FILE, (200, "application/x-ndjson"): _FILE, **problems(422)},
)
