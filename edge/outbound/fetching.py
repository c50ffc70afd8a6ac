"""Fetches what a caller names, without letting the caller choose what this server can reach."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from typing import Any
from urllib.parse import urljoin, urlsplit

from asgiref.sync import sync_to_async
from django.dispatch import Signal
from rest_framework.serializers import BaseSerializer
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from .. import metrics, signals
from ..context import django_request
from ..parsers import parse_json
from ..problems.errors import Problem
from ..problems.report import actor
from .connections import Deadline, connection_to
from .errors import OutboundFailed, OutboundRefused
from .policy import OutboundPolicy
from .targets import Target, target_of

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK = 16_384
_SENT = {"Accept-Encoding": "identity", "User-Agent": "bulwark"}
#: Headers that are no secret, whatever they say: all others are sent only to the origin they were meant for.
_HARMLESS = frozenset({"accept", "accept-language", "user-agent"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said. It is untrusted input, like any request's.

    :param url: where it came from in the end.
    :param headers: names in lower case.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def content_type(self) -> str:
        """The media type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def validated(self, serializer: type[BaseSerializer[Any]]) -> Any:
        """Return the JSON body as ``serializer`` validates it.

        :raises OutboundFailed: it is no JSON within the limits of the API's own bodies, or invalid.
        """
        try:
            checked = serializer(data=parse_json(self.body))
        except Problem:
            raise OutboundFailed("malformed") from None
        if not checked.is_valid():
            raise OutboundFailed("invalid")
        return checked.validated_data


def fetch(
    url: str,
    *,
    policy: OutboundPolicy | None = None,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    request: Any = None,
) -> Answer:
    """Fetch ``url`` and return the answer, whatever its status.

    The name is resolved once, every address is checked, and the connection goes to the checked address: a name that
    changes its mind in between (DNS rebinding) changes nothing. Redirects are checked like the first URL; to another
    origin only `Accept`, `Accept-Language` and `User-Agent` follow (OWASP ASVS 5.0, V1.3.6, V13.2.4, V13.2.5, V15.3.2).

    :param policy: what may be reached, and how much is taken.
    :param request: the request that this is done for, for the signals.
    :raises OutboundRefused: the URL or a redirect leads where it must not; a problem with status 422.
    :raises OutboundFailed: no proper answer in time; a problem with status 502.
    """
    return _reported(url, _attempt(url, _Call(method, dict(headers or {}), body), policy), request)


async def afetch(
    url: str,
    *,
    policy: OutboundPolicy | None = None,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    request: Any = None,
) -> Answer:
    """Do what `fetch` does, in a thread of its own while the loop goes on."""
    call = _Call(method, dict(headers or {}), body)
    outcome = await sync_to_async(_attempt, thread_sensitive=False)(url, call, policy)
    # Whoever listens may use the database, whose connections belong to the request's thread.
    return await sync_to_async(_reported)(url, outcome, request)


@dataclass(frozen=True, slots=True)
class _Call:
    """What is sent."""

    method: str
    headers: dict[str, str]
    body: bytes | None

    def for_another_origin(self) -> "_Call":
        kept = {name: value for name, value in self.headers.items() if name.lower() in _HARMLESS}
        return replace(self, headers=kept)


Outcome = tuple[Answer, Target] | OutboundRefused | OutboundFailed


def _attempt(url: str, call: _Call, policy: OutboundPolicy | None) -> Outcome:
    policy = policy or OutboundPolicy()
    try:
        return _follow(url, call, policy, Deadline(policy.seconds))
    except (OutboundRefused, OutboundFailed) as error:
        return error


def _reported(url: str, outcome: Outcome, request: Any) -> Answer:
    if isinstance(outcome, OutboundRefused | OutboundFailed):
        _report_refusal(url, outcome, request)
        raise outcome
    answer, target = outcome
    data = {"host": target.host, "port": target.port, "status": answer.status, "bytes": len(answer.body)}
    _report(signals.outbound_fetched, Answer, request, outcome="success", data=data)
    return answer


def _follow(url: str, call: _Call, policy: OutboundPolicy, deadline: Deadline) -> tuple[Answer, Target]:
    target = target_of(url, policy, deadline.left())
    for _ in range(policy.redirects + 1):
        answer = _ask(target, url, call, policy, deadline)
        location = answer.headers.get("location")
        if answer.status not in _REDIRECTS or location is None or call.method not in {"GET", "HEAD"}:
            return answer, target
        url, origin = _joined(url, location), target.origin
        target = target_of(url, policy, deadline.left())
        if target.origin != origin:
            call = call.for_another_origin()
    raise OutboundFailed("redirects")


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:  # an address in brackets that is none
        raise OutboundRefused("url") from None


def _ask(target: Target, url: str, call: _Call, policy: OutboundPolicy, deadline: Deadline) -> Answer:
    connection = connection_to(target, deadline, policy.ca_file)
    try:
        connection.request(
            call.method,
            target.path,
            body=call.body,
            headers={**_SENT, **call.headers},
            preload_content=False,
            decode_content=False,
        )
        with contextlib.closing(connection.getresponse()) as response:
            content = b"" if response.status in _REDIRECTS else _read(response, policy, deadline)
    except (HTTPError, HTTPException, OSError, ValueError) as error:
        reason = "timeout" if deadline.is_over or isinstance(error, TimeoutError) else type(error).__name__
        raise OutboundFailed(reason) from error
    finally:
        deadline.release()
        connection.close()
    return Answer(url, response.status, {k.lower(): v for k, v in response.headers.items()}, content)


def _read(response: HTTPResponse, policy: OutboundPolicy, deadline: Deadline) -> bytes:
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise OutboundFailed("encoding")  # it was not asked for, and a bomb unpacks to a thousand times its size
    content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if policy.content_types and content_type not in policy.content_types:
        raise OutboundFailed("content_type")
    chunks, size = [], 0
    while chunk := response.read1(_CHUNK, decode_content=False):
        size += len(chunk)
        if size > policy.max_bytes:
            raise OutboundFailed("size")
        deadline.left()
        chunks.append(chunk)
    deadline.left()
    if deadline.is_over:
        raise OutboundFailed("timeout")
    return b"".join(chunks)


def _report_refusal(url: str, error: OutboundRefused | OutboundFailed, request: Any) -> None:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    is_refused = isinstance(error, OutboundRefused)
    metrics.OUTBOUND_REFUSED.labels(error.reason if is_refused else "failed").inc()
    data = {"code": error.code, "reason": error.reason, "host": host[:255]}
    _report(signals.outbound_refused, type(error), request, outcome="refused" if is_refused else "failed", data=data)


def _report(signal: Signal, sender: type, request: Any, *, outcome: str, data: dict[str, Any]) -> None:
    inner = None if request is None else django_request(request)
    user = None if inner is None else actor(inner)
    signal.send_robust(sender=sender, request=inner, user=user, target=None, outcome=outcome, data=data)
