"""Logging in."""

from django.contrib.auth import get_user_model
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from edge.problems import ProblemResponse, problem_response
from edge.ratelimit import ratelimit
from edge.schema import problems

from ..conf import conf
from ..csrf import is_same_origin
from ..errors import Refusal
from ..login import LoginFault, LoginRefused, log_in
from ..models import Transport
from ..serializers import LoginSerializer, TokensSerializer
from .base import AuthView, django_request, refusal_response, tokens_response


class LoginView(AuthView):
    """Exchanges credentials for tokens."""

    @extend_schema(
        operation_id="auth_login",
        tags=["auth"],
        summary="Log in",
        request=LoginSerializer,
        responses={200: TokensSerializer, **problems(401)},
    )
    @ratelimit("login")
    def post(self, request: Request) -> Response | ProblemResponse:
        """Start a session. A wrong password, an unknown address and a locked account get the same answer."""
        data = self.validated(request, LoginSerializer)
        by_cookie = data["transport"] == Transport.COOKIE
        if by_cookie and not is_same_origin(django_request(request)):
            return refusal_response(request, Refusal.CSRF, by_cookie=False)
        outcome = log_in(
            data[get_user_model().USERNAME_FIELD],
            data["password"],
            transport=data["transport"],
            request=django_request(request),
            now=timezone.now(),
        )
        if isinstance(outcome, LoginRefused):
            return _refused(request, outcome)
        return tokens_response(outcome, by_cookie=by_cookie)


def _refused(request: Request, refused: LoginRefused) -> ProblemResponse:
    if refused.fault is LoginFault.UNVERIFIED:
        detail = "Open the link that was mailed to you first. You can ask for another one."
        return problem_response(request, status=403, code=refused.fault, detail=detail)
    return problem_response(
        request,
        status=401,
        code="invalid_credentials",
        detail="No active account has these credentials.",
        headers={"WWW-Authenticate": f'{conf.auth_header_types[0]} realm="api"'},
    )
