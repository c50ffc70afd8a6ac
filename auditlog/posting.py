"""What this app sends over HTTP, to addresses that the operator has named: nothing of a client's is in them."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from socket import socket
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from django.utils.module_loading import import_string

from .conf import conf
from .deadlines import within

#: Seconds without a byte of an answer, and seconds for all of it: less than the `LEASE` of what is delivered.
TIMEOUT, LONGEST_TIME = 10.0, 30.0
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_LONGEST = 100_000
_PREFIX = "whsec_"


class PostRefused(Exception):  # noqa: N818 - errors are past participles in this project
    """The other side answered, and not with a success.

    :param status: that of HTTP.
    :param said: how its answer began.
    """

    def __init__(self, status: int, said: bytes = b"") -> None:
        super().__init__(f"The receiver answered {status}{f': {said!r}' if said else ''}.")
        self.status = status


class _NoRedirects(HTTPRedirectHandler):
    """What is sent goes where the settings say, and so does the secret that opens the place."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class _Http(HTTPHandler):
    def __init__(self, connect: Callable[..., socket]) -> None:
        super().__init__()
        self._connect = connect

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_connection, HTTPConnection, self._connect), req)


class _Https(HTTPSHandler):
    def __init__(self, connect: Callable[..., socket]) -> None:
        super().__init__()
        self._connect = connect

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_connection, HTTPSConnection, self._connect), req)


def _connection(kind: type[HTTPConnection], connect: Callable[..., socket], host: str, **given: Any) -> HTTPConnection:
    made = kind(host, **given)
    # All that http.client has to say how it connects: before TLS, and before a proxy is asked.
    made._create_connection = connect  # type: ignore[attr-defined]  # noqa: SLF001
    return made


def checked_url(url: str) -> str:
    """Return ``url``, which has to be encrypted unless it stays on this machine (OWASP ASVS 5.0, V12.3.1).

    :raises ValueError: it is not.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        msg = f"What the log says is sent over https, not to {url!r}."
        raise ValueError(msg)
    return url


def key_of(secret: str) -> bytes:
    """Return the key in ``secret``, which is `whsec_` and base64; empty for none.

    :raises ValueError: it cannot be read.
    """
    return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)


def signed(key: bytes, name: str, now: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of Standard Webhooks (https://www.standardwebhooks.com), without a signature if without a key.

    :param name: of the message: the same if it is sent again, so that the receiver can tell.
    """
    stamp = str(int(now.timestamp()))
    headers = {"webhook-id": name, "webhook-timestamp": stamp}
    if key:
        mac = hmac.digest(key, f"{name}.{stamp}.".encode() + body, hashlib.sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(mac).decode()}"
    return headers


def deliver(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Post ``body`` through the function that `HTTP_POST` names.

    :raises PostRefused: the answer was not 2xx.
    """
    status: int = import_string(conf.http_post)(url, body, headers)
    if not 200 <= status < 300:
        raise PostRefused(status)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Post ``body`` and return the status of the answer: the default of `HTTP_POST`.

    :raises ValueError: the URL is neither http nor https.
    :raises OSError: there is no connection, or no answer in time.
    """
    try:
        send("POST", url, body, headers)
    except PostRefused as refused:
        return refused.status
    return 200


def send(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> str:
    """Return what the place answered; redirects are not followed.

    :raises PostRefused: with another status than 2xx.
    :raises ValueError: the URL is neither http nor https.
    :raises OSError: not at all, or not all of it within `LONGEST_TIME`.
    """
    if urlsplit(url).scheme not in {"http", "https"}:
        msg = f"{url!r} is no http address."
        raise ValueError(msg)
    request = Request(url, data=body, method=method, headers=dict(headers))  # noqa: S310 - no other scheme comes here
    with within(LONGEST_TIME) as connect:
        opener = build_opener(_NoRedirects, _Http(connect), _Https(connect))
        try:
            with opener.open(request, timeout=TIMEOUT) as response:
                return str(response.read(_LONGEST).decode(errors="replace"))
        except HTTPError as error:
            with error:
                raise PostRefused(error.code, error.read(200)) from error
