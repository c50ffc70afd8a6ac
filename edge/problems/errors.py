"""What can be wrong with a request: exceptions that carry their status, code and headers (RFC 9457)."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rest_framework.exceptions import APIException


class Problem(APIException):
    """A refusal with a stable code; subclasses say which.

    :param detail: a sentence for people that tells nothing secret; the class has a default.
    :param code: the stable word; the class has a default.
    :param headers: header lines for the answer.
    :param extra: further members of the answer's body.
    """

    status_code: int = 400
    default_detail: Any = "The request cannot be answered."
    default_code: str = "bad_request"
    #: URI of a registered problem type; empty where the code alone names it.
    type: ClassVar[str] = ""

    def __init__(
        self, detail: Any = None, code: str | None = None, *, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(detail, code)
        self.code = code or self.default_code
        self.headers = dict(headers or {})
        self.extra = extra


class MalformedBody(Problem):
    """The body is not what its content type says."""

    default_detail = "The body is not valid JSON."
    default_code = "malformed"


class MalformedUri(Problem):
    """The address holds what no address should."""

    default_detail = "The address is malformed."
    default_code = "malformed_uri"


class UriTooLong(Problem):
    """The path and the query are too long.

    :param limit: characters that they may have.
    """

    status_code = 414
    default_code = "uri_too_long"

    def __init__(self, limit: int) -> None:
        super().__init__(f"Path and query may have {limit} characters.", limit=limit)


class HeadersTooLarge(Problem):
    status_code = 431
    default_detail = "The headers are too many or too large."
    default_code = "headers_too_large"


class BadHost(Problem):
    default_detail = "The host name is not served here."
    default_code = "bad_host"


class HttpsRequired(Problem):
    """The API was called without TLS: refused, not redirected, so that the caller notices (OWASP ASVS 5.0, V4.1.2)."""

    status_code = 403
    default_detail = "Use https. Whatever this request carried has been sent in the clear."
    default_code = "https_required"


class Blocked(Problem):
    """The client's network is blocked; why is not told."""

    status_code = 403
    default_detail = ""
    default_code = "blocked"


class CsrfFailed(Problem):
    status_code = 403
    default_detail = "The request did not come from a page of this site, or the page was open for too long."
    default_code = "csrf_failed"


class VersionEnded(Problem):
    """The route belongs to a version of the API that has ended."""

    status_code = 410
    default_detail = "This version of the API has ended."
    default_code = "version_ended"


class MethodRefused(Problem):
    """No address answers the method, whatever its view would say."""

    status_code = 405
    default_detail = "This method is not served here."
    default_code = "method_not_allowed"

    def __init__(self) -> None:
        super().__init__(headers={"Allow": "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE"})


class LengthRequired(Problem):
    status_code = 411
    default_detail = "Send the length of the body."
    default_code = "length_required"


class BodyTooLarge(Problem):
    """The body is larger than the view takes.

    :param limit: bytes that the view takes.
    """

    status_code = 413
    default_code = "too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body may have {limit} bytes.", limit=limit)


class UnsupportedBody(Problem):
    """The body is of a type, in a charset or in an encoding that is not read here."""

    status_code = 415
    default_detail = "Send application/json in UTF-8, not compressed."
    default_code = "unsupported_media_type"


class TooManyRequests(Problem):
    """A limit is reached. `type` and `violated-policies` are those of the RateLimit header draft.

    :param wait: whole seconds after which the request may be tried again.
    :param policies: names of the limits that were reached.
    """

    status_code = 429
    default_detail = "There were too many requests. Wait before the next one."
    default_code = "throttled"
    type = "https://iana.org/assignments/http-problem-types#quota-exceeded"

    def __init__(self, wait: int, policies: Sequence[str] = ()) -> None:
        super().__init__(headers={"Retry-After": str(wait)})
        self.wait = wait
        self.extra = {"violated-policies": list(policies)}


class LimiterUnavailable(Problem):
    """The limit cannot be checked, and its policy refuses then."""

    status_code = 503
    default_detail = "This cannot be served safely at the moment. Try again in a few seconds."
    default_code = "limiter_unavailable"


class RouteDisabled(Problem):
    """Somebody has disabled the route; why is not told.

    :param wait: whole seconds after which to try again.
    """

    status_code = 503
    default_detail = "This is switched off at the moment. Try again later."
    default_code = "route_disabled"

    def __init__(self, wait: int) -> None:
        super().__init__(headers={"Retry-After": str(wait)})


class ServerError(Problem):
    status_code = 500
    default_detail = "Something went wrong here. The request id leads to the cause."
    default_code = "server_error"
