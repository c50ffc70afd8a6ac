"""Refresh tokens that simplejwt has handed out: each may be exchanged once for a token of ours.

`manage.py import_simplejwt_sessions` makes a session for each that is still good. The session's id follows from the
token's id, and its nonce is that id's hash, so only a token that was imported is accepted; from the first exchange on
it is a session like any other, and the old token used again ends it.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from .. import jose
from ..conf import conf
from ..errors import Refusal, TokenRefused
from ..models import TokenFamily
from ..tokens import RefreshClaims, read_refresh_token

#: What an imported session has as its client.
CLIENT = "simplejwt"
_NAMESPACE = UUID("5f1c6a52-6c2f-4a57-9d1b-2f5f4d0f6e0a")


@dataclass(frozen=True)
class LegacyClaims(RefreshClaims):
    """What a token of simplejwt says."""

    def is_issued_by(self, family: TokenFamily) -> bool:
        """Say whether ``family`` was made for exactly this token."""
        return family.client == CLIENT and hmac.compare_digest(bytes(family.nonce), nonce_of(self.jti))


def read_any_refresh_token(token: str, *, now: datetime, may_be_expired: bool = False) -> RefreshClaims:
    """Return what a refresh token says, ours or, where SIMPLEJWT_KEY is set, simplejwt's.

    :param may_be_expired: accept one whose time has passed: for logging out.
    :raises TokenRefused: it is neither, or its time has passed.
    """
    try:
        return read_refresh_token(token, now=now, may_be_expired=may_be_expired)
    except TokenRefused as error:
        if not conf.simplejwt_key or error.reason != "malformed_kid":
            raise
    return _read(token, now=now, may_be_expired=may_be_expired)


def _read(token: str, *, now: datetime, may_be_expired: bool) -> LegacyClaims:
    key = legacy_key(conf.simplejwt_key, conf.simplejwt_algorithm)
    claims, _ = jose.verify(token, lambda _: None, typ="JWT", nameless=key)
    jti, exp = claims.get("jti"), claims.get("exp")
    # True is an int, and an id must be text: what simplejwt would accept loosely is refused here.
    if claims.get("token_type") != "refresh" or not isinstance(jti, str) or type(exp) is not int:
        raise TokenRefused(Refusal.INVALID, "claim_value")
    if exp <= now.timestamp() and not may_be_expired:
        raise TokenRefused(Refusal.EXPIRED, "expired")
    return LegacyClaims(family_id(jti), 1, jti, b"")


def family_id(jti: str) -> UUID:
    """Return the id of the session that a token of simplejwt is imported into."""
    return uuid5(_NAMESPACE, jti)


def nonce_of(jti: str) -> bytes:
    """Return the nonce of that session."""
    return hashlib.sha256(jti.encode()).digest()[:16]


@lru_cache(maxsize=4)
def legacy_key(text: str, algorithm: str) -> jose.Key:
    """Return the key that simplejwt's tokens are verified with.

    :param text: its SIGNING_KEY for HS256, or its VERIFYING_KEY in PEM.
    :raises KeyRefused: it does not fit the algorithm, or is weak.
    """
    return jose.load_text(text, algorithm, kid="simplejwt")


def imported(jti: str, user: Any, *, now: datetime, ends: datetime, kid: str, auth_hash: str) -> TokenFamily:
    """Return the session for a token, not saved yet."""
    absolute = now + conf.session_lifetime
    return TokenFamily(
        id=family_id(jti),
        user_id=user.pk,
        nonce=nonce_of(jti),
        kid=kid,
        created_at=now,
        rotated_at=now,
        idle_expires_at=min(ends, absolute),
        expires_at=absolute,
        auth_hash=auth_hash,
        auth_time=now,
        amr=["pwd"],
        transport="body",
        client=CLIENT,
    )
