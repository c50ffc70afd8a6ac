"""The second step of a login, logging in by passkey, and showing the credentials again."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from edge.problems import ProblemResponse, problem_response
from edge.ratelimit import ratelimit, refund
from edge.schema import problems

from .. import sessions
from ..conf import conf
from ..csrf import is_same_origin
from ..errors import Refusal
from ..guessing import trust_device
from ..login import LoginRefused
from ..mfa import assurance, passkeys, second_step
from ..mfa.proofs import Method, Proof
from ..mfa.reauthentication import FactorMissing, reauthenticate
from ..mfa.second_step import FirstStep, SecondStepNeeded
from ..mfa.serializers import (
    AssuranceSerializer,
    CeremonySerializer,
    PasskeyLoginSerializer,
    PasskeyOptionsSerializer,
    ReauthenticateSerializer,
    SecondStepSerializer,
)
from ..mfa.sign_in import finish_log_in, log_in_by_passkey
from ..models import TokenFamily, Transport
from ..rotation import Granted
from ..schema import PROOF
from ..serializers import TokensSerializer
from ..tokens import make_access_token
from .base import (
    ANY_METHOD,
    AuthView,
    OwnView,
    access_response,
    django_request,
    refusal_response,
    tokens_response,
)


class SecondStepView(AuthView):
    """Takes the second factor of a login."""

    @extend_schema(
        operation_id="auth_login_mfa",
        tags=["auth"],
        summary="Finish logging in with a second factor",
        request=SecondStepSerializer,
        parameters=[PROOF],
        responses={200: TokensSerializer, **problems(401)},
    )
    @ratelimit("mfa")
    def post(self, request: Request) -> Response | ProblemResponse:
        """Start the session that the password alone does not open. The token works once."""
        data = self.validated(request, SecondStepSerializer)
        first = second_step.read(data["mfa_token"])
        if first is None or first.transport == Transport.SESSION or first.dpop_jkt != self.proven_key(request):
            return token_refused(request)
        inner, by_cookie = django_request(request), first.transport == Transport.COOKIE
        if by_cookie and not is_same_origin(inner):
            return refusal_response(request, Refusal.CSRF, by_cookie=False)
        return _answer(request, _finished(first, data, inner), by_cookie)


class PasskeyOptionsView(AuthView):
    """Makes the challenge that a passkey answers to log in."""

    @extend_schema(
        operation_id="auth_login_passkey_options",
        tags=["auth"],
        summary="Ask for a passkey's challenge",
        request=PasskeyOptionsSerializer,
        responses={200: CeremonySerializer, **problems(401)},
    )
    @ratelimit("mfa")
    def post(self, request: Request) -> Response | ProblemResponse:
        """Return the options for `navigator.credentials.get()`: for a second step, or for a login without password."""
        token = self.validated(request, PasskeyOptionsSerializer).get("mfa_token")
        first = second_step.read(token) if token else None
        # A browser's own token stays in its session, which is a row of the database.
        if token and (first is None or first.transport == Transport.SESSION):
            return token_refused(request)
        return ceremony_response(
            passkeys.begin_assertion(first.user if first else None, request=django_request(request))
        )


class PasskeyLoginView(AuthView):
    """Logs in by passkey alone: it is something one has, unlocked by something one knows or is."""

    @extend_schema(
        operation_id="auth_login_passkey",
        tags=["auth"],
        summary="Log in by passkey",
        request=PasskeyLoginSerializer,
        parameters=[PROOF],
        responses={200: TokensSerializer, **problems(401)},
    )
    @ratelimit("mfa")
    def post(self, request: Request) -> Response | ProblemResponse:
        """Start a session for the user whom the passkey names."""
        data = self.validated(request, PasskeyLoginSerializer)
        inner, by_cookie = django_request(request), data["transport"] == Transport.COOKIE
        if by_cookie and not is_same_origin(inner):
            return refusal_response(request, Refusal.CSRF, by_cookie=False)
        proof = Proof(Method.PASSKEY, credential=data["credential"], state=data["state"])
        outcome = log_in_by_passkey(
            proof, transport=data["transport"], request=inner, now=timezone.now(), dpop_jkt=self.proven_key(request)
        )
        return _answer(request, outcome, by_cookie)


class ReauthenticateView(OwnView):
    """Shows the credentials again."""

    serves_mfa_due = ANY_METHOD

    @extend_schema(
        operation_id="auth_reauthenticate",
        tags=["auth"],
        summary="Show the credentials again",
        request=ReauthenticateSerializer,
        responses={200: AssuranceSerializer},
    )
    @ratelimit("password_change")
    def post(self, request: Request) -> Response | ProblemResponse:
        """Renew what this session knows of its user: with the access token of the answer, routes that answer
        `insufficient_user_authentication` open. Those from before open none of them; the refresh token stays as it is.
        """
        data = self.validated(request, ReauthenticateSerializer)
        family = own_family(request)
        inner, now = django_request(request), timezone.now()
        outcome = reauthenticate(
            family,
            data["password"],
            data["proof"],
            request=inner,
            now=now,
            solution=data["challenge"],
        )
        if isinstance(outcome, FactorMissing):
            refund(request)
            methods = [*outcome.methods]
            return _unauthenticated(request, "mfa_required", "Show a second factor too.", methods=methods)
        if isinstance(outcome, LoginRefused):
            if outcome.exhausted is not None:
                raise outcome.exhausted.problem()
            return _unauthenticated(request, "invalid_credentials", "These are not your credentials.")
        return assured_response(outcome, now=now)


class ReauthenticateOptionsView(OwnView):
    """Makes the challenge that a passkey answers to show the credentials again."""

    serves_mfa_due = ANY_METHOD

    @extend_schema(
        operation_id="auth_reauthenticate_options",
        tags=["auth"],
        summary="Ask for a challenge of my passkeys",
        request=None,
        responses={200: CeremonySerializer},
    )
    @ratelimit("account")
    def post(self, request: Request) -> Response:
        """Return the options for `navigator.credentials.get()` with the caller's passkeys."""
        return ceremony_response(passkeys.begin_assertion(own_family(request).user, request=django_request(request)))


def second_step_response(request: Request | HttpRequest, needed: SecondStepNeeded) -> ProblemResponse:
    """Return what tells a client to come back with a second factor. The password was right: it is no failed guess."""
    refund(request)
    return _unauthenticated(
        request,
        "mfa_required",
        "Show a second factor.",
        mfa_token=needed.token,
        methods=[*needed.methods],
        expires_in=int(conf.mfa_token_lifetime.total_seconds()),
    )


def token_refused(request: Request) -> ProblemResponse:
    """Return the answer for a second step that is too late, or was never begun."""
    return _unauthenticated(request, "mfa_token_invalid", "This login has run out. Start again with the password.")


def ceremony_response(ceremony: passkeys.Ceremony) -> Response:
    """Return a passkey's challenge."""
    response = Response({"public_key": ceremony.options, "state": ceremony.state})
    response["Cache-Control"] = "no-store"
    return response


def own_family(request: Request) -> TokenFamily:
    """Return the session of a request to an `OwnView`."""
    family: TokenFamily = request.auth.family  # type: ignore[union-attr]  # OwnView authenticates with JWTAuthentication
    return family


def assurance_of(family: TokenFamily) -> dict[str, Any]:
    """Return how sure a session is, as the API tells it."""
    return {
        "acr": assurance.acr(assurance.level_of(family.amr)),
        "amr": family.amr,
        "auth_time": family.auth_time,
    }


def assured_response(family: TokenFamily, *, now: datetime, **more: Any) -> Response:
    """Return how sure a session is now, an access token that stands for it, and what else goes with it."""
    if conf.session_annotations:
        family = sessions.find(family.pk) or family
    access = make_access_token(family.user, family, now=now)
    return access_response(family, access, **assurance_of(family), **more)


def _finished(first: FirstStep, data: dict[str, Any], request: HttpRequest) -> Granted | LoginRefused:
    return finish_log_in(first, data["proof"], request=request, now=timezone.now(), solution=data["challenge"])


def _answer(request: Request, outcome: Granted | LoginRefused, by_cookie: bool) -> Response | ProblemResponse:
    if isinstance(outcome, LoginRefused):
        return _unauthenticated(request, "mfa_failed", "That did not prove who you are.")
    response = tokens_response(outcome, by_cookie=by_cookie)
    trust_device(response, outcome.family.user)
    return response


def _unauthenticated(request: Request | HttpRequest, code: str, detail: str, **extra: Any) -> ProblemResponse:
    challenge = {"WWW-Authenticate": f'{conf.auth_header_types[0]} realm="api"', "Cache-Control": "no-store"}
    return problem_response(request, status=401, code=code, detail=detail, headers=challenge, **extra)
