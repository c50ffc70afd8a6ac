from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from authz.drf import PolicyPermission, policy_action
from edge.outbound import OutboundFailed, OutboundPolicy, OutboundRefused, fetch
from edge.problems import Problem
from edge.ratelimit import ratelimit

from ..conf import conf
from ..filters import check_parameters
from ..models import Article
from ..previews import read_preview
from ..serializers import PreviewRequestSerializer, PreviewSerializer


class LinkUnavailable(Problem):
    """There is nothing to show. It does not say why: "refused" and "no answer" would map the network inside."""

    status_code = 422
    default_detail = "There is no preview of this address."
    default_code = "link_unavailable"


@policy_action("preview", model=Article)
class LinkPreview(APIView):
    """A look at a page that an article links to."""

    permission_classes = (PolicyPermission,)

    @extend_schema(
        tags=["links"], summary="Look at a web page", request=PreviewRequestSerializer, responses=PreviewSerializer
    )
    @ratelimit("expensive")
    def post(self, request: Request) -> Response:
        """Fetch a public https page through the guard against request forgery and say what it says of itself."""
        check_parameters(request, ())
        link = PreviewRequestSerializer(data=request.data)
        link.is_valid(raise_exception=True)
        try:
            page = fetch(link.validated_data["url"], policy=OutboundPolicy(**conf.preview_policy), request=request)
        except (OutboundRefused, OutboundFailed):
            raise LinkUnavailable from None
        if page.status != 200:
            raise LinkUnavailable
        preview = read_preview(page.body.decode(errors="replace"))
        answer = {"url": page.url, "title": preview.title, "description": preview.description}
        return Response(PreviewSerializer(answer).data)
