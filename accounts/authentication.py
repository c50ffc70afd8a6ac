"""Authenticates requests by access token."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import models, router
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from . import denylist, dpop, sessions, signals
from .conf import conf
from .errors import Refusal, TokenRefused
from .mfa import requirement
from .models import TokenFamily
from .simplejwt.base import InvalidToken
from .tokens import AccessToken, read_access_token

MESSAGES = {
    Refusal.EXPIRED: _("The access token has expired."),
    Refusal.INVALID: _("The access token is not valid."),
    Refusal.NONCE: dpop.MESSAGES[Refusal.NONCE],
    Refusal.PROOF: dpop.MESSAGES[Refusal.PROOF],
    Refusal.REVOKED: _("The session has ended."),
}
#: Where the Django request keeps the challenge that a refused proof is answered with.
_CHALLENGE = "_bulwark_challenge"


class JWTAuthentication(BaseAuthentication):
    """Reads `Authorization: Bearer`, and `Authorization: DPoP` for tokens that are bound to a key (RFC 9449).

    In mode "session" it makes one query, in mode "stateless" one cache read; the proof of a key costs one look at the
    shared store more.

    `request.user` becomes the user, `request.auth` an `AccessToken`. A refusal is a 401 whose `code` is one of
    `accounts.errors.Refusal`, and the signal `token_rejected`.
    """

    www_authenticate_realm = "api"

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, AccessToken] | None:
        with _signalling(request):
            token = self._token_of(request)
            if token is None:
                return None
            user = self.get_user(token)
            requirement.check(request, user, token)
            return user, token

    async def aauthenticate(self, request: Request) -> tuple[AbstractBaseUser, AccessToken] | None:
        """Do what `authenticate` does outside the event loop: the query, the cache, the keys and whoever is told of a
        refusal may each take their time.
        """
        return None if self.get_header(request) is None else await sync_to_async(self.authenticate)(request)

    def authenticate_header(self, request: Request) -> str:
        if challenge := vars(getattr(request, "_request", request)).get(_CHALLENGE):
            return str(challenge)
        challenge = f'{conf.auth_header_types[0]} realm="{self.www_authenticate_realm}"'
        # RFC 6750, section 3: a request without a token is told no error.
        return f'{challenge}, error="invalid_token"' if "HTTP_AUTHORIZATION" in request.META else challenge

    def get_header(self, request: Request | HttpRequest) -> bytes | None:
        """Return the Authorization header as it was sent, or None."""
        header = request.META.get("HTTP_AUTHORIZATION")
        return header.encode("latin-1", "replace") if isinstance(header, str) else header

    def get_raw_token(self, header: bytes) -> bytes | None:
        """Return what stands after `Bearer` or `DPoP`, or None where another scheme is used.

        :raises AuthenticationFailed: the header has not exactly two words.
        """
        words = header.split(b" ")
        if words[0].lower().decode("latin-1") not in _schemes(conf.auth_header_types):
            return None
        if len(words) != 2 or not words[1]:
            raise _Failed(TokenRefused(Refusal.INVALID, "malformed_header"))
        return words[1]

    def get_validated_token(self, raw_token: bytes) -> AccessToken:
        """Return a verified token; its session is not looked at yet.

        :raises AuthenticationFailed: it is no access token of ours, or its time has passed.
        """
        try:
            return AccessToken.of(read_access_token(raw_token.decode("latin-1"), now=timezone.now()))
        except TokenRefused as error:
            raise _Failed(error) from None

    def get_user(self, validated_token: AccessToken) -> AbstractBaseUser:
        """Return the user of a token whose session is alive, and give the token its `family`.

        :raises AuthenticationFailed: the session or the user is not what it was.
        """
        try:
            family = _without_query(validated_token.claims)
            if family is None:
                family = _judged(sessions.find(*_names(validated_token.claims)), now=timezone.now())
        except TokenRefused as error:
            raise _Failed(error) from None
        validated_token.family = family
        return family.user

    def _token_of(self, request: Request) -> AccessToken | None:
        """Return the token, its key checked where it is bound to one."""
        header = self.get_header(request)
        raw_token = None if header is None else self.get_raw_token(header)
        if header is None or raw_token is None:
            return None
        token = self.get_validated_token(raw_token)
        scheme = header.split(b" ")[0].lower().decode("latin-1")
        if scheme == "dpop" or "cnf" in token.claims:
            _check_key(request, scheme, raw_token.decode("latin-1"), token)
        return token


def _check_key(request: Request, scheme: str, text: str, token: AccessToken) -> None:
    """Check the key that a token is bound to.

    :raises AuthenticationFailed: it was not shown.
    """
    inner = getattr(request, "_request", request)
    try:
        dpop.check_possession(inner, scheme=scheme, token=text, jkt=token.claims.get("cnf", {}).get("jkt", ""))
    except dpop.ProofRefused as refused:
        headers = refused.headers
        # REST framework asks `authenticate_header` for this line, on another instance of the class.
        vars(inner)[_CHALLENGE] = headers.pop("WWW-Authenticate")
        failed = _Failed(refused)
        failed.headers = headers
        raise failed from None


class _Failed(InvalidToken):
    """Carries the exact reason to where the request is known; caught by what catches simplejwt's errors."""

    def __init__(self, error: TokenRefused) -> None:
        # simplejwt's own makes a dictionary of the detail.
        AuthenticationFailed.__init__(self, MESSAGES[error.refusal], code=error.refusal)
        self.reason = error.reason
        self.headers: dict[str, str] = {}


@contextmanager
def _signalling(request: Request) -> Iterator[None]:
    """Tell of a refusal; the message to the client stays the same for all."""
    try:
        yield
    except _Failed as failed:
        if failed.get_codes() == Refusal.NONCE:
            raise  # no refusal: every client is asked for this once in a while
        signals.token_rejected.send_robust(
            sender=AccessToken,
            request=getattr(request, "_request", request),
            user=None,
            target=None,
            outcome="refused",
            data={"reason": failed.reason},
        )
        raise


def bearer_token(request: Request | HttpRequest) -> str | None:
    """Return what stands after `Bearer` or `DPoP` in a well-formed header, unchecked, or None."""
    words = _authorization(request)
    return words[1] if len(words) == 2 else None


def subject(request: Request | HttpRequest) -> str | None:
    """Return the id of the user that a request's access token names, or None.

    The signature counts, the session is not looked up: good enough to count requests by, not to allow any.
    """
    token = bearer_token(request)
    try:
        return None if token is None else str(read_access_token(token, now=timezone.now())["sub"])
    except TokenRefused:
        return None


def _authorization(request: Request | HttpRequest) -> list[str]:
    """Return the words of an Authorization header of ours; none where it is another's, or missing."""
    words = str(request.META.get("HTTP_AUTHORIZATION", "")).split(" ")
    return words if words[0].lower() in _schemes(conf.auth_header_types) else []


@lru_cache(maxsize=4)
def _schemes(types: tuple[str, ...]) -> frozenset[str]:
    return frozenset({"dpop", *(word.lower() for word in types)})


def _without_query(claims: Mapping[str, Any]) -> TokenFamily | None:
    """Return the session in mode "stateless", its fields unread; None where the database must decide.

    :raises TokenRefused: the session is denied.
    """
    if conf.mode != "stateless":
        return None
    try:
        denied = denylist.denies(claims["sid"])
    except denylist.DenylistUnavailable:
        return None
    if denied:
        raise TokenRefused(Refusal.REVOKED, "denied")
    user_id, database = _user_id(claims), router.db_for_read(TokenFamily)
    family = TokenFamily.from_db(
        database, ["id", "user_id", "tenant"], [UUID(claims["sid"]), user_id, claims.get("tenant", "")]
    )
    family.user = get_user_model().from_db(database, [_user_key().attname], [user_id])
    return family


def _judged(family: TokenFamily | None, *, now: datetime) -> TokenFamily:
    if family is None:
        raise TokenRefused(Refusal.REVOKED, "unknown_session")
    if fault := sessions.fault_of(family, now=now):
        raise TokenRefused(Refusal.REVOKED, fault)
    return family


def _names(claims: Mapping[str, Any]) -> tuple[str, Any]:
    """Return the ids of the session and of the user."""
    return claims["sid"], _user_id(claims)


def _user_id(claims: Mapping[str, Any]) -> Any:
    try:
        return _user_key().to_python(claims["sub"])
    except ValidationError:
        raise TokenRefused(Refusal.INVALID, "claim_sub") from None


def _user_key() -> "models.Field[Any, Any]":
    key = get_user_model()._meta.pk  # noqa: SLF001 - Django documents it
    assert key is not None  # noqa: S101 - every model has one; for mypy
    return key
