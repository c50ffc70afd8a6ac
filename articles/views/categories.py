from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request

from authz.drf import PolicyPermission, public
from edge.ratelimit import ratelimit

from ..filters import check_parameters
from ..models import Category
from ..pagination import KeysetPagination
from ..serializers import CategorySerializer


@extend_schema(tags=["categories"], summary="List the categories, by name", auth=[])
@public("Categories are the same for everybody, and a form needs them before anybody logs in.")
@ratelimit("anonymous_read")
class CategoryList(ListAPIView[Category]):
    """What articles are about."""

    authentication_classes = ()
    permission_classes = (PolicyPermission,)
    queryset = Category.objects.order_by("name")
    serializer_class = CategorySerializer
    pagination_class = KeysetPagination
    filter_backends = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        check_parameters(request, KeysetPagination.parameters)
