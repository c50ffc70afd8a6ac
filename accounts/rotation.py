"""Exchanges a refresh token for its successor: two queries, no new row, the same answer for everyone who races.

Note [rotation]. A family has one current generation. Its token is the only one that may be exchanged, and the
exchange is one UPDATE that names the generation: of any number of racers one finds it. The others, and a client that
never received its answer, present the generation before; for a few seconds they get the very same successor, which is
computed from the row and the key, not stored. Later that generation, and any older one at any time, is a copy that
somebody else uses: the family ends (RFC 9700, section 4.14.2). The UPDATE names columns of its own row only: with a
join in it PostgreSQL would check the generation against a snapshot, and let two racers win.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import router, transaction
from django.dispatch import Signal
from django.http import HttpRequest

from . import credentials, keys, sessions, signals
from .conf import conf
from .csrf import is_csrf_token
from .errors import Refusal, TokenRefused
from .models import EndReason, TokenFamily
from .prepared import PreparedUpdate
from .simplejwt.legacy import CLIENT as LEGACY_CLIENT
from .simplejwt.legacy import read_any_refresh_token
from .tokens import RefreshClaims, make_access_token, make_refresh_token

#: Racers look again after the winner has changed the row; each look can lose only to another change of the row.
_LOOKS = 4


@dataclass(frozen=True)
class Granted:
    """New tokens for a session."""

    family: TokenFamily
    access: str
    refresh: str


@dataclass(frozen=True)
class Refused:
    """No tokens. It is returned, not raised: an exception would roll back the end of the family under
    ATOMIC_REQUESTS.

    :ivar reason: the exact cause, as a stable word.
    """

    refusal: Refusal
    reason: str
    family: TokenFamily | None = None


def grant(family: TokenFamily, *, now: datetime) -> Granted:
    """Return tokens for the family's current generation."""
    return Granted(family, make_access_token(family.user, family, now=now), make_refresh_token(family, now=now))


def rotate_tokens(
    token: str,
    *,
    request: HttpRequest | None,
    now: datetime,
    csrf: str | None = None,
    client: str = "",
    jkt: str = "",
) -> Granted | Refused:
    """Exchange a refresh token, or refuse it; whatever the refusal ends has ended when this returns.

    :param token: the refresh token as it was received.
    :param request: who asks, for the signals.
    :param csrf: the CSRF token that came with it; None where none is needed.
    :param client: the OAuth client that asks; empty for none.
    :param jkt: the thumbprint of the key that the caller has proven to hold (`dpop.proven_key`); empty for none.
    """
    try:
        claims = read_any_refresh_token(token, now=now)
    except TokenRefused as error:
        return _refused(signals.token_rejected, request, None, Refused(error.refusal, error.reason))
    if csrf is not None and not is_csrf_token(csrf, claims.family_id):
        return _refused(signals.token_rejected, request, None, Refused(Refusal.CSRF, "csrf"))
    for _ in range(_LOOKS):
        family = sessions.find(claims.family_id)
        if family is None:
            refused = Refused(Refusal.REVOKED, "unknown_session")
            return _refused(signals.token_used_after_revocation, request, None, refused)
        outcome = (
            _holder_fault(family, claims, client=client, jkt=jkt, request=request)
            or _judge(family, claims, request=request, now=now)
            or _advance(family, request=request, now=now)
        )
        if outcome is not None:
            return outcome
    return Refused(Refusal.INVALID, "busy", family)


def _holder_fault(
    family: TokenFamily, claims: RefreshClaims, *, client: str, jkt: str, request: HttpRequest | None
) -> Refused | None:
    """Refuse a token in the hands of somebody it was not issued to. It ends nothing: a thief without the key could
    end sessions with old tokens otherwise.
    """
    if not claims.is_issued_by(family):
        refused = Refused(Refusal.INVALID, "wrong_jti", family)
        return _refused(signals.token_forged, request, family, refused)
    if client != ("" if family.client == LEGACY_CLIENT else family.client):
        return _refused(signals.token_rejected, request, family, Refused(Refusal.INVALID, "other_client", family))
    if family.dpop_jkt != jkt:
        return _refused(signals.token_rejected, request, family, Refused(Refusal.PROOF, "other_key", family))
    return None


def _judge(
    family: TokenFamily, claims: RefreshClaims, *, request: HttpRequest | None, now: datetime
) -> Granted | Refused | None:
    """Return what a token deserves that is not the current one of a healthy session, or None for one that is."""
    if fault := sessions.fault_of(family, now=now):
        return _ended(family, fault, request=request, now=now)
    behind = family.generation - claims.generation
    if behind == 0:
        return None
    if behind == 1 and now - family.rotated_at < conf.grace_period:
        _send(signals.token_rotation_repeated, request, family, {"generation": family.generation})
        return grant(family, now=now)
    if behind < 0:
        return _alarm(family, claims, EndReason.FORGED, request=request, now=now)
    return _alarm(family, claims, EndReason.REUSE, request=request, now=now)


def _advance(family: TokenFamily, *, request: HttpRequest | None, now: datetime) -> Granted | None:
    """Move the family to its next generation; None when another request was faster."""
    values = {
        "generation": family.generation + 1,
        "rotated_at": now,
        "idle_expires_at": min(now + conf.refresh_token_lifetime, family.expires_at),
        "kid": keys.keyring().refresh.active(now).key.kid,
        # SECRET_KEY may have been rotated: from now on the new one counts.
        "auth_hash": credentials.auth_hash(family.user),
    }
    update = _update(router.db_for_write(TokenFamily))
    with _transaction(signals.token_rotated):
        if not update.run(values.values(), (family.pk, family.generation, family.auth_hash)):
            return None
        for name, value in values.items():
            setattr(family, name, value)
        _send(signals.token_rotated, request, family, {"generation": family.generation})
    return grant(family, now=now)


@lru_cache(maxsize=8)
def _update(alias: str) -> PreparedUpdate:
    """Return what moves a session on; see Note [prepared]."""
    return PreparedUpdate(
        TokenFamily,
        alias,
        changed=("generation", "rotated_at", "idle_expires_at", "kid", "auth_hash"),
        equal=("id", "generation", "auth_hash"),  # a new hash of the same password must not be undone
        null=("revoked_at",),
    )


def _ended(family: TokenFamily, fault: str, *, request: HttpRequest | None, now: datetime) -> Refused:
    """Refuse a session that is over; one that is over because of its user is marked so."""
    if fault == "expired":
        return _refused(signals.token_rejected, request, family, Refused(Refusal.EXPIRED, fault, family))
    if family.revoked_at is None:
        sessions.end(family, now=now, reason=fault)
    return _refused(signals.token_used_after_revocation, request, family, Refused(Refusal.REVOKED, fault, family))


def _alarm(
    family: TokenFamily, claims: RefreshClaims, reason: EndReason, *, request: HttpRequest | None, now: datetime
) -> Refused:
    sessions.end(family, now=now, reason=reason)
    if reason is EndReason.FORGED:
        refused = Refused(Refusal.INVALID, "generation_from_the_future", family)
        return _refused(signals.token_forged, request, family, refused)
    data = {"generation": family.generation, "presented": claims.generation}
    return _refused(signals.token_reuse_detected, request, family, Refused(Refusal.REUSED, reason, family), data)


def _refused(
    signal: Signal,
    request: HttpRequest | None,
    family: TokenFamily | None,
    refused: Refused,
    data: dict[str, Any] | None = None,
) -> Refused:
    signal.send_robust(
        sender=TokenFamily,
        request=request,
        user=family.user if family else None,
        target=family,
        outcome="refused",
        data={"reason": refused.reason} if data is None else data,
    )
    return refused


def _send(signal: Signal, request: HttpRequest | None, family: TokenFamily, data: dict[str, Any]) -> None:
    signal.send(sender=TokenFamily, request=request, user=family.user, target=family, outcome="success", data=data)


def _transaction(signal: Signal) -> AbstractContextManager[Any]:
    """Return a transaction where somebody listens who may write: alone, the UPDATE needs no BEGIN and no COMMIT."""
    if signal.has_listeners(TokenFamily):
        return transaction.atomic(using=router.db_for_write(TokenFamily))
    return nullcontext()
