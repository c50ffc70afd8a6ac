"""The keys that tokens are signed with: dated, rotated without a refused request, held by a provider.

A key's whole life follows from one date, `active_from`, and the date of the key after it:
published (verifies, does not sign yet) -> active (the newest whose date has come) -> retired (verifies until the last
token it signed has expired) -> expired (to be removed).
"""

from .base import KeyDocument, KeyProvider, KeysReadOnly, KeysUnavailable
from .ring import Keyring, KeySet, keyring, reset

__all__ = [
    "KeyDocument",
    "KeyProvider",
    "KeySet",
    "Keyring",
    "KeysReadOnly",
    "KeysUnavailable",
    "keyring",
    "reset",
]
