"""The life of a session after the login: refreshed, listed, ended."""

from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from edge.problems import ProblemResponse
from edge.ratelimit import ratelimit
from edge.schema import problems

from .. import csrf, logout
from ..authentication import bearer_token
from ..conf import conf
from ..errors import Refusal
from ..mfa.assurance import require_for_change
from ..models import TokenFamily
from ..rotation import Refused, rotate_tokens
from ..schema import PROOF
from ..serializers import RefreshSerializer, SessionListSerializer, TokensSerializer
from ..transport import clear_cookies, refresh_cookies
from .base import ANY_METHOD, AuthView, OwnView, django_request, refusal_response, tell_rejected, tokens_response

GONE = OpenApiResponse(description="It has ended.")
#: One for all requests, of which it keeps nothing: making its field anew would cost more than what it does.
_BODY = RefreshSerializer()


class RefreshView(AuthView):
    """Exchanges a refresh token."""

    @extend_schema(
        operation_id="auth_refresh",
        tags=["auth"],
        summary="Refresh tokens",
        request=RefreshSerializer,
        parameters=[PROOF],
        responses={200: TokensSerializer, **problems(401)},
    )
    @ratelimit("refresh")
    def post(self, request: Request) -> Response | ProblemResponse:
        """Exchange a refresh token for new tokens. Used a second time, it ends the session.

        By cookie, the request must come from a page of this site and carry the CSRF cookie's value in `X-CSRF-Token`.
        """
        tokens, by_cookie = _presented(request)
        inner = django_request(request)
        if not tokens:
            return refusal_response(request, Refusal.MISSING, by_cookie=False)
        if by_cookie and not csrf.is_same_origin(inner):
            return refusal_response(request, Refusal.CSRF, by_cookie=True)
        if len(tokens) > 1:
            return _planted(request)
        (token,) = tokens
        needed = request.headers.get(csrf.HEADER, "") if by_cookie and conf.cookie_csrf else None
        outcome = rotate_tokens(token, request=inner, now=timezone.now(), csrf=needed, jkt=self.proven_key(request))
        if isinstance(outcome, Refused):
            return refusal_response(request, outcome.refusal, by_cookie=by_cookie)
        return tokens_response(outcome, by_cookie=by_cookie)


class LogoutView(AuthView):
    """Ends the session that a token belongs to."""

    @extend_schema(
        operation_id="auth_logout",
        tags=["auth"],
        summary="Log out",
        request=RefreshSerializer,
        responses={204: GONE},
    )
    @ratelimit("account")
    def post(self, request: Request) -> Response | ProblemResponse:
        """End the session of the refresh or the access token, expired or not; without one there is nothing to do."""
        tokens, by_cookie = _presented(request)
        inner = django_request(request)
        is_ours = csrf.is_same_origin(inner)
        if by_cookie and not is_ours:
            return refusal_response(request, Refusal.CSRF, by_cookie=True)
        now = timezone.now()
        for token in tokens or [""]:
            logout.log_out(token, bearer_token(inner), request=inner, now=now)
        if not is_ours:
            # The cookies are strict, so a form of another site comes without them: its answer must not take them away.
            return Response(status=204)
        for token in () if by_cookie else refresh_cookies(inner):
            logout.log_out(token, None, request=inner, now=now)  # it goes with this answer
        return _ended()


class LogoutAllView(OwnView):
    """Ends every session of the caller."""

    serves_mfa_due = ANY_METHOD

    @extend_schema(
        operation_id="auth_logout_all", tags=["auth"], summary="Log out everywhere", request=None, responses={204: GONE}
    )
    @ratelimit("account")
    def post(self, request: Request) -> Response:
        """End all sessions of the account, this one included."""
        logout.log_out_everywhere(_family(request), request=django_request(request), now=timezone.now())
        return _ended()


class SessionListView(OwnView):
    """The devices that are logged in."""

    @extend_schema(
        operation_id="auth_sessions", tags=["auth"], summary="List sessions", responses={200: SessionListSerializer}
    )
    @ratelimit("account")
    def get(self, request: Request) -> Response:
        """List the live sessions, the one used last first."""
        current = _family(request)
        found = TokenFamily.objects.of(current.user).live(timezone.now()).order_by("-rotated_at", "-pk")
        body = SessionListSerializer({"results": found}, context={"current": current.pk})
        return Response(body.data)

    @extend_schema(
        operation_id="auth_sessions_end_others", tags=["auth"], summary="End the other sessions", responses={204: GONE}
    )
    @ratelimit("account")
    def delete(self, request: Request) -> Response:
        """End all sessions but this one. Needs a recent login: a thief of this one must not keep its owner out."""
        require_for_change(request)
        logout.end_others(_family(request), request=django_request(request), now=timezone.now())
        return Response(status=204)


class SessionView(OwnView):
    """One device that is logged in."""

    @extend_schema(
        operation_id="auth_session_end", tags=["auth"], summary="End a session", responses={204: GONE, **problems(404)}
    )
    @ratelimit("account")
    def delete(self, request: Request, session_id: UUID) -> Response:
        """End one session of the account; another than this one needs a recent login (OWASP ASVS 5.0, V7.5.2)."""
        current = _family(request)
        if session_id != current.pk:
            require_for_change(request)
        if not logout.end_one(current, session_id, request=django_request(request), now=timezone.now()):
            raise NotFound
        return _ended() if session_id == current.pk else Response(status=204)


def _presented(request: Request) -> tuple[list[str], bool]:
    """Return the refresh tokens, mostly one, and whether they came in cookies; the body counts first.

    :raises ValidationError: the body is invalid, which makes a 422.
    """
    if token := _BODY.run_validation(request.data).get("refresh"):
        return [token], False
    tokens = refresh_cookies(django_request(request))
    return tokens, bool(tokens)


def _planted(request: Request) -> ProblemResponse:
    """Return the refusal of several refresh cookies: in somebody else's session a user would do their own things."""
    tell_rejected(request, "two_cookies")
    response = refusal_response(request, Refusal.INVALID, by_cookie=True)
    response["Clear-Site-Data"] = '"cookies"'  # the planted one too, whose domain and path nobody knows
    return response


def _family(request: Request) -> TokenFamily:
    family: TokenFamily = request.auth.family  # type: ignore[union-attr]  # OwnView authenticates with JWTAuthentication
    return family


def _ended() -> Response:
    response = Response(status=204)
    clear_cookies(response)
    response["Clear-Site-Data"] = '"cache", "storage"'
    return response
