"""simplejwt's views by name: the same fields in, the same members out."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from edge.ratelimit import ratelimit
from edge.schema import problems

from ..views.base import AuthView
from . import serializers
from .base import InvalidToken, TokenError


class TokenViewBase(AuthView):
    """Answers with what its serializer has validated; a `TokenError` becomes a 401 with the code `token_not_valid`."""

    serializer_class: ClassVar[type[BaseSerializer[Any]]]
    www_authenticate_realm = "api"

    def get_authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - REST framework's signature
        return f'Bearer realm="{self.www_authenticate_realm}"'

    def post(self, request: Request, *_: Any, **__: Any) -> Response:
        """Validate, and answer."""
        serializer = self.serializer_class(data=request.data, context={"request": request, "view": self})
        try:
            serializer.is_valid(raise_exception=True)
        except TokenError as error:
            raise InvalidToken(error.args[0]) from error
        return Response(serializer.validated_data)


@extend_schema(tags=["token"], responses={200: serializers.TokenRefreshSerializer, **problems(401)})
class TokenObtainPairView(TokenViewBase):
    """Takes credentials, gives an access and a refresh token."""

    serializer_class = serializers.TokenObtainPairSerializer

    @ratelimit("login")
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Log in; the tokens are in the body."""
        return super().post(request, *args, **kwargs)


@extend_schema(tags=["token"], responses={200: serializers.TokenRefreshSerializer, **problems(401)})
class TokenRefreshView(TokenViewBase):
    """Takes a refresh token, gives the next pair."""

    serializer_class = serializers.TokenRefreshSerializer

    @ratelimit("refresh")
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Exchange a refresh token. Used twice, it ends its session."""
        return super().post(request, *args, **kwargs)


@extend_schema(tags=["token"], responses={200: None, **problems(401)})
class TokenVerifyView(TokenViewBase):
    """Says whether a text is a token of ours."""

    serializer_class = serializers.TokenVerifySerializer

    @ratelimit("account")
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Verify a token."""
        return super().post(request, *args, **kwargs)


@extend_schema(tags=["token"], responses={200: None, **problems(401)})
class TokenBlacklistView(TokenViewBase):
    """Ends the session of a refresh token."""

    serializer_class = serializers.TokenBlacklistSerializer

    @ratelimit("account")
    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Log out."""
        return super().post(request, *args, **kwargs)


token_obtain_pair = TokenObtainPairView.as_view()
token_refresh = TokenRefreshView.as_view()
token_verify = TokenVerifyView.as_view()
token_blacklist = TokenBlacklistView.as_view()
