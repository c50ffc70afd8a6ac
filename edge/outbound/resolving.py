"""Waits for a name's addresses no longer than there is time: the system's resolver knows no end of its own."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from .errors import OutboundFailed
from .policy import Resolver

#: Names that are looked up at a time. What hangs takes a place, and the caller goes on.
AT_A_TIME = 16


def resolve(resolver: Resolver, host: str, port: int, seconds: float) -> Sequence[str]:
    """Return the addresses of ``host``.

    :raises OutboundFailed: they did not come within ``seconds``.
    :raises OSError: there are none.
    """
    waiting = _pool(os.getpid()).submit(resolver, host, port)
    try:
        return list(waiting.result(timeout=seconds))
    except TimeoutError:
        waiting.cancel()
        raise OutboundFailed("timeout") from None


@lru_cache(maxsize=1)
def _pool(_pid: int) -> ThreadPoolExecutor:
    """Return the pool of this process: threads do not survive a fork."""
    return ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="bulwark-resolver")
