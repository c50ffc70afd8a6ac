"""Waits for a name's addresses no longer than there is time: the system's resolver knows no end of its own."""

import os
import threading
import time
from collections import Counter
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
    places = _places(os.getpid())
    if not places.take(policy, seconds):
        raise OutboundFailed("timeout")
    waiting = _pool(os.getpid()).submit(policy.resolver, host, port)
    waiting.add_done_callback(lambda _: places.give_back(policy))
    try:
        return list(waiting.result(timeout=max(0.0, end - time.monotonic())))
    except TimeoutError:
        waiting.cancel()
        raise OutboundFailed("timeout") from None


@lru_cache(maxsize=1)
def _pool(_pid: int) -> ThreadPoolExecutor:
    """Return the pool of this process: threads do not survive a fork."""
    return ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="bulwark-resolver")


class _Places:
    """Which policies have how many places; equal ones share theirs.

    A policy takes no more than it leaves free: the fuller it gets, the fewer it may have, so that all names of many
    policies can hang and one that asks nothing yet still finds a place.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken: Counter[OutboundPolicy] = Counter()

    def take(self, policy: OutboundPolicy, seconds: float) -> bool:
        """Wait for a place at most so many seconds, and say whether there was one."""
        with self._changed:
            has_place = self._changed.wait_for(lambda: self._has_place(policy), seconds)
            if has_place:
                self._taken[policy] += 1
            return has_place

    def give_back(self, policy: OutboundPolicy) -> None:
        with self._changed:
            self._taken -= Counter([policy])  # keeps no policy that has none
            self._changed.notify_all()

    def _has_place(self, policy: OutboundPolicy) -> bool:
        return self._taken[policy] < min(AT_A_TIME_EACH, AT_A_TIME - self._taken.total())


@lru_cache(maxsize=1)
def _places(_pid: int) -> _Places:
    return _Places()
