"""Takes tokens apart and puts worse ones together."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from accounts import jose, keys
from accounts.keys.ring import DatedKey


def b64(data: bytes | str | Mapping[str, Any]) -> str:
    """Return base64url without padding of bytes, text, or an object as JSON."""
    if isinstance(data, Mapping):
        data = json.dumps(data)
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).rstrip(b"=").decode()


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Return the header, the claims and the signature of a token."""
    header, claims, signature = token.split(".")
    return json.loads(jose.decode_segment(header)), json.loads(jose.decode_segment(claims)), signature


def active() -> DatedKey:
    """Return the key that signs access tokens in this run."""
    from django.utils import timezone

    return keys.keyring().access.active(timezone.now())


def signed(
    token: str,
    *,
    header: str | Callable[[dict[str, Any]], Any] | None = None,
    claims: str | Callable[[dict[str, Any]], Any] | None = None,
) -> str:
    """Return a token with parts changed and a signature that is right: what is refused then is the change itself.

    :param header: a text to use as it stands, or a function that changes the dictionary.
    :param claims: the same.
    """
    old_header, old_claims, _ = parts(token)
    text = f"{b64(_changed(old_header, header))}.{b64(_changed(old_claims, claims))}"
    return f"{text}.{b64(active().key.private.sign(text.encode()))}"


def _changed(old: dict[str, Any], change: str | Callable[[dict[str, Any]], Any] | None) -> str:
    if isinstance(change, str):
        return change
    if change is not None:
        change(old)
    return json.dumps(old)
