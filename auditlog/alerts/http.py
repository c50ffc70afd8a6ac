"""The default of `HTTP_POST`: the standard library, no redirects, ten seconds."""

import http.client
from collections.abc import Mapping
from urllib.parse import urlsplit

TIMEOUT = 10.0


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Post ``body`` and return the status of the answer, of which nothing else is read.

    :raises ValueError: the URL is neither http nor https.
    :raises OSError: there is no connection, or no answer in time.
    """
    parts = urlsplit(url)
    kinds: dict[str, type[http.client.HTTPConnection]] = {
        "http": http.client.HTTPConnection,
        "https": http.client.HTTPSConnection,
    }
    if parts.scheme not in kinds or not parts.hostname:
        msg = f"{url!r} is no http address."
        raise ValueError(msg)
    connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=TIMEOUT)
    try:
        path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
        connection.request("POST", path, body, dict(headers))
        return connection.getresponse().status
    finally:
        connection.close()
