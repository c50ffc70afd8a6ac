"""Waits for a name's addresses no longer than there is time: the system's resolver knows no end of its own."""

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from .errors import OutboundFailed
from .policy import OutboundPolicy

#: Names that are looked up at a time. What hangs takes a place, and the caller goes on.
AT_A_TIME = 32
#: Of these for one policy: names that callers choose, and let hang, leave places for those that the project asks.
AT_A_TIME_EACH = 8


def resolve(policy: OutboundPolicy, host: str, port: int, seconds: float) -> Sequence[str]:
    """Return the addresses of ``host``, found by the policy's resolver.

    :param seconds: to wait for a place, and for the answer.
    :raises OutboundFailed: they did not come within ``seconds``.
    :raises OSError: there are none.
    """
    end = time.monotonic() + seconds
    places = _places(os.getpid(), policy)
    if not places.acquire(timeout=seconds):
        raise OutboundFailed("timeout")
    waiting = _pool(os.getpid()).submit(policy.resolver, host, port)
    waiting.add_done_callback(lambda _: places.release())
    try:
        return list(waiting.result(timeout=max(0.0, end - time.monotonic())))
    except TimeoutError:
        waiting.cancel()
        raise OutboundFailed("timeout") from None


@lru_cache(maxsize=1)
def _pool(_pid: int) -> ThreadPoolExecutor:
    """Return the pool of this process: threads do not survive a fork."""
    return ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="bulwark-resolver")


@lru_cache(maxsize=64)
def _places(_pid: int, _policy: OutboundPolicy) -> threading.Semaphore:
    """Return the places of a policy; equal ones share theirs."""
    return threading.Semaphore(AT_A_TIME_EACH)
