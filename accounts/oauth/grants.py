"""The token endpoint: a code or a refresh token in, tokens out."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest

from .. import dpop, logout, signals
from ..conf import conf
from ..errors import Refusal
from ..models import OAuthClient
from ..rotation import Granted, Refused, rotate_tokens
from .authorization import find_client
from .codes import redeem_code
from .errors import ErrorCode, OAuthRefused

GRANT_TYPES = ("authorization_code", "refresh_token")


def grant_tokens(parameters: dict[str, str], *, request: HttpRequest, now: datetime) -> dict[str, Any]:
    """Return the answer to a token request (RFC 6749, section 5.1).

    :raises OAuthRefused: there are no tokens.
    :raises LimiterUnavailable: whether the proof of a key was used before cannot be told.
    """
    client = authenticated_client(parameters, request)
    kind = parameters.get("grant_type", "")
    if kind not in GRANT_TYPES:
        raise OAuthRefused(ErrorCode.UNSUPPORTED_GRANT_TYPE, f"grant_type is one of {', '.join(GRANT_TYPES)}.")
    jkt = _proven_key(client, request)
    if kind == "refresh_token":
        return _body(_refreshed(parameters, client, jkt, request=request, now=now))
    granted, nonce = redeem_code(
        _required(parameters, "code"),
        client=client,
        redirect_uri=_required(parameters, "redirect_uri"),
        verifier=_required(parameters, "code_verifier"),
        jkt=jkt,
        request=request,
        now=now,
    )
    return _body(granted, **({"nonce": nonce} if nonce else {}))


def revoke_token(parameters: dict[str, str], *, request: HttpRequest, now: datetime) -> None:
    """End the session of a token (RFC 7009); one that is not ours, or not any more, needs no ending.

    :raises OAuthRefused: the client is not known, or the token is not one of its own.
    """
    client = authenticated_client(parameters, request)
    family = logout.family_of(_required(parameters, "token"), now=now)
    if family is None:
        return
    if family.client != client.client_id:
        raise OAuthRefused(ErrorCode.UNAUTHORIZED_CLIENT, "The token was not issued to this client.")
    logout.end_by_holder(family, request=request, now=now)


def authenticated_client(parameters: dict[str, str], request: HttpRequest) -> OAuthClient:
    """Return the client that asks. It has no secret to show: what it shows is the code and its verifier.

    :raises OAuthRefused: it is not known, not active, or sent a secret.
    """
    client = find_client(parameters.get("client_id", ""))
    if client is None or "client_secret" in parameters or "Authorization" in request.headers:
        raise OAuthRefused(
            ErrorCode.INVALID_CLIENT,
            "Send the client_id of an active client, and no secret.",
            status=401,
            headers={"WWW-Authenticate": 'Basic realm="oauth"'} if "Authorization" in request.headers else {},
        )
    return client


def _proven_key(client: OAuthClient, request: HttpRequest) -> str:
    try:
        jkt = dpop.proven_key(request)
    except dpop.ProofRefused as refused:
        error = ErrorCode.USE_DPOP_NONCE if refused.refusal is Refusal.NONCE else ErrorCode.INVALID_DPOP_PROOF
        raise _proof_refusal(error, refused, request) from None
    if client.requires_dpop and not jkt:
        raise _proof_refusal(ErrorCode.INVALID_DPOP_PROOF, dpop.ProofRefused("no_proof"), request)
    return jkt


def _proof_refusal(error: ErrorCode, refused: dpop.ProofRefused, request: HttpRequest) -> OAuthRefused:
    if error is not ErrorCode.USE_DPOP_NONCE:  # every client is asked for a nonce once in a while
        signals.token_rejected.send_robust(
            sender=OAuthClient,
            request=request,
            user=None,
            target=None,
            outcome="refused",
            data={"reason": refused.reason},
        )
    nonce = {"DPoP-Nonce": dpop.current_nonce()}
    return OAuthRefused(error, str(dpop.MESSAGES[refused.refusal]), reason=refused.reason, headers=nonce)


def _refreshed(
    parameters: dict[str, str], client: OAuthClient, jkt: str, *, request: HttpRequest, now: datetime
) -> Granted:
    token = _required(parameters, "refresh_token")
    if "scope" in parameters:
        raise OAuthRefused(ErrorCode.INVALID_SCOPE, "There are no scopes here: leave it out.")
    outcome = rotate_tokens(token, request=request, now=now, client=client.client_id, jkt=jkt)
    if isinstance(outcome, Refused):
        text = "The refresh token is not valid, was used before, or its session has ended."
        raise OAuthRefused(ErrorCode.INVALID_GRANT, text, reason=outcome.reason)
    return outcome


def _required(parameters: dict[str, str], name: str) -> str:
    if name not in parameters:
        raise OAuthRefused(ErrorCode.INVALID_REQUEST, f"{name} is missing.")
    return parameters[name]


def _body(granted: Granted, **more: str) -> dict[str, Any]:
    return {
        "access_token": granted.access,
        "token_type": "DPoP" if granted.family.dpop_jkt else "Bearer",
        "expires_in": int(conf.access_token_lifetime.total_seconds()),
        "refresh_token": granted.refresh,
        **more,
    }
