"""The two tokens of a session: a short access token, and a refresh token that is used once."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NoReturn, Self
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.module_loading import import_string

from . import jose, keys
from .conf import conf
from .errors import Refusal, TokenRefused
from .keys.ring import DatedKey
from .mfa import requirement
from .models import TokenFamily
from .simplejwt.base import Token, TokenError
from .verified import verified_tokens


class Kind(StrEnum):
    """The `typ` of a token (RFC 9068, section 2.1; RFC 8725, section 3.11)."""

    ACCESS = "at+jwt"
    REFRESH = "rt+jwt"


#: Claims that an access token must have, and their types.
_ACCESS_CLAIMS: dict[str, type] = {"sub": str, "jti": str, "sid": str, "iat": int, "exp": int}
_REFRESH_CLAIMS: dict[str, type] = {"jti": str, "sid": str, "gen": int, "iat": int, "exp": int}
#: Claims that a token may have, and their types.
_OPTIONAL_CLAIMS: dict[str, type] = {"cnf": dict, "gen": int, "nbf": int, "tenant": str}
#: What only this module says: who is meant, by whom, for whom, for how long. A host adds others.
RESERVED_CLAIMS = frozenset({"iss", "aud", requirement.CLAIM, *_ACCESS_CLAIMS, *_OPTIONAL_CLAIMS})


class AccessToken(Token):
    """A verified access token, as `request.auth`.

    Reads like simplejwt's: `request.auth["sub"]`, `request.auth.get("tenant")`, `request.auth.payload`.

    :ivar family: the session, with the annotations that the settings name; in mode "stateless" it loads when touched.
    """

    token_type = "access"  # noqa: S105 - the name of a kind
    family: TokenFamily

    def __init__(self, token: str | bytes | None = None, verify: bool = True) -> None:
        """Read a token; the signature, the claims and the time are always checked, the session is not.

        :param token: its text; a token is only made for a session, so it may not be left out.
        :param verify: there for simplejwt's signature.
        :raises TokenError: it is no access token of ours.
        """
        if token is None or not verify:
            msg = (
                "An access token is read and verified, or made for a session: RefreshToken.for_user(user).access_token"
            )
            raise TokenError(msg)
        text = token.decode("latin-1") if isinstance(token, bytes) else token
        try:
            payload = read_access_token(text, now=timezone.now())
        except TokenRefused as error:
            raise TokenError(str(error)) from error
        if "cnf" in payload:
            msg = "The token is bound to a key, whose proof only the authentication class checks."
            raise TokenError(msg)
        self.token, self.payload = text, dict(payload)  # type: ignore[assignment]  # simplejwt says Token and means str
        self.current_time = timezone.now()

    def __str__(self) -> str:
        """Sign what it says now: a server may add claims to a token it gives out."""
        return jose.sign(self.payload, keys.keyring().access.active(timezone.now()).key, typ=Kind.ACCESS)

    def get_token_backend(self) -> NoReturn:
        """Refuse: simplejwt's own backend signs with SECRET_KEY."""
        msg = "Access tokens are signed and verified by accounts.tokens, never by simplejwt's backend."
        raise TokenError(msg)

    @classmethod
    def for_user(cls, user: Any) -> NoReturn:  # noqa: ARG003 - simplejwt's signature
        """Refuse: without a session nothing could end it.

        :raises TokenError: always.
        """
        msg = "An access token belongs to a session: RefreshToken.for_user(user).access_token"
        raise TokenError(msg)

    @property
    def lifetime(self) -> timedelta:  # type: ignore[override]  # simplejwt reads its settings once, at import
        return conf.access_token_lifetime

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> Self:
        """Return the token of claims that have been verified; its `family` is given to it later."""
        self = cls.__new__(cls)
        self.token = None
        self.payload = dict(claims)
        self.current_time = timezone.now()
        return self

    @property
    def claims(self) -> dict[str, Any]:
        """What the token says."""
        payload: dict[str, Any] = self.payload
        return payload

    @property
    def is_since_login(self) -> bool:
        """Whether it was issued when the credentials of its session were shown last, or later (in whole seconds)."""
        if "auth_time" not in vars(self.family):  # mode "stateless": what is asked for next comes in the same query
            self.family.refresh_from_db(fields=["amr", "auth_time"])
        is_since: bool = self.payload["iat"] >= int(self.family.auth_time.timestamp())
        return is_since

    @property
    def tenant(self) -> str:
        """The tenant that the session is for, or an empty string."""
        tenant: str = self.payload.get("tenant", "")
        return tenant


@dataclass(frozen=True)
class RefreshClaims:
    """What a refresh token says, its signature verified; whether it was ever issued only its family tells.

    :ivar mac: the key its id was computed with.
    """

    family_id: UUID
    generation: int
    jti: str
    mac: bytes

    def is_issued_by(self, family: TokenFamily) -> bool:
        """Say whether ``family`` has issued exactly this token, now or in an earlier generation."""
        return hmac.compare_digest(self.jti, _jti(self.mac, family, self.generation))


def read_access_token(token: str, *, now: datetime, may_be_expired: bool = False) -> Mapping[str, Any]:
    """Return the claims of an access token.

    Neither the session nor the user is looked at. A signature is checked once a process, not once a request.

    :param may_be_expired: accept one whose time has passed: for logging out.
    :raises TokenRefused: it is no access token of ours, or its time has passed.
    """
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
    known = verified_tokens.get(digest)
    if known is None:
        claims, kid = jose.verify(token, lambda kid: _access_key(kid, now), typ=Kind.ACCESS)
        _check_claims(claims, _ACCESS_CLAIMS, audience=conf.audience)
        verified_tokens.put(digest, claims, kid)
    else:
        claims, kid = known
        if keys.keyring().access.get(kid, now) is None:
            verified_tokens.forget(digest)
            raise TokenRefused(Refusal.INVALID, "unknown_key")
    if not may_be_expired:
        _check_time(claims, now)
    return claims


def read_refresh_token(token: str, *, now: datetime, may_be_expired: bool = False) -> RefreshClaims:
    """Return what a refresh token says.

    :param may_be_expired: accept one whose time has passed: for logging out.
    :raises TokenRefused: it is no refresh token of ours, or its time has passed.
    """
    claims, kid = jose.verify(token, lambda kid: _refresh_key(kid, now), typ=Kind.REFRESH)
    _check_claims(claims, _REFRESH_CLAIMS, audience=conf.issuer)
    if not may_be_expired:
        _check_time(claims, now)
    dated = _dated_refresh_key(kid, now)
    if dated is None:
        raise TokenRefused(Refusal.INVALID, "unknown_key")
    return RefreshClaims(UUID(claims["sid"]), claims["gen"], claims["jti"], dated.mac)


def make_access_token(user: AbstractBaseUser, family: TokenFamily, *, now: datetime) -> str:
    """Return a new access token for a session.

    :raises KeysUnavailable: no key is active.
    :raises ImproperlyConfigured: the settings CLAIMS and ANNOTATED_CLAIMS give a reserved claim, or one claim twice.
    """
    claims: dict[str, Any] = {
        "iss": conf.issuer,
        "aud": conf.audience,
        "sub": str(user.pk),
        "sid": str(family.pk),
        "jti": secrets.token_urlsafe(12),
        "iat": int(now.timestamp()),
        "exp": int((now + conf.access_token_lifetime).timestamp()),
    }
    if family.tenant:
        claims["tenant"] = family.tenant
    if family.dpop_jkt:
        claims["cnf"] = {"jkt": family.dpop_jkt}  # RFC 9449, section 6.1
    if requirement.is_due(user, family):
        claims[requirement.CLAIM] = True
    annotated = {name: getattr(family, annotation) for name, annotation in conf.annotated_claims.items()}
    _add(claims, annotated, source="ANNOTATED_CLAIMS")
    for path in conf.claims:
        _add(claims, import_string(path)(user, family.tenant), source=f"{path}, named in CLAIMS,")
    return jose.sign(claims, keys.keyring().access.active(now).key, typ=Kind.ACCESS)


def _add(claims: dict[str, Any], added: Mapping[str, Any], *, source: str) -> None:
    """Add claims of the host.

    :raises ImproperlyConfigured: one is reserved, or there already.
    """
    if taken := sorted(added.keys() & (RESERVED_CLAIMS | claims.keys())):
        msg = f"{source} gives the claim {', '.join(map(repr, taken))}, which is reserved or given already."
        raise ImproperlyConfigured(msg)
    claims.update(added)


def make_refresh_token(family: TokenFamily, *, now: datetime) -> str:
    """Return the refresh token of the family's current generation: the same text for the same row.

    :raises KeysUnavailable: the key it was issued under is gone.
    """
    dated = _dated_refresh_key(family.kid, now)
    if dated is None:
        msg = f"The refresh key {family.kid} is gone."
        raise keys.KeysUnavailable(msg)
    claims = {
        "iss": conf.issuer,
        "aud": conf.issuer,
        "sid": str(family.pk),
        "gen": family.generation,
        "jti": _jti(dated.mac, family, family.generation),
        "iat": int(family.rotated_at.timestamp()),
        "exp": int(family.idle_expires_at.timestamp()),
    }
    if family.dpop_jkt:
        claims["cnf"] = {"jkt": family.dpop_jkt}
    return jose.sign(claims, dated.key, typ=Kind.REFRESH)


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says that has been verified before: nothing is checked here."""
    return dict(jose.read_object(jose.decode_segment(token.split(".")[1]), "malformed_claims"))


def _jti(mac: bytes, family: TokenFamily, generation: int) -> str:
    """Return what only the key and the row together tell: neither alone can make a token."""
    text = family.pk.bytes + generation.to_bytes(8, "big") + bytes(family.nonce)
    return jose.encode_segment(hmac.digest(mac, text, hashlib.sha256))


def _access_key(kid: str, now: datetime) -> jose.Key | None:
    dated = keys.keyring().access.get(kid, now) or keys.keyring(fresh=True).access.get(kid, now)
    return dated.key if dated else None


def _refresh_key(kid: str, now: datetime) -> jose.Key | None:
    dated = _dated_refresh_key(kid, now)
    return dated.key if dated else None


def _dated_refresh_key(kid: str, now: datetime) -> DatedKey | None:
    return keys.keyring().refresh.get(kid, now) or keys.keyring(fresh=True).refresh.get(kid, now)


def _check_claims(claims: Mapping[str, Any], wanted: Mapping[str, type], *, audience: str) -> None:
    """Check what RFC 8725, section 3.9 and 3.10, asks to be checked.

    :raises TokenRefused: a claim is missing, of another type, or says another thing.
    """
    for name, kind in wanted.items():
        if type(claims.get(name)) is not kind:  # not isinstance: True is an int
            _refuse(f"claim_{name}")
    if not conf.issuer or claims.get("iss") != conf.issuer:
        _refuse("issuer")
    if not audience or claims.get("aud") != audience:
        _refuse("audience")
    try:
        UUID(claims["sid"])
    except ValueError:
        _refuse("claim_sid")
    if any(type(claims[name]) is not kind for name, kind in _OPTIONAL_CLAIMS.items() if name in claims):
        _refuse("claim_value")
    numbers = [claims.get(name, 1) for name in ("iat", "exp", "nbf", "gen")]
    if not all(-(2**63) < number < 2**63 for number in numbers) or claims.get("gen", 1) < 1:
        _refuse("claim_value")
    if "cnf" in claims and (type(claims["cnf"].get("jkt")) is not str or not claims["cnf"]["jkt"]):
        _refuse("claim_value")


def _check_time(claims: Mapping[str, Any], now: datetime) -> None:
    leeway = conf.leeway.total_seconds()
    if claims["exp"] + leeway <= now.timestamp():
        raise TokenRefused(Refusal.EXPIRED, "expired")
    if max(claims["iat"], claims.get("nbf", 0)) > now.timestamp() + leeway + _FUTURE:
        _refuse("not_yet_valid")


#: Seconds that an `iat` may lie ahead: it is rounded down here, but clocks of servers differ.
_FUTURE = 5


def _refuse(reason: str) -> NoReturn:
    raise TokenRefused(Refusal.INVALID, reason)
