"""Events posted to an address, signed as Standard Webhooks has it (https://www.standardwebhooks.com)."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from time import time
from urllib.parse import urlsplit

from django.utils.module_loading import import_string

from ..conf import conf
from ..formats import Format
from ..models import Event
from .receivers import Receiver

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_PREFIX = "whsec_"


class DeliveryRefused(Exception):  # noqa: N818 - errors are past participles in this project
    """The other side answered, and not with a success.

    :param status: that of HTTP.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"The receiver answered {status}.")
        self.status = status


class WebhookReceiver(Receiver):
    """Posts a batch as lines of JSON; an answer of 2xx says that it is stored.

    A batch that is sent again has the same `webhook-id`.

    :param secret: the key of the signature, as `whsec_` and base64; empty for none.
    :param headers: sent as well, as {"Authorization": "..."}.
    :raises ValueError: the address is not encrypted and not on this machine, or the secret cannot be read.
    """

    def __init__(
        self,
        url: str,
        secret: str = "",
        headers: Mapping[str, str] | None = None,
        format: str = Format.OCSF,  # noqa: A002 - the key of the setting
    ) -> None:
        super().__init__(format)
        parts = urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            msg = f"Events are sent over https, not to {url!r}."
            raise ValueError(msg)
        self.url, self.headers = url, dict(headers or {})
        self.key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)

    def send(self, events: Sequence[Event]) -> None:
        body = b"".join(found + b"\n" for found in self.lines(events))
        post: Callable[[str, bytes, Mapping[str, str]], int] = import_string(conf.http_post)
        status = post(self.url, body, {**self.headers, **self._signed(events, body)})
        if not 200 <= status < 300:
            raise DeliveryRefused(status)

    def _signed(self, events: Sequence[Event], body: bytes) -> dict[str, str]:
        ends = f"{events[0].uuid}{events[-1].uuid}{len(events)}".encode()
        number, now = f"msg_{hashlib.sha256(ends).hexdigest()[:32]}", str(int(time()))
        headers = {"Content-Type": "application/x-ndjson", "webhook-id": number, "webhook-timestamp": now}
        if self.key:
            digest = hmac.digest(self.key, f"{number}.{now}.".encode() + body, "sha256")
            headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
        return headers
