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
from ..guessing import trust_device
from ..login import LoginFault, LoginRefused, log_in
from ..mfa.second_step import SecondStepNeeded
from ..models import Transport
from ..schema import PROOF
from ..serializers import LoginSerializer, TokensSerializer
from .base import AuthView, django_request, refusal_response, tokens_response
from .second_step import second_step_response


class LoginView(AuthView):
    """Exchanges credentials for tokens."""

    @extend_schema(
        operation_id="auth_login",
        tags=["auth"],
        summary="Log in",
        request=LoginSerializer,
        parameters=[PROOF],
        responses={200: TokensSerializer, **problems(401, 403, 503)},
    )
    @ratelimit("login")
    def post(self, request: Request) -> Response | ProblemResponse:
        """Start a session. A wrong password, an unknown address and a locked account get the same answer.

        Who has a second factor gets 401 `mfa_required` with an `mfa_token`: `login/mfa` takes it from there.
        """
        data = self.validated(request, LoginSerializer)
        by_cookie = data["transport"] == Transport.COOKIE
        if by_cookie and not is_same_origin(django_request(request)):
            return refusal_response(request, Refusal.CSRF, by_cookie=False)
        jkt = self.proven_key(request)  # first: who must make the proof again has not guessed a password yet
        outcome = log_in(
            data[get_user_model().USERNAME_FIELD],
            data["password"],
            transport=data["transport"],
            request=django_request(request),
            now=timezone.now(),
            solution=data["challenge"],
            dpop_jkt=jkt,
        )
        if isinstance(outcome, LoginRefused):
            return login_refused(request, outcome)
        if isinstance(outcome, SecondStepNeeded):
            return second_step_response(request, outcome)
        response = tokens_response(outcome, by_cookie=by_cookie)
        trust_device(response, outcome.family.user)
        return response


def login_refused(request: Request, refused: LoginRefused) -> ProblemResponse:
    """Return the answer to a refused login.

    :raises Problem: no guess is left (429), or a challenge has to be solved first (403).
    """
    if refused.exhausted is not None:
        raise refused.exhausted.problem()
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
