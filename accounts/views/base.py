"""What all routes of this app share."""

from collections.abc import Collection, Sequence
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

from .. import dpop, signals
from ..authentication import JWTAuthentication
from ..conf import conf
from ..dpop.problems import DPoPProblem
from ..errors import Refusal
from ..models import TokenFamily
from ..rotation import Granted
from ..transport import clear_cookies, set_cookies

#: What a refusal says to people.
DETAILS = {
    Refusal.CSRF: (
        "The request did not come from a page of this site, "
        "or its header X-CSRF-Token has another value than the readable cookie."
    ),
    Refusal.EXPIRED: "The session has run out. Log in again.",
    Refusal.INVALID: "The token is not valid.",
    Refusal.MISSING: "Send a refresh token.",
    **dpop.MESSAGES,
    Refusal.REUSED: "This refresh token was used before, so the session has been ended. Log in again.",
    Refusal.REVOKED: "The session has ended. Log in again.",
}


#: For `OwnView.serves_mfa_due`.
ANY_METHOD = ("DELETE", "GET", "PATCH", "POST")


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

    def proven_key(self, request: Request) -> str:
        """Return the thumbprint of the key that a new session is bound to, or a bound one is used with; empty for none.

        :raises DPoPProblem: the header `DPoP` has a proof that is not right.
        """
        try:
            return dpop.proven_key(django_request(request))
        except dpop.ProofRefused as refused:
            if refused.refusal is not Refusal.NONCE:
                tell_rejected(request, refused.reason)
            raise DPoPProblem(refused) from None


class OwnView(AuthView):
    """A route for somebody who is logged in.

    Its methods in `serves_mfa_due` open to who has yet to add the second factor that their role asks for.
    """

    serves_mfa_due: Collection[str] = ()

    authentication_classes = (JWTAuthentication,)
    permission_classes: Sequence[type[BasePermission]] = (IsAuthenticated,)


def django_request(request: Request) -> HttpRequest:
    """Return the request that signals carry."""
    inner: HttpRequest = request._request  # noqa: SLF001 - REST framework has no public name for it
    return inner


def access_response(family: TokenFamily, access: str, **more: Any) -> Response:
    """Return a new access token, and what else goes with it."""
    body = {
        "access": access,
        "token_type": "DPoP" if family.dpop_jkt else "Bearer",
        "expires_in": int(conf.access_token_lifetime.total_seconds()),
        **more,
    }
    response = Response(body)
    response["Cache-Control"] = "no-store"  # RFC 6749, section 5.1
    if family.dpop_jkt:
        response["DPoP-Nonce"] = dpop.current_nonce()
    return response


def tell_rejected(request: Request, reason: str) -> None:
    """Signal that a token, or what came along with it, was refused."""
    signals.token_rejected.send_robust(
        sender=TokenFamily,
        request=django_request(request),
        user=None,
        target=None,
        outcome="refused",
        data={"reason": reason},
    )


def tokens_response(granted: Granted, *, by_cookie: bool) -> Response:
    """Return new tokens: the refresh token in the cookie or in the body."""
    refresh = {} if by_cookie else {"refresh": granted.refresh}
    response = access_response(granted.family, granted.access, **refresh)
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
        headers={} if is_csrf else _challenge(refusal),
    )
    if by_cookie and not is_csrf and refusal is not Refusal.PROOF:
        clear_cookies(response)
    return response


def _challenge(refusal: Refusal) -> dict[str, str]:
    if refusal is Refusal.PROOF:
        return dpop.ProofRefused("other_key").headers
    return {"WWW-Authenticate": f'{conf.auth_header_types[0]} realm="api"'}
