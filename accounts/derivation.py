"""Keyed hashes under SECRET_KEY, one label for each use, and under its fallbacks while it is being rotated."""

import hashlib
import hmac
from collections.abc import Iterator
from functools import lru_cache

from django.conf import settings


def keyed_hash(label: str, message: bytes, *, secret: str | bytes | None = None) -> str:
    """Return 64 hexadecimal digits.

    :param label: what it is for; another label gives another hash.
    :param secret: SECRET_KEY when left out.
    """
    key = _derived(label, settings.SECRET_KEY if secret is None else secret)
    return hmac.digest(key, message, hashlib.sha256).hex()


@lru_cache(maxsize=32)
def _derived(label: str, secret: str | bytes) -> bytes:
    return hmac.digest(
        secret.encode() if isinstance(secret, str) else secret, f"bulwark:{label}".encode(), hashlib.sha256
    )


def keyed_hashes(label: str, message: bytes) -> Iterator[str]:
    """Yield the hash under SECRET_KEY, then under each of its fallbacks."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield keyed_hash(label, message, secret=secret)
