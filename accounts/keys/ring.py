"""The key sets in use by this process."""

import hashlib
import hmac
import logging
import threading
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from .. import jose
from ..conf import conf
from .base import KeyDocument, KeyProvider, KeysUnavailable

logger = logging.getLogger(__name__)

#: How long after its successor's date a key may still sign in a process that has not looked yet.
STRAGGLER = timedelta(minutes=1)

#: How long storing a document may take until every process can read it.
_STORING = timedelta(seconds=2)

#: Seconds that a request with an unknown key waits for another one's look at the provider.
_PATIENCE = 1.0


@dataclass(frozen=True)
class DatedKey:
    """A key and the moment from which it signs."""

    key: jose.Key
    active_from: datetime
    #: What the `jti` of refresh tokens is computed with, or what is kept is encrypted with; empty for access keys.
    mac: bytes = field(default=b"", repr=False)


class KeySet:
    """The keys for one purpose.

    :param lifetime: how long a token lives that such a key signs; None for what is kept until it is encrypted anew.
    """

    def __init__(self, keys: Sequence[DatedKey], lifetime: timedelta | None) -> None:
        self.keys = sorted(keys, key=lambda dated: (dated.active_from, dated.key.kid))
        self._by_kid = {dated.key.kid: dated for dated in self.keys}
        ends = [] if lifetime is None else [later.active_from + STRAGGLER + lifetime for later in self.keys[1:]]
        self._ends = dict(zip((dated.key.kid for dated in self.keys), ends, strict=False))

    def active(self, now: datetime) -> DatedKey:
        """Return the key that signs: the newest whose date has come.

        :raises KeysUnavailable: there is none.
        """
        for dated in reversed(self.keys):
            if dated.active_from <= now:
                return dated
        msg = "No key is active: the date of each lies in the future, or there is none."
        raise KeysUnavailable(msg)

    def get(self, kid: str, now: datetime) -> DatedKey | None:
        """Return the key ``kid`` if what it signed may be trusted, or None."""
        dated = self._by_kid.get(kid)
        ends = self._ends.get(kid)
        return None if dated is None or (ends is not None and ends <= now) else dated

    def published(self, now: datetime) -> list[DatedKey]:
        """Return every key that verifies, those that do not sign yet included."""
        return [dated for dated in self.keys if self.get(dated.key.kid, now)]

    def expired(self, now: datetime) -> list[DatedKey]:
        """Return the keys whose last token has expired: they can be removed."""
        return [dated for dated in self.keys if not self.get(dated.key.kid, now)]

    def state(self, dated: DatedKey, now: datetime) -> str:
        """Return `published`, `active`, `retired`, or `expired`."""
        if dated.active_from > now:
            return "published"
        if self.get(dated.key.kid, now) is None:
            return "expired"
        return "active" if self.active(now) is dated else "retired"


@dataclass(frozen=True)
class Keyring:
    """The key sets of both kinds of token, and of what is kept encrypted."""

    access: KeySet
    refresh: KeySet
    encryption: KeySet


def keyring(*, fresh: bool = False) -> Keyring:
    """Return the keys in use, read again when the provider has new ones.

    :param fresh: look now: a token names a key that is not known yet.
    :raises KeysUnavailable: the provider cannot be read.
    """
    return _source().ring(fresh=fresh)


def provider() -> KeyProvider:
    """Return the provider that the settings name."""
    return _source().provider


def reset() -> None:
    """Forget the provider and its keys."""
    global _current  # noqa: PLW0603 - one process, one ring
    _current = None


class _Source:
    """A provider and what was last read from it."""

    def __init__(self, provider: KeyProvider) -> None:
        self.provider = provider
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._version: Hashable = None
        self._ring: Keyring | None = None

    def ring(self, *, fresh: bool) -> Keyring:
        provider = self.provider
        every = min(provider.fresh_every, provider.refresh_every) if fresh else provider.refresh_every
        ring = self._ring
        if ring is not None and time.monotonic() - self._looked_at < every:
            return ring
        # While one thread looks, which may take a network's time, the others go on with what is known; only who has met
        # a key that is not known waits for what it finds, and not for long.
        wait = -1.0 if ring is None else (_PATIENCE if fresh else 0.0)
        if not self._lock.acquire(timeout=wait):
            return self._ring or self.ring(fresh=fresh)
        try:
            if self._ring is not None and time.monotonic() - self._looked_at < every:
                return self._ring  # found while this thread waited
            began = time.monotonic()  # what is stored while this thread looks may be missed: that is no look at it
            found = self._ring = self._read() if self._ring is None else self._look(self._ring)
            self._looked_at = began
        finally:
            self._lock.release()
        return found

    def _read(self) -> Keyring:
        version = self.provider.version()
        ring = build(self.provider.load())
        self._version = version
        return ring

    def _look(self, known: Keyring) -> Keyring:
        """Read again what has changed; while it cannot be read, the keys that are known go on working."""
        try:
            return known if self.provider.version() == self._version else self._read()
        except KeysUnavailable:
            logger.exception("The keys cannot be read; those read last stay in use.")
            return known


_current: _Source | None = None


def _source() -> _Source:
    global _current  # noqa: PLW0603 - as above
    if _current is None:
        _current = _Source(import_string(conf.key_provider)(**conf.key_options))
    return _current


def soonest(provider: KeyProvider, now: datetime) -> datetime:
    """Return from when a key may sign that is stored ``now``, so that nobody refuses what it signs.

    Whoever meets it then has looked at the provider after it was stored, or may look again.
    A whole second, as documents keep it: rounded down, it would be too soon.
    """
    return (now + _STORING + timedelta(seconds=provider.fresh_every + 1)).replace(microsecond=0)


def build(document: KeyDocument) -> Keyring:
    """Return the ring that a document describes.

    :raises KeysUnavailable: a key is refused, has no date, or cannot sign.
    """
    try:
        access = jose.load_set({"keys": document["access"]})
        refresh = jose.load_set({"keys": document["refresh"]})
        kept = document.get("encryption", [])
        encryption = jose.load_set({"keys": kept})
        dated = [DatedKey(access[jwk["kid"]], _date(jwk)) for jwk in document["access"]]
        derived = [_refresh_key(refresh[jwk["kid"]], _date(jwk)) for jwk in document["refresh"]]
        sealing = [_encryption_key(encryption[jwk["kid"]], _date(jwk)) for jwk in kept]
    except (jose.KeyRefused, KeyError, TypeError, ValueError) as error:
        msg = f"The key document is not usable: {error}"
        raise KeysUnavailable(msg) from error
    leeway = conf.leeway
    return Keyring(
        KeySet(dated, conf.access_token_lifetime + leeway),
        KeySet(derived, conf.refresh_token_lifetime + leeway),
        KeySet(sealing, None),
    )


def _date(jwk: dict[str, Any]) -> datetime:
    found = datetime.fromisoformat(jwk["active_from"])
    if found.tzinfo is None:
        msg = f"`active_from` of {jwk['kid']} has no time zone."
        raise ValueError(msg)
    return found.astimezone(UTC)


def _refresh_key(key: jose.Key, active_from: datetime) -> DatedKey:
    """Return one key for signatures and another for ids, derived from the one that is kept."""
    if not key.is_symmetric:
        msg = f"The refresh key {key.kid} must be a secret (`kty` oct)."
        raise ValueError(msg)
    signing, mac = derived_keys(key.private)
    return DatedKey(jose.Key(key.kid, "HS256", signing, signing), active_from, mac)


def _encryption_key(key: jose.Key, active_from: datetime) -> DatedKey:
    """Return the key that encrypts, derived from the one that is kept; it signs nothing."""
    if not key.is_symmetric:
        msg = f"The encryption key {key.kid} must be a secret (`kty` oct)."
        raise ValueError(msg)
    return DatedKey(key, active_from, hmac.digest(key.private, b"bulwark:encryption", hashlib.sha256))


def derived_keys(secret: bytes) -> tuple[bytes, bytes]:
    """Return what signs refresh tokens and what their ids are computed with, for one kept secret."""
    return hmac.digest(secret, b"bulwark:jws", hashlib.sha256), hmac.digest(secret, b"bulwark:jti", hashlib.sha256)


def _on_setting_changed(*, setting: str, **_: object) -> None:
    if setting == "BULWARK_ACCOUNTS":
        reset()


setting_changed.connect(_on_setting_changed, dispatch_uid="bulwark_accounts.keys")
