"""What all routes of this app share."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from edge.problems import ProblemResponse, problem_response

from ..authentication import JWTAuthentication
from ..conf import conf
from ..errors import Refusal
from ..rotation import Granted
from ..transport import clear_cookies, set_cookies

#: What a refusal says to people.
DETAILS = {
    Refusal.CSRF: "The request did not come from a page of this site.",
    Refusal.EXPIRED: "The session has run out. Log in again.",
    Refusal.INVALID: "The token is not valid.",
    Refusal.MISSING: "Send a refresh token.",
    Refusal.REUSED: "This refresh token was used before, so the session has been ended. Log in again.",
    Refusal.REVOKED: "The session has ended. Log in again.",
}


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class AuthView(APIView):
    """A route that anybody may call: it looks at no access token.

    Never inside the transaction of ATOMIC_REQUESTS: what a refusal ends must stay ended.
    """

    authentication_classes: Sequence[type[BaseAuthentication]] = ()
    permission_classes: Sequence[type[BasePermission]] = (AllowAny,)

    def validated(self, request: Request, serializer: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """Return the input as ``serializer`` reads it.

        :raises ValidationError: it is invalid, which makes a 422.
        """
        bound = serializer(data=request.data, context={"request": request})
        bound.is_valid(raise_exception=True)
        data: dict[str, Any] = bound.validated_data
        return data


class OwnView(AuthView):
    """A route for somebody who is logged in."""

    authentication_classes = (JWTAuthentication,)
    permission_classes = (IsAuthenticated,)


def django_request(request: Request) -> HttpRequest:
    """Return the request that signals carry."""
    inner: HttpRequest = request._request  # noqa: SLF001 - REST framework has no public name for it
    return inner


def tokens_response(granted: Granted, *, by_cookie: bool) -> Response:
    """Return new tokens: the refresh token in the cookie or in the body."""
    body = {
        "access": granted.access,
        "token_type": "Bearer",
        "expires_in": int(conf.access_token_lifetime.total_seconds()),
    }
    response = Response(body if by_cookie else {**body, "refresh": granted.refresh})
    response["Cache-Control"] = "no-store"  # RFC 6749, section 5.1
    if by_cookie:
        set_cookies(response, granted)
    return response


def refusal_response(request: Request, refusal: Refusal, *, by_cookie: bool) -> ProblemResponse:
    """Return 401, or 403 where it is the page that is not trusted; a session that is over takes its cookie along."""
    is_csrf = refusal is Refusal.CSRF
    response = problem_response(
        request,
        status=403 if is_csrf else 401,
        code=refusal,
        detail=DETAILS[refusal],
        headers={} if is_csrf else {"WWW-Authenticate": f'{conf.auth_header_types[0]} realm="api"'},
    )
    if by_cookie and not is_csrf:
        clear_cookies(response)
    return response
