"""simplejwt's token classes by name: the same calls, one session behind them."""

from contextvars import ContextVar
from typing import Any, Self

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .. import sessions
from ..errors import TokenRefused
from ..login import start_session
from ..logout import end_by_holder
from ..models import TokenFamily, Transport
from ..rotation import Granted, rotate_tokens
from ..tokens import (
    AccessToken,
    claims_of,
    make_access_token,
    make_refresh_token,
    read_access_token,
    read_refresh_token,
)
from .base import TokenError

#: Who asks, for a `get_token(user)` that projects override and that has no place for it.
current_request: ContextVar[HttpRequest | None] = ContextVar("bulwark_simplejwt_request", default=None)

__all__ = ["AccessToken", "RefreshToken", "UntypedToken"]


class RefreshToken:
    """A refresh token of a session that is alive.

    `RefreshToken.for_user(user)` starts a session; `RefreshToken(text)` reads a token; `.access_token` makes an access
    token; `.blacklist()` ends the session.

    :raises TokenError: the text is no current refresh token, or its session has ended.
    """

    token_type = "refresh"  # noqa: S105 - the name of a kind
    access_token_class = AccessToken

    def __init__(self, token: str | bytes) -> None:
        text = _text(token)
        try:
            claims = read_refresh_token(text, now=timezone.now())
        except TokenRefused as error:
            raise TokenError(_("Token is invalid or expired")) from error
        family = sessions.find(claims.family_id)
        # What is bound to a key is exchanged where its proof is checked.
        if family is None or not claims.is_issued_by(family) or family.dpop_jkt:
            raise TokenError(_("Token is invalid or expired"))
        if claims.generation != family.generation:  # exchanged before: this class would give out its successors
            raise TokenError(_("Token is blacklisted"))
        self.family: TokenFamily = family
        self.token: str = text
        self.payload: dict[str, Any] = claims_of(text)
        self.check_blacklist()

    @classmethod
    def for_user(cls, user: AbstractBaseUser) -> Self:
        """Start a session for a user who has been authenticated, and return its first token."""
        request = current_request.get()
        granted = start_session(user, transport=Transport.BODY, amr=["pwd"], request=request, now=timezone.now())
        return cls.of(granted)

    @classmethod
    def of(cls, granted: Granted) -> Self:
        """Return the refresh token of a grant."""
        self = cls.__new__(cls)
        self.family, self.token, self.payload = granted.family, granted.refresh, claims_of(granted.refresh)
        return self

    @property
    def access_token(self) -> AccessToken:
        """A new access token of the session."""
        text = make_access_token(self.family.user, self.family, now=timezone.now())
        return self.access_token_class(text)

    def check_blacklist(self) -> None:
        """Check that the session is alive.

        :raises TokenError: it has ended.
        """
        if sessions.fault_of(self.family, now=timezone.now()):
            raise TokenError(_("Token is blacklisted"))

    def blacklist(self) -> tuple[TokenFamily, bool]:
        """End the session; return it, and whether it was this call that ended it."""
        return self.family, end_by_holder(self.family, request=current_request.get(), now=timezone.now())

    def rotate(self) -> Self:
        """Exchange the token and return the next one.

        :raises TokenError: it is refused; a token used twice ends its session.
        """
        outcome = rotate_tokens(self.token, request=None, now=timezone.now())
        if not isinstance(outcome, Granted):
            raise TokenError(_("Token is invalid or expired"))
        return self.of(outcome)

    def __str__(self) -> str:
        return make_refresh_token(self.family, now=timezone.now())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of session {self.family.pk}>"

    def __getitem__(self, key: str) -> Any:
        return self.payload[key]

    def __contains__(self, key: str) -> bool:
        return key in self.payload

    def __setitem__(self, key: str, value: Any) -> None:
        msg = "A refresh token is computed from its session and holds no claims. Name a function in CLAIMS instead."
        raise TypeError(msg)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a claim, or ``default``."""
        return self.payload.get(key, default)


class UntypedToken:
    """An access token or a refresh token: good enough to say that a token is one of ours, for nothing else.

    :raises TokenError: the text is neither.
    """

    def __init__(self, token: str | bytes) -> None:
        text, now = _text(token), timezone.now()
        try:
            read_access_token(text, now=now)
        except TokenRefused:
            RefreshToken(text)
        self.token, self.payload = text, claims_of(text)


def _text(token: str | bytes) -> str:
    return token.decode("latin-1") if isinstance(token, bytes) else token
