"""Checkpoints as objects of a bucket that speaks S3; best one with an object lock, where nobody can take one back.

Requests are signed by AWS Signature Version 4.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from ...posting import PostRefused, checked_url, send
from ..checkpoints import Checkpoint, own_keys
from .base import Publisher

_ALGORITHM = "AWS4-HMAC-SHA256"
LATEST = "latest.checkpoint"


class BucketPublisher(Publisher):
    """Puts each checkpoint as `<prefix><tree>/<size>.checkpoint`, and again as `latest.checkpoint` there and above.

    :param url: of the bucket, as https://s3.example.org/audit or https://audit.s3.example.org.
    :param region: as "eu-central-1".
    :param headers: sent with each object, as `{"x-amz-object-lock-mode": "COMPLIANCE", ...}`.
    """

    def __init__(
        self,
        url: str,
        *,
        region: str,
        access_key: str,
        secret_key: str,
        prefix: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.url, self.region, self.prefix = checked_url(url).rstrip("/"), region, prefix
        self._access_key, self._secret_key = access_key, secret_key
        self.headers = {"Content-Type": "text/plain; charset=utf-8", **(headers or {})}

    def publish(self, checkpoint: Checkpoint, note: str) -> None:
        tree = checkpoint.tree
        for name in (f"{tree}/{checkpoint.size:020}.checkpoint", f"{tree}/{LATEST}", LATEST):
            self._send("PUT", name, note.encode(), self.headers)

    def heads(self) -> list[str]:
        newest = self._read(LATEST)
        if newest is None:
            return []
        before = (self._read(f"{tree}/{LATEST}") for tree in range(1, Checkpoint.opened(newest, own_keys()).tree))
        return [newest, *(note for note in before if note is not None)]

    def _read(self, name: str) -> str | None:
        try:
            return self._send("GET", name, b"", {})
        except PostRefused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _send(self, method: str, name: str, body: bytes, headers: Mapping[str, str]) -> str:
        url = f"{self.url}/{quote(self.prefix + name)}"
        signed = self.signed(method, url, body, headers, datetime.now(UTC))
        return send(method, url, body if method == "PUT" else None, signed)

    def signed(self, method: str, url: str, body: bytes, headers: Mapping[str, str], now: datetime) -> dict[str, str]:
        """Return ``headers`` with the date, the digest and the signature that the bucket asks for."""
        parts, stamp, digest = urlsplit(url), f"{now:%Y%m%dT%H%M%SZ}", sha256(body).hexdigest()
        sent = {**headers, "Host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": stamp}
        lines = sorted((name.lower(), " ".join(value.split())) for name, value in sent.items())
        names = ";".join(name for name, _ in lines)
        canonical = "\n".join(
            [method, parts.path or "/", parts.query, *(f"{name}:{value}" for name, value in lines), "", names, digest]
        )
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        text = "\n".join([_ALGORITHM, stamp, scope, sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{self._secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        sent["Authorization"] = (
            f"{_ALGORITHM} Credential={self._access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        )
        return sent
