"""Counts in this process: exact, for one process."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..conf import conf
from .contract import FORGET, PARTS, SECOND, Limit, Spent, State


def _monotonic() -> int:
    return time.monotonic_ns() // 1_000


@dataclass(slots=True)
class _Window:
    """What was spent, by part."""

    parts: dict[int, int] = field(default_factory=dict)
    total: int = 0
    cools_until: int = 0
    offences: int = 0
    offended_at: int = 0

    def drop_before(self, part: int) -> None:
        for old in [p for p in self.parts if p < part]:
            self.total -= self.parts.pop(old)

    def add(self, part: int, cost: int) -> None:
        self.parts[part] = self.parts.get(part, 0) + cost
        self.total += cost

    def offend(self, steps: Sequence[int], now: int) -> None:
        """Count an offence, and start the cool-down that it earns."""
        self.offences = 1 if self.offended_at < now - FORGET * SECOND else self.offences + 1
        self.offended_at = now
        self.cools_until = now + steps[min(self.offences, len(steps)) - 1] * SECOND

    def freed_after(self, needed: int) -> int | None:
        """Return the part whose leaving makes ``needed`` free, or None when even all of them are not enough."""
        freed = 0
        for part in sorted(self.parts):
            freed += self.parts[part]
            if freed >= needed:
                return part
        return None


class LocalStore:
    """The in-process twin of `RedisStore`, held to the same contract.

    :param clock: returns microseconds; it must not jump back.
    :param max_keys: how many counts are held; beyond it, the one that was not used for longest is forgotten.
    """

    def __init__(self, clock: Callable[[], int] = _monotonic, max_keys: int | None = None) -> None:
        self._clock = clock
        self._max_keys = max_keys
        self._lock = threading.Lock()
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def spend(self, limits: Sequence[Limit], cost: int = 1) -> Spent:
        with self._lock:
            now = self._clock()
            windows = [self._window(limit, now) for limit in limits]
            cools = [window.cools_until > now for window in windows]
            fits = [_fits(window, limit, now, cost) for window, limit in zip(windows, limits, strict=True)]
            if all(fits) and cost:
                for limit in {limit.key: limit for limit in limits}.values():
                    self._windows[limit.key].add(now // limit.width, cost)
            else:
                for window, limit, own, cool in zip(windows, limits, fits, cools, strict=True):
                    if not own and not cool and limit.cool_down:
                        window.offend(limit.cool_down, now)
            self._forget()
            rows = zip(windows, limits, fits, cools, strict=True)
            return Spent(
                _state(window, limit, fits=own, cooled=cool, now=now, cost=cost) for window, limit, own, cool in rows
            )

    async def aspend(self, limits: Sequence[Limit], cost: int = 1) -> Spent:
        return self.spend(limits, cost)  # it only counts in memory

    def refund(self, states: Sequence[State], cost: int = 1) -> None:
        with self._lock:
            for state in states:
                window = self._windows.get(state.limit.key)
                spent = window.parts.pop(state.part, 0) if window else 0
                if window is None or not spent:
                    continue
                window.total -= min(spent, cost)
                if spent > cost:
                    window.parts[state.part] = spent - cost

    async def arefund(self, states: Sequence[State], cost: int = 1) -> None:
        self.refund(states, cost)

    def reset(self, keys: Sequence[str]) -> None:
        with self._lock:
            for key in keys:
                self._windows.pop(key, None)

    def keys_of(self, identity: str) -> list[str]:
        with self._lock:
            return sorted(key for key in self._windows if f"{{{identity}}}" in key)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._windows.clear()

    def _window(self, limit: Limit, now: int) -> _Window:
        window = self._windows.get(limit.key)
        if window is None:
            window = self._windows[limit.key] = _Window()
        self._windows.move_to_end(limit.key)
        window.drop_before(now // limit.width - PARTS)
        return window

    def _forget(self) -> None:
        while len(self._windows) > (self._max_keys or conf.local_keys):
            self._windows.popitem(last=False)


def _fits(window: _Window, limit: Limit, now: int, cost: int) -> bool:
    return window.cools_until <= now and window.total + cost <= limit.limit


def _state(window: _Window, limit: Limit, *, fits: bool, cooled: bool, now: int, cost: int) -> State:
    """Return where ``limit`` stands; ``cooled`` says whether it was in a cool-down before this request."""
    excess = window.total + cost - limit.limit
    part = window.freed_after(1 if fits else excess) if fits or excess > 0 else None
    # Where nothing that expires would be enough, more is asked for than the limit ever allows.
    never = 0 if fits or cooled else limit.width * PARTS
    wait = never if part is None else (part + PARTS + 1) * limit.width - now
    if not fits:
        wait = max(wait, window.cools_until - now)
    remaining = 0 if window.cools_until > now else max(0, limit.limit - window.total)
    return State(limit, fits, remaining, wait / SECOND, now // limit.width)
