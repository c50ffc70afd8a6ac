"""Codes: made when a user has logged in for an app, exchanged once for a session.

Note [single use]. Using a code is one UPDATE on `used_at`, in the transaction that starts the session. Of any number of
racers one changes the row; the others wait for its transaction, change nothing, and by then the row names the session,
which they end: a code that is used twice is a code that somebody else has (RFC 9700, section 4.5; RFC 6749, section
4.1.2). The first who presents a code uses it up, whatever else is wrong. A refusal is returned, not raised, so that
the transaction keeps it.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import router, transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from .. import sessions, signals
from ..locks import AccountLocked
from ..login import start_session
from ..mfa.second_step import SecondStepSkipped
from ..models import AuthorizationCode, EndReason, OAuthClient, TokenFamily, Transport
from ..rotation import Granted
from .authorization import AuthorizationRequest
from .errors import ErrorCode, OAuthRefused
from .pkce import is_verified

#: How long a code may be used.
LIFETIME = timedelta(seconds=60)


def issue_code(wanted: AuthorizationRequest, session: TokenFamily, *, now: datetime) -> str:
    """Return a new code for the user of a browser's session.

    :param session: the session that the user is logged in with; the code is worth nothing once that has ended.
    """
    code = secrets.token_urlsafe(32)
    AuthorizationCode.objects.create(
        digest=_digest(code),
        client=wanted.client,
        session=session,
        redirect_uri=wanted.redirect_uri,
        code_challenge=wanted.code_challenge,
        nonce=wanted.nonce,
        dpop_jkt=wanted.dpop_jkt,
        expires_at=now + LIFETIME,
    )
    return code


def redeem_code(
    code: str,
    *,
    client: OAuthClient,
    redirect_uri: str,
    verifier: str,
    jkt: str,
    request: HttpRequest,
    now: datetime,
) -> tuple[Granted, str]:
    """Exchange a code for a session, and return its first tokens and the `nonce` of the request.

    :param redirect_uri: the same as in the request for the code.
    :param verifier: what the challenge was computed from.
    :param jkt: the thumbprint of the key to bind the session to; empty for none.
    :raises OAuthRefused: nobody gets tokens for it; a session made with it before has ended.
    """
    found = AuthorizationCode.objects.select_related("client", "session__user").filter(digest=_digest(code)).first()
    if found is None:
        raise _refused(None, "unknown_code", request)
    with transaction.atomic(using=router.db_for_write(AuthorizationCode)):
        unused = AuthorizationCode.objects.filter(pk=found.pk, used_at=None)
        is_first = unused.update(used_at=now) == 1
        fault = _fault(found, client=client, redirect_uri=redirect_uri, verifier=verifier, jkt=jkt, now=now)
        if is_first and not fault:
            try:
                return _start(found, jkt=jkt, request=request, now=now), found.nonce
            except SecondStepSkipped:  # added since: the next request for a code asks for it
                fault = "second_factor"
            except AccountLocked:
                fault = "account_locked"
    if not is_first:
        _end_session_of(found, request=request, now=now)
        raise _refusal("used_code")
    raise _refused(found, fault, request)


def _fault(
    code: AuthorizationCode, *, client: OAuthClient, redirect_uri: str, verifier: str, jkt: str, now: datetime
) -> str:
    """Return why a code may not be exchanged, or an empty string."""
    if now >= code.expires_at:
        return "expired_code"
    if code.client_id != client.pk:
        return "other_client"
    if not constant_time_compare(redirect_uri, code.redirect_uri):
        return "redirect_uri"
    if not is_verified(verifier, code.code_challenge):
        return "verifier"
    if code.dpop_jkt and not constant_time_compare(jkt, code.dpop_jkt):
        return "other_key"
    return "session_ended" if sessions.fault_of(code.session, now=now) else ""


def _start(code: AuthorizationCode, *, jkt: str, request: HttpRequest, now: datetime) -> Granted:
    granted = start_session(
        code.session.user,
        transport=Transport.BODY,
        amr=code.session.amr,
        request=request,
        now=now,
        client=code.client.client_id,
        dpop_jkt=jkt,
        auth_time=code.session.auth_time,
    )
    AuthorizationCode.objects.filter(pk=code.pk).update(family=granted.family)
    return granted


def _end_session_of(code: AuthorizationCode, *, request: HttpRequest, now: datetime) -> None:
    """End the session that a code was exchanged for, outside of any transaction that a refusal could roll back."""
    code.refresh_from_db(fields=["family"])
    if code.family is not None:
        sessions.end(code.family, now=now, reason=EndReason.CODE_REUSE)
    signals.code_reuse_detected.send_robust(
        sender=AuthorizationCode,
        request=request,
        user=code.session.user,
        target=code.family,
        outcome="refused",
        data={"client": code.client.client_id},
    )


def _refused(code: AuthorizationCode | None, reason: str, request: HttpRequest) -> OAuthRefused:
    signals.authorization_refused.send_robust(
        sender=AuthorizationCode,
        request=request,
        user=code.session.user if code else None,
        target=code.client if code else None,
        outcome="refused",
        data={"reason": reason},
    )
    return _refusal(reason)


def _refusal(reason: str) -> OAuthRefused:
    # One text for all: who found a code somewhere learns nothing about it.
    text = "The code is used up or too old, or was issued for another request."
    return OAuthRefused(ErrorCode.INVALID_GRANT, text, reason=reason)


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()
