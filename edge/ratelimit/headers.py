"""Tells clients where their limits stand (draft-ietf-httpapi-ratelimit-headers-10)."""

import math
from collections.abc import Sequence

from django.http.response import HttpResponseBase

from .contract import State


def set_headers(response: HttpResponseBase, states: Sequence[State]) -> None:
    """Set `RateLimit-Policy` and `RateLimit`, unless the view has set its own.

    `q` is the quota, `w` the window in seconds, `r` what is left, `t` the seconds until more is free.
    """
    if not states:
        return
    response.headers.setdefault(
        "RateLimit-Policy", ", ".join(f"{_quoted(s)};q={s.limit.limit};w={s.limit.window}" for s in states)
    )
    response.headers.setdefault(
        "RateLimit", ", ".join(f"{_quoted(s)};r={s.remaining};t={math.ceil(s.reset)}" for s in states)
    )


def _quoted(state: State) -> str:
    """Return the policy's name as a string of structured fields (RFC 9651)."""
    name = state.limit.name.encode("ascii", "replace").decode().replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}"'
