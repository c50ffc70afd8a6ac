"""What a client is told whose request is refused: the words of RFC 6749, 7009, 9449 and OpenID Connect."""

from collections.abc import Mapping
from enum import StrEnum


class ErrorCode(StrEnum):
    """The value of `error`."""

    ACCESS_DENIED = "access_denied"
    CONSENT_REQUIRED = "consent_required"
    INVALID_CLIENT = "invalid_client"
    INVALID_DPOP_PROOF = "invalid_dpop_proof"
    INVALID_GRANT = "invalid_grant"
    INVALID_REQUEST = "invalid_request"
    INVALID_SCOPE = "invalid_scope"
    LOGIN_REQUIRED = "login_required"
    REQUEST_NOT_SUPPORTED = "request_not_supported"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    USE_DPOP_NONCE = "use_dpop_nonce"


class OAuthRefused(Exception):  # noqa: N818 - errors are past participles
    """A request is refused.

    :ivar description: a sentence for the app's developer; nothing in it is secret.
    :ivar reason: the exact cause, for signals; the word of the error where that says it all.
    """

    def __init__(
        self,
        error: ErrorCode,
        description: str,
        *,
        reason: str = "",
        status: int = 400,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.reason = reason or str(error)
        self.status = status
        self.headers = dict(headers or {})


class RequestUntrusted(Exception):  # noqa: N818 - as above
    """An authorization request that nothing may be sent back for: who asks, or where to answer, is not known.

    :ivar code: a stable word, `invalid_client` or `invalid_redirect_uri`.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
