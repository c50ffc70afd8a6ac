"""Authenticates requests by access token."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

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

from . import denylist, sessions, signals
from .conf import conf
from .errors import Refusal, TokenRefused
from .models import TokenFamily
from .tokens import AccessToken, read_access_token

MESSAGES = {
    Refusal.EXPIRED: _("The access token has expired."),
    Refusal.INVALID: _("The access token is not valid."),
    Refusal.REVOKED: _("The session has ended."),
}


class JWTAuthentication(BaseAuthentication):
    """Reads `Authorization: Bearer`. In mode "session" it makes one query, in mode "stateless" one cache read.

    `request.user` becomes the user, `request.auth` an `AccessToken`. A refusal is a 401 whose `code` is one of
    `accounts.errors.Refusal`, and the signal `token_rejected`.
    """

    www_authenticate_realm = "api"

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, AccessToken] | None:
        token = self.get_raw_token(request)
        if token is None:
            return None
        now = timezone.now()
        try:
            claims = read_access_token(token, now=now)
            family = _without_query(claims)
            if family is None:
                family = _judged(sessions.find(claims["sid"], user_id=_user_id(claims)), now=now)
        except TokenRefused as error:
            raise self._failure(request, error) from None
        return family.user, AccessToken.of(claims, family)

    async def aauthenticate(self, request: Request) -> tuple[AbstractBaseUser, AccessToken] | None:
        """Do what `authenticate` does without blocking the event loop for the query."""
        token = self.get_raw_token(request)
        if token is None:
            return None
        now = timezone.now()
        try:
            claims = read_access_token(token, now=now)
            family = _without_query(claims)
            if family is None:
                family = _judged(await sessions.afind(claims["sid"], user_id=_user_id(claims)), now=now)
        except TokenRefused as error:
            raise self._failure(request, error) from None
        return family.user, AccessToken.of(claims, family)

    def authenticate_header(self, request: Request) -> str:
        challenge = f'{conf.auth_header_types[0]} realm="{self.www_authenticate_realm}"'
        # RFC 6750, section 3: a request without a token is told no error.
        return f'{challenge}, error="invalid_token"' if "HTTP_AUTHORIZATION" in request.META else challenge

    def get_raw_token(self, request: Request | HttpRequest) -> str | None:
        """Return the text after `Bearer`, or None where another scheme or none is used.

        :raises AuthenticationFailed: the header has not exactly two words.
        """
        words = _authorization(request)
        if not words:
            return None
        if len(words) != 2 or not words[1]:
            raise self._failure(request, TokenRefused(Refusal.INVALID, "malformed_header"))
        return words[1]

    def _failure(self, request: Request | HttpRequest, error: TokenRefused) -> AuthenticationFailed:
        signals.token_rejected.send_robust(
            sender=AccessToken,
            request=getattr(request, "_request", request),
            user=None,
            target=None,
            outcome="refused",
            data={"reason": error.reason},
        )
        return AuthenticationFailed(MESSAGES[error.refusal], code=error.refusal)


def bearer_token(request: Request | HttpRequest) -> str | None:
    """Return what stands after `Bearer` in a well-formed header, unchecked, or None."""
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
    return words if words[0].lower() in {word.lower() for word in conf.auth_header_types} else []


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


def _user_id(claims: Mapping[str, Any]) -> Any:
    try:
        return _user_key().to_python(claims["sub"])
    except ValidationError:
        raise TokenRefused(Refusal.INVALID, "claim_sub") from None


def _user_key() -> "models.Field[Any, Any]":
    key = get_user_model()._meta.pk  # noqa: SLF001 - Django documents it
    assert key is not None  # noqa: S101 - every model has one; for mypy
    return key
