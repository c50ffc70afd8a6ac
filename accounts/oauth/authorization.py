"""The request for a code: read before anybody is asked to log in."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from ..conf import conf
from ..models import OAuthClient
from .errors import ErrorCode, OAuthRefused, RequestUntrusted
from .pkce import METHOD, is_challenge

_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
#: Values of `prompt` (OpenID Connect Core, section 3.1.2.1) that are understood.
PROMPTS = frozenset({"none", "login"})
MAX_NONCE = 255


@dataclass(frozen=True)
class AuthorizationRequest:
    """What an app asks for.

    :ivar max_age: seconds that the login may lie back; None for any time.
    """

    client: OAuthClient
    redirect_uri: str
    code_challenge: str
    nonce: str
    dpop_jkt: str
    prompts: frozenset[str]
    max_age: int | None


def find_client(client_id: str) -> OAuthClient | None:
    """Return the active client with an id, or None."""
    return OAuthClient.objects.filter(client_id=client_id, is_active=True).first()


def trusted_target(parameters: dict[str, str]) -> tuple[OAuthClient, str]:
    """Return who asks and where the answer goes.

    :raises RequestUntrusted: the client is not known, or the address is not exactly one of its own: anything sent
        there could be sent to an attacker (RFC 9700, section 4.1).
    """
    client = find_client(parameters.get("client_id", ""))
    if client is None:
        raise RequestUntrusted("invalid_client", "The app that sent you here is not known.")
    redirect_uri = parameters.get("redirect_uri", "")
    if not client.may_redirect_to(redirect_uri):
        raise RequestUntrusted("invalid_redirect_uri", "The app that sent you here asked to send you on elsewhere.")
    return client, redirect_uri


def read_request(parameters: dict[str, str], client: OAuthClient, redirect_uri: str) -> AuthorizationRequest:
    """Return what a client asks for that may be told what is wrong with it.

    :raises OAuthRefused: it asks for something that there is not, or without PKCE.
    """
    _check_kind(parameters)
    if parameters.get("code_challenge_method") != METHOD or not is_challenge(parameters.get("code_challenge", "")):
        raise OAuthRefused(ErrorCode.INVALID_REQUEST, "PKCE with S256 is required.", reason="pkce")
    if len(nonce := parameters.get("nonce", "")) > MAX_NONCE:
        raise OAuthRefused(ErrorCode.INVALID_REQUEST, f"nonce has more than {MAX_NONCE} characters.")
    jkt = parameters.get("dpop_jkt", "")
    if jkt and not _THUMBPRINT.fullmatch(jkt):
        raise OAuthRefused(ErrorCode.INVALID_REQUEST, "dpop_jkt is no thumbprint.")
    prompts = frozenset(parameters.get("prompt", "").split())
    if prompts - PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise OAuthRefused(ErrorCode.INVALID_REQUEST, "prompt is none or login.")
    return AuthorizationRequest(
        client, redirect_uri, parameters["code_challenge"], nonce, jkt, prompts, _max_age(parameters)
    )


def _check_kind(parameters: dict[str, str]) -> None:
    if parameters.get("response_type") != "code":
        raise OAuthRefused(ErrorCode.UNSUPPORTED_RESPONSE_TYPE, "response_type is code.")
    if parameters.get("response_mode", "query") != "query":
        raise OAuthRefused(ErrorCode.INVALID_REQUEST, "response_mode is query.")
    if "request" in parameters:
        raise OAuthRefused(ErrorCode.REQUEST_NOT_SUPPORTED, "Send parameters, not a request object.")
    if "request_uri" in parameters:
        raise OAuthRefused(ErrorCode.REQUEST_URI_NOT_SUPPORTED, "Send parameters, not a reference.")
    if "scope" in parameters:
        raise OAuthRefused(ErrorCode.INVALID_SCOPE, "There are no scopes here: leave it out.")


def _max_age(parameters: dict[str, str]) -> int | None:
    text = parameters.get("max_age")
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        raise OAuthRefused(ErrorCode.INVALID_REQUEST, "max_age is a number of seconds.")
    return int(text)


def answer_uri(redirect_uri: str, state: str | None, **answer: str) -> str:
    """Return where the browser is sent, with `iss` so that the client can tell who answers (RFC 9207).

    :param state: what the client sent along, returned as it came.
    """
    parameters = {**answer, **({} if state is None else {"state": state}), "iss": conf.issuer}
    separator = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{separator}{urlencode(parameters, quote_via=quote)}"
