"""Makes any input storable: nothing that a client sends may keep an event out of the log.

PostgreSQL refuses NUL in text and in JSON, UTF-8 has no lone surrogates, JSON no NaN, and columns are finite.
"""

import datetime
import decimal
import enum
import math
import re
import uuid
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from django.db.models import Model
from django.utils.functional import Promise

from .redaction import REDACTED, holds_secret, without_secrets

REPLACEMENT = "\ufffd"
TRUNCATED = "[truncated]"
#: What the JSON of one column may hold.
MAX_DEPTH, MAX_ITEMS, MAX_VALUES, MAX_TEXT, MAX_KEY = 6, 100, 500, 1000, 100
_MAX_INTEGER = 2**63
_PLAIN_LENGTH = 36
#: What the secrets hold that are of letters, digits, dots and dashes alone.
_MARKED = re.compile("eyJ|AKIA|ASIA|xox").search
#: How many texts are remembered as clean, and how long one may be.
_REMEMBERED, _REMEMBERED_LENGTH = 2000, 400
_found_clean: set[str] = set()

# Controls, lone surrogates, and the marks that turn the direction of text and so make a reader see another text
# (https://trojansource.codes/). A line break and a tab may stay.
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PLAIN = (str, int, uuid.UUID, decimal.Decimal, datetime.timedelta, Promise)


def text(value: Any, limit: int) -> str:
    """Return ``value`` as text that every database stores, without secrets, of at most ``limit`` characters."""
    raw = value if type(value) is str else str(value)
    if len(raw) <= limit and (raw in _found_clean or (len(raw) <= _PLAIN_LENGTH and _is_plain(raw))):
        return raw
    # Cut first: a header of 100 kB costs no more than one that fits. A secret that is cut is still known by its start.
    cleaned = _UNSAFE.sub(REPLACEMENT, without_secrets(raw[:limit]))[:limit]
    if cleaned == raw and len(raw) <= _REMEMBERED_LENGTH:
        _remember(raw)
    return cleaned


def _remember(clean: str) -> None:
    """Keep a text that had nothing to clean: routes and user agents come again and again. Secrets never get here."""
    if len(_found_clean) >= _REMEMBERED:
        _found_clean.clear()
    _found_clean.add(clean)


def _is_plain(raw: str) -> bool:
    """Tell cheaply that a short text is an id, an address, a number or a word: nothing to clean, no secret."""
    return raw.isascii() and raw.replace("-", "0").replace(".", "0").isalnum() and _MARKED(raw) is None


def json_object(value: Mapping[Any, Any]) -> dict[str, Any]:
    """Return ``value`` as a JSON object that every database stores, without secrets, and not too large."""
    return _Cleaner().mapping(value, depth=0) if value else {}


class _Cleaner:
    """One walk over one value; counts what it has kept."""

    def __init__(self) -> None:
        self.left = MAX_VALUES

    def mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, item in islice(value.items(), MAX_ITEMS):
            name = text(key, MAX_KEY)
            kept[name] = REDACTED if holds_secret(name, item) else self.any(item, depth + 1)
        if len(value) > MAX_ITEMS:
            kept[TRUNCATED] = len(value) - MAX_ITEMS
        return kept

    def sequence(self, value: Iterable[Any], depth: int) -> list[Any]:
        items = list(islice(value, MAX_ITEMS + 1))
        kept = [self.any(item, depth + 1) for item in items[:MAX_ITEMS]]
        return [*kept, TRUNCATED] if len(items) > MAX_ITEMS else kept

    def any(self, value: Any, depth: int) -> Any:
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            return TRUNCATED
        if isinstance(value, enum.Enum):
            value = value.value
        if isinstance(value, Mapping):
            return self.mapping(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            return self.sequence(value, depth)
        return scalar(value)


def scalar(value: Any) -> str | int | float | bool | None:
    """Return ``value`` as a scalar of JSON. An object that is none is told by its class: its text may hold a secret."""
    if isinstance(value, bool | None):
        return value
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, Model):
        value = value.pk
    if isinstance(value, datetime.date | datetime.time):
        value = value.isoformat()
    return text(value, MAX_TEXT) if isinstance(value, _PLAIN) else f"<{type(value).__name__}>"


def _number(value: float) -> str | int | float:
    if not isinstance(value, int):
        return float(value) if math.isfinite(value) else str(value)
    # Python refuses to print an int of more than 4300 digits; hexadecimal has no such limit.
    return int(value) if -_MAX_INTEGER <= value < _MAX_INTEGER else text(f"{value:#x}", MAX_TEXT)
