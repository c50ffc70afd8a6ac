"""Durations as people type them."""

import argparse
import re

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def duration(text: str) -> int:
    """Return the seconds of `90s`, `30m`, `2h`, `7d` or `1w`.

    :raises ArgumentTypeError: it is none of these, or no time at all.
    """
    found = re.fullmatch(r"([0-9]{1,6})([smhdw])", text)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not seconds:
        msg = f"{text!r} is no duration: write 90s, 30m, 2h, 7d or 1w."
        raise argparse.ArgumentTypeError(msg)
    return seconds
