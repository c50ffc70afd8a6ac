"""Events posted to an address, signed as Standard Webhooks has it (https://www.standardwebhooks.com)."""

import hashlib
from collections.abc import Mapping, Sequence

from django.utils import timezone

from ..formats import Format
from ..models import Event
from ..posting import checked_url, deliver, key_of, signed
from .receivers import Receiver


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
        self.url, self.headers, self.key = checked_url(url), dict(headers or {}), key_of(secret)

    def send(self, events: Sequence[Event]) -> None:
        body = b"".join(found + b"\n" for found in self.lines(events))
        ends = f"{events[0].uuid}{events[-1].uuid}{len(events)}".encode()
        name = f"msg_{hashlib.sha256(ends).hexdigest()[:32]}"
        kind = {"Content-Type": "application/x-ndjson"}
        deliver(self.url, body, {**self.headers, **kind, **signed(self.key, name, timezone.now(), body)})
