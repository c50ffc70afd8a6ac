"""Remembers refusals for a moment, so that a flood does not reach the shared store."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..conf import conf
from .contract import Limit, State

if TYPE_CHECKING:
    from .limiter import Decision

#: Refusals that are remembered at a time.
MOST = 10_000


class Denials:
    """Refusals of the shared store, each known for `DENY_CACHE` seconds, or less when its limit is free again earlier.

    It can be wrong in one direction and for that long only: when something was given back meanwhile.

    :param clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._ends: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def known(self, limits: Sequence[Limit]) -> list[State]:
        """Return the states of those of ``limits`` that are known to refuse now."""
        if not self._ends:
            return []
        now = self._clock()
        found = []
        for limit in limits:
            ends, free = self._ends.get(limit.key, (0.0, 0.0))
            if ends > now:
                found.append(State(limit, allowed=False, remaining=0, reset=free - now, part=0))
        return found

    def remember(self, decision: "Decision") -> None:
        """Remember what refused; a refusal that was known already is not prolonged."""
        for state in decision.violated:
            with self._lock:
                self._remember(state, self._clock())

    def _remember(self, state: State, now: float) -> None:
        ends, _ = self._ends.get(state.limit.key, (0.0, 0.0))
        if ends > now or not conf.deny_cache:
            return
        self._ends[state.limit.key] = (now + min(conf.deny_cache, state.reset), now + state.reset)
        self._ends.move_to_end(state.limit.key)
        while len(self._ends) > MOST:
            self._ends.popitem(last=False)

    def forget(self, keys: Sequence[str]) -> None:
        """Forget the refusals of ``keys``."""
        with self._lock:
            for key in keys:
                self._ends.pop(key, None)

    def clear(self) -> None:
        """Forget all refusals."""
        with self._lock:
            self._ends.clear()
