"""The routes. Errors have the shape of RFC 6749 where a client reads them, and are a page where a person does."""

from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe
from django.views.generic import View

from edge.problems import LimiterUnavailable, problem_response
from edge.ratelimit import ratelimit

from .. import signals
from ..browser_sessions import family_of
from ..mfa import holdings
from ..models import OAuthClient, TokenFamily
from . import consent
from .authorization import AuthorizationRequest, answer_uri, read_request, trusted_target
from .codes import issue_code
from .cors import allow_origin
from .errors import ErrorCode, OAuthRefused, RequestUntrusted
from .grants import grant_tokens, revoke_token
from .metadata import metadata
from .parameters import read_parameters

FORM = "application/x-www-form-urlencoded"
#: Parameter of our own, in the address that the login page leads back to: seconds since 1970.
_ASKED_AT = "login_asked_at"


@require_safe
def authorization_server(_request: HttpRequest) -> JsonResponse:
    """Return what this server offers (RFC 8414)."""
    response = JsonResponse(metadata())
    response["Cache-Control"] = "public, max-age=300"
    response["Access-Control-Allow-Origin"] = "*"  # public by nature
    return response


class AppRedirect(HttpResponseRedirect):
    """Sends the browser to an address that a client has registered, whatever its scheme."""

    def __init__(self, address: str) -> None:
        self.allowed_schemes = [urlsplit(address).scheme]
        super().__init__(address)
        self["Cache-Control"] = "no-store"
        self["Referrer-Policy"] = "no-referrer"


@method_decorator([csrf_exempt, transaction.non_atomic_requests], name="dispatch")
class AuthorizeView(View):
    """Sends a logged-in user back to the app with a code. Whatever is no GET is a 405, and needs no token for that."""

    http_method_names = ["get"]

    @method_decorator(ratelimit("account"))
    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Check the request, have the user log in and agree where that is needed, and issue a code."""
        return _authorized(request)


@method_decorator([csrf_protect, transaction.non_atomic_requests, never_cache], name="dispatch")
class ConsentView(View):
    """Takes what a user says to an app that asked for consent."""

    http_method_names = ["post"]

    @method_decorator(ratelimit("account"))
    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Check the request again, and send the user back with a code or the refusal."""
        return _authorized(request, said=request.POST.get("answer", ""))


@method_decorator([csrf_exempt, transaction.non_atomic_requests, sensitive_post_parameters()], name="dispatch")
class ClientView(View):
    """A route that an app calls itself. It is exempt from CSRF: no cookie counts here."""

    http_method_names: ClassVar[list[str]] = ["post", "options"]  # type: ignore[misc]  # Django's is one of the instance

    def options(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        """Answer a browser that asks whether a page of another origin may call."""
        response = HttpResponse(status=204)
        allow_origin(request, response)
        return response

    def answered(self, request: HttpRequest) -> HttpResponse:
        """Return what the request comes to, errors in the shape of RFC 6749, section 5.2."""
        try:
            response = self.answer(_form_parameters(request), request)
        except OAuthRefused as refused:
            body = {"error": refused.error, "error_description": refused.description}
            response = JsonResponse(body, status=refused.status, headers=refused.headers)
        except LimiterUnavailable as problem:
            body = {"error": ErrorCode.TEMPORARILY_UNAVAILABLE, "error_description": str(problem.detail)}
            response = JsonResponse(body, status=problem.status_code, headers={"Retry-After": "1"})
        response["Cache-Control"] = "no-store"
        response["Pragma"] = "no-cache"  # RFC 6749, section 5.1
        allow_origin(request, response)
        return response

    def answer(self, parameters: dict[str, str], request: HttpRequest) -> HttpResponse:
        """Return the answer to a request that can be read.

        :raises OAuthRefused: it is refused.
        """
        raise NotImplementedError


class TokenView(ClientView):
    """Exchanges a code or a refresh token."""

    @method_decorator(ratelimit("refresh"))
    def post(self, request: HttpRequest) -> HttpResponse:
        """Return tokens (RFC 6749, section 5)."""
        return self.answered(request)

    def answer(self, parameters: dict[str, str], request: HttpRequest) -> HttpResponse:
        return JsonResponse(grant_tokens(parameters, request=request, now=timezone.now()))


class RevokeView(ClientView):
    """Ends the session of a token."""

    @method_decorator(ratelimit("account"))
    def post(self, request: HttpRequest) -> HttpResponse:
        """Revoke a token, and with it its session (RFC 7009)."""
        return self.answered(request)

    def answer(self, parameters: dict[str, str], request: HttpRequest) -> HttpResponse:
        revoke_token(parameters, request=request, now=timezone.now())
        return HttpResponse(status=200)


def _authorized(request: HttpRequest, *, said: str | None = None) -> HttpResponseBase:
    """Return the answer to a request for a code.

    :param said: what the user has said to it; None before they were asked.
    """
    try:
        parameters = _trusted_parameters(request)
        client, redirect_uri = trusted_target(parameters)
    except RequestUntrusted as untrusted:
        return _untrusted(request, untrusted)
    try:
        return _answered(request, read_request(parameters, client, redirect_uri), parameters, said, now=timezone.now())
    except OAuthRefused as refused:
        answer = {"error": refused.error, "error_description": refused.description}
        return AppRedirect(answer_uri(redirect_uri, parameters.get("state"), **answer))


def _answered(
    request: HttpRequest, wanted: AuthorizationRequest, parameters: dict[str, str], said: str | None, *, now: datetime
) -> HttpResponseBase:
    """Have the user log in and agree where that is due, or send the browser on with what came of it.

    :raises OAuthRefused: it is due, and the app wants nobody to be asked.
    """
    session = family_of(request)
    if session is None or _is_login_due(wanted, session, parameters, now=now):
        _check_may_ask(wanted, ErrorCode.LOGIN_REQUIRED, "The user has to log in.")
        return _to_login(request, now=now)
    if said is None and consent.is_due(wanted, session, now=now):
        _check_may_ask(wanted, ErrorCode.CONSENT_REQUIRED, "The user has to agree.")
        return consent.consent_page(request, wanted, session, now=now)
    if said in {None, consent.ALLOW}:
        answer = {"code": issue_code(wanted, session, now=now)}
    else:
        answer = {"error": str(ErrorCode.ACCESS_DENIED), "error_description": "The user did not agree."}
        _tell_refused(request, ErrorCode.ACCESS_DENIED, user=session.user, client=wanted.client)
    address = answer_uri(wanted.redirect_uri, parameters.get("state"), **answer)
    is_by_page = said is not None or _ASKED_AT in parameters
    return _continue_page(request, wanted.client, address) if is_by_page else AppRedirect(address)


def _check_may_ask(wanted: AuthorizationRequest, error: ErrorCode, text: str) -> None:
    if "none" in wanted.prompts:
        raise OAuthRefused(error, text)


def _trusted_parameters(request: HttpRequest) -> dict[str, str]:
    try:
        return read_parameters(request.GET)
    except OAuthRefused as refused:
        raise RequestUntrusted(refused.error, refused.description) from None


def _form_parameters(request: HttpRequest) -> dict[str, str]:
    if request.content_type != FORM:
        raise OAuthRefused(ErrorCode.INVALID_REQUEST, f"Send a form: {FORM}.")
    return read_parameters(request.POST)


def _untrusted(request: HttpRequest, untrusted: RequestUntrusted) -> HttpResponse:
    _tell_refused(request, untrusted.code)
    return problem_response(request, status=400, code=untrusted.code, detail=untrusted.detail)


def _tell_refused(request: HttpRequest, reason: str, *, user: Any = None, client: OAuthClient | None = None) -> None:
    signals.authorization_refused.send_robust(
        sender=OAuthClient, request=request, user=user, target=client, outcome="refused", data={"reason": reason}
    )


def _continue_page(request: HttpRequest, client: OAuthClient, address: str) -> HttpResponse:
    """Send a browser on that has just logged in or agreed: by a page, for `form-action 'self'` holds for every redirect
    that follows a form, and Chromium would stop at the app's origin.
    """
    response = render(request, "bulwark_accounts/continue.html", {"client": client, "address": address})
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _is_login_due(
    wanted: AuthorizationRequest, session: TokenFamily, parameters: dict[str, str], *, now: datetime
) -> bool:
    """Say whether a user who is logged in has to log in again (OpenID Connect Core, section 3.1.2.1)."""
    if wanted.max_age and (now - session.auth_time).total_seconds() > wanted.max_age:
        return True
    if "mfa" not in session.amr and holdings.is_enrolled(session.user):
        return True  # the second factor was added after the login
    asked_at = parameters.get(_ASKED_AT, "")
    is_done = asked_at.isdecimal() and len(asked_at) < 12 and session.auth_time.timestamp() >= int(asked_at)
    # No login is 0 seconds old: with `max_age=0` an app asks for a new one, as with `prompt=login`.
    return ("login" in wanted.prompts or wanted.max_age == 0) and not is_done


def _to_login(request: HttpRequest, *, now: datetime) -> HttpResponse:
    """Send the user to the login page, which leads back here; when that was is noted for `prompt=login`, `max_age=0`.

    An app that notes another moment itself only does without the login that it asked for.
    """
    query = request.GET.copy()
    query[_ASKED_AT] = str(int(now.timestamp()))
    return redirect_to_login(f"{reverse('bulwark_accounts_site:oauth-authorize')}?{query.urlencode()}")
