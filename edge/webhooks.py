"""Webhooks to other servers, signed as Standard Webhooks 1.0 asks (https://www.standardwebhooks.com/)."""

import base64
import binascii
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from .outbound import Answer, OutboundFailed, OutboundPolicy, afetch, fetch

_PREFIX = "whsec_"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
#: A webhook goes where its owner said, and not on from there.
POLICY = OutboundPolicy(redirects=0, max_bytes=65_536)


class WebhookGone(OutboundFailed):
    """The receiver answered 410: it wants no more of them."""

    def __init__(self) -> None:
        super().__init__("gone")


@dataclass(frozen=True, slots=True)
class Webhook:
    """One message; what is sent again is the same message, with the same id.

    :param type: what happened, as `article.published`.
    :param data: about it; JSON-able.
    :param id: by which a receiver knows a message that it has already; letters, digits, `_` and `-`.
    :param timestamp: when it happened.
    """

    type: str
    data: Mapping[str, Any]
    id: str
    timestamp: datetime

    @property
    def body(self) -> bytes:
        """What is sent, and signed."""
        message = {"type": self.type, "timestamp": self.timestamp.isoformat(), "data": self.data}
        return json.dumps(message, separators=(",", ":")).encode()


def new_webhook(type: str, data: Mapping[str, Any]) -> Webhook:  # noqa: A002 - the standard's word
    """Return a message of now, with an id of its own."""
    return Webhook(type, data, f"msg_{secrets.token_hex(16)}", timezone.now())


def new_secret() -> str:
    """Return a secret to share with a receiver: 256 random bits."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed_headers(webhook: Webhook, signing: Sequence[str], *, now: datetime) -> dict[str, str]:
    """Return the headers that let a receiver verify the message.

    :param signing: the secrets shared with the receiver; several while one replaces another.
    :param now: the time of this attempt: a receiver refuses what is older than five minutes.
    :raises ValueError: there is no secret, one has not 24 to 64 bytes, or the message's id is malformed.
    """
    if not _ID.fullmatch(webhook.id):
        msg = f"{webhook.id!r} is no id of a message."
        raise ValueError(msg)
    if not signing:
        msg = "A webhook needs a secret."
        raise ValueError(msg)
    sent_at = str(int(now.timestamp()))
    content = b".".join((webhook.id.encode(), sent_at.encode(), webhook.body))
    digests = (hmac.digest(_key(secret), content, "sha256") for secret in signing)
    return {
        "Content-Type": "application/json",
        "Webhook-Id": webhook.id,
        "Webhook-Timestamp": sent_at,
        "Webhook-Signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests),
    }


def _key(secret: str) -> bytes:
    text = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        key = b""
    if not 24 <= len(key) <= 64:
        msg = f"A webhook's secret is {_PREFIX} and 24 to 64 bytes in Base64."
        raise ValueError(msg)
    return key


def send(
    url: str, webhook: Webhook, *, signing: Sequence[str], policy: OutboundPolicy = POLICY, request: Any = None
) -> Answer:
    """Send a message and return the answer, a success. It is not sent again: who calls decides when.

    The address is somebody else's choice, so it is fetched like one (`edge.outbound`): over TLS, and never inside.

    :param signing: the secrets shared with the receiver.
    :param policy: what may be reached.
    :param request: the request that this is done for, for the signals.
    :raises ValueError: the message cannot be signed.
    :raises OutboundRefused: the address leads where it must not; do not send it again.
    :raises WebhookGone: the receiver wants no more.
    :raises OutboundFailed: no success; send it again later, as it is.
    """
    headers = signed_headers(webhook, signing, now=timezone.now())
    return _judged(fetch(url, policy=policy, method="POST", headers=headers, body=webhook.body, request=request))


async def asend(
    url: str, webhook: Webhook, *, signing: Sequence[str], policy: OutboundPolicy = POLICY, request: Any = None
) -> Answer:
    """Do what `send` does, while the loop goes on."""
    headers = signed_headers(webhook, signing, now=timezone.now())
    answer = await afetch(url, policy=policy, method="POST", headers=headers, body=webhook.body, request=request)
    return _judged(answer)


def _judged(answer: Answer) -> Answer:
    if answer.status == 410:
        raise WebhookGone
    if not 200 <= answer.status < 300:
        raise OutboundFailed("status")
    return answer
