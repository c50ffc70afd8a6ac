"""How much in how long."""

import re
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_WORDS = {"second": "s", "sec": "s", "minute": "m", "min": "m", "hour": "h", "day": "d", "week": "w"}
_RATE = re.compile(r"(\d{1,9})/(\d{0,6})([a-z]+)", re.ASCII)
LONGEST = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Rate:
    """``limit`` requests in any ``window`` seconds."""

    limit: int
    window: int


def parse_rate(rate: "str | tuple[int, int] | Rate") -> Rate:
    """Return the rate that ``rate`` spells.

    :param rate: `5/m`, `100/15m`, `10/hour`: a number, a slash, how many (1 by default) of a unit: s, m, h, d, w, or a
        word for one of them. A pair (limit, seconds) is taken too.
    :raises ImproperlyConfigured: it is anything else. django-ratelimit reads what it does not know as "per second".
    """
    if isinstance(rate, Rate):
        return rate
    if isinstance(rate, tuple):
        limit, window = rate
    else:
        limit, window = _parsed(rate)
    if limit < 0 or not 0 < window <= LONGEST:
        msg = f"{rate!r} is no rate: a window has 1 second to 366 days."
        raise ImproperlyConfigured(msg)
    return Rate(limit, window)


def _parsed(rate: str) -> tuple[int, int]:
    found = _RATE.fullmatch(rate.strip().lower())
    unit = _WORDS.get(found[3], found[3]) if found else ""
    if found is None or unit not in _SECONDS:
        msg = f"{rate!r} is no rate. Write 5/m, 100/15m, 10/h, 1000/d or 10/week."
        raise ImproperlyConfigured(msg)
    return int(found[1]), int(found[2] or 1) * _SECONDS[unit]
