"""Checkpoints as requests, to a witness or to a chat that people read."""

from collections.abc import Mapping

from ...posting import checked_url, send
from ..checkpoints import Checkpoint
from .base import Publisher


class WebhookPublisher(Publisher):
    """Posts each checkpoint; the receiver can check its signature itself.

    :param url: https.
    :param headers: sent with it, as `{"Authorization": "Bearer ..."}`.
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        self.url = checked_url(url)
        self.headers = dict(headers or {})

    def publish(self, checkpoint: Checkpoint, note: str) -> None:  # noqa: ARG002
        send("POST", self.url, note.encode(), {"Content-Type": "text/plain; charset=utf-8", **self.headers})
