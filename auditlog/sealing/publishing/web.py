"""One request to a place that the operator has named; nothing of a client's is in it."""

from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from .base import PublicationRefused

TIMEOUT = 10.0
_LONGEST = 100_000


class _NoRedirects(HTTPRedirectHandler):
    """A checkpoint goes where the settings say, and so does the secret that opens the place."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_opener = build_opener(_NoRedirects)


def send(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> str:
    """Return what the place answered.

    :raises PublicationRefused: with another status than 2xx.
    :raises OSError: not at all.
    """
    request = Request(url, data=body, method=method, headers=dict(headers))  # noqa: S310 - `checked_url` saw it
    try:
        with _opener.open(request, timeout=TIMEOUT) as response:
            return str(response.read(_LONGEST).decode(errors="replace"))
    except HTTPError as error:
        msg = f"The place answered {error.code}: {error.read(200)!r}"
        raise PublicationRefused(msg, error.code) from error
