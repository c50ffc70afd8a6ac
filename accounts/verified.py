"""Access tokens whose signature this process has checked already.

A signature costs 50 to 170 microseconds to check, a look here less than one. What a token may do is not remembered:
its time, its key and its session are checked on every request.
"""

import threading
from typing import Any

from django.core.signals import setting_changed

from .conf import conf


class VerifiedTokens:
    """Remembers claims by the SHA-256 of the token: the token itself is not kept."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[dict[str, Any], str]] = {}
        self._lock = threading.Lock()

    def get(self, digest: bytes) -> tuple[dict[str, Any], str] | None:
        """Return the claims and the id of the key, or None."""
        return self._known.get(digest)

    def put(self, digest: bytes, claims: dict[str, Any], kid: str) -> None:
        """Remember a verified token; the ones remembered longest make room."""
        room = conf.verified_tokens
        if room <= 0:
            return
        with self._lock:
            while len(self._known) >= room:
                del self._known[next(iter(self._known))]
            self._known[digest] = claims, kid

    def forget(self, digest: bytes) -> None:
        """Drop one token."""
        with self._lock:
            self._known.pop(digest, None)

    def clear(self) -> None:
        """Drop all."""
        with self._lock:
            self._known.clear()

    def __len__(self) -> int:
        return len(self._known)


verified_tokens = VerifiedTokens()


def _on_setting_changed(*, setting: str, **_: object) -> None:
    if setting == "BULWARK_ACCOUNTS":
        verified_tokens.clear()


setting_changed.connect(_on_setting_changed, dispatch_uid="bulwark_accounts.verified")
