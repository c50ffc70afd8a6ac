"""Chooses the store, and says what happens when it is lost."""

import logging
import math
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from asgiref.sync import sync_to_async

from .. import metrics, signals
from ..conf import conf, given
from .cluster import cluster_at
from .contract import Limit, Spent, State, Store, StoreUnavailable
from .denials import Denials
from .local import LocalStore
from .redis import connected, counter_key

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the limits of a request say together.

    :param states: where each limit stands.
    :param store: where it was counted.
    :param cost: what was spent, when allowed.
    :param counter: the counter that came along, where the store brought one.
    """

    states: Sequence[State]
    store: Store
    cost: int = 1
    counter: int | None = None

    @property
    def allowed(self) -> bool:
        """Whether every limit lets the request pass."""
        return all(state.allowed for state in self.states)

    @property
    def violated(self) -> list[State]:
        """The limits that do not."""
        return [state for state in self.states if not state.allowed]

    @property
    def retry_after(self) -> int:
        """Whole seconds until every limit has enough again; never too early."""
        return max((math.ceil(state.reset) for state in self.violated), default=0)

    def refund(self, states: Sequence[State] | None = None) -> None:
        """Give back what was spent, from all limits or only ``states``. A lost store keeps it: it expires by itself."""
        try:
            self.store.refund(self.states if states is None else states, self.cost)
        except StoreUnavailable as error:
            logger.warning("A refund was lost: %s", error)

    async def arefund(self, states: Sequence[State] | None = None) -> None:
        """Do what `refund` does, without blocking the event loop."""
        try:
            await self.store.arefund(self.states if states is None else states, self.cost)
        except StoreUnavailable as error:
            logger.warning("A refund was lost: %s", error)


class Limiter:
    """Spends from the shared store; while it is lost, from this process's own, or not at all.

    :param shared: the store that all processes share, or None.
    :param local: the in-process store.
    :param clock: returns seconds.
    """

    def __init__(self, shared: Store | None, local: LocalStore, clock: Callable[[], float] = time.monotonic) -> None:
        self.shared = shared
        self.local = local
        self._clock = clock
        self.denials = Denials(clock)
        self._lock = threading.Lock()
        self._down_until = 0.0
        self._is_down = False

    def spend(self, limits: Sequence[Limit], *, cost: int = 1, closed: bool = False) -> Decision:
        """Spend from all limits or none, and return the decision.

        :param closed: refuse to decide while the shared store is lost, instead of counting in this process.
        :raises StoreUnavailable: it is lost, and ``closed``.
        """
        decision = self._denied(limits, cost)
        if decision is None and self.shared is not None and self._may_try():
            try:
                spent = self.shared.spend(limits, cost)
            except StoreUnavailable as error:
                self._lost(str(error))
            else:
                decision = self._answered(spent, self.shared, cost)
        return self._concluded(decision, limits, cost, closed=closed)

    async def aspend(self, limits: Sequence[Limit], *, cost: int = 1, closed: bool = False) -> Decision:
        """Do what `spend` does, without blocking the event loop."""
        decision = self._denied(limits, cost)
        if decision is None and self.shared is not None and self._may_try():
            try:
                spent = await self.shared.aspend(limits, cost)
            except StoreUnavailable as error:
                await sync_to_async(self._lost)(str(error))  # who listens may use the database
            else:
                decision = self._answered(spent, self.shared, cost)
        return self._concluded(decision, limits, cost, closed=closed)

    def _denied(self, limits: Sequence[Limit], cost: int) -> Decision | None:
        """Return the refusal that is known already: a flood costs the shared store one question a second."""
        states = self.denials.known(limits) if self.shared is not None else []
        return Decision(states, self.local, cost) if states else None

    def _answered(self, spent: Spent, store: Store, cost: int) -> Decision:
        self._is_down = False
        return Decision(spent, store, cost, spent.counter)

    def _concluded(self, decision: Decision | None, limits: Sequence[Limit], cost: int, *, closed: bool) -> Decision:
        """Return the decision, or without one the local store's."""
        if decision is None:
            if self.shared is not None:
                metrics.LIMIT_ERRORS.labels("closed" if closed else "local").inc()
                if closed:
                    msg = "The shared store is lost."
                    raise StoreUnavailable(msg)
            decision = Decision(self.local.spend(limits, cost), self.local, cost)
        self.denials.remember(decision)
        store = "local" if decision.store is self.local else "redis"
        metrics.limit_decisions("allowed" if decision.allowed else "limited", store).inc()
        return decision

    def forget(self, identity: str) -> int:
        """Forget all that was spent under an identity, and return how many counts that were.

        Other processes may remember a refusal for `DENY_CACHE` seconds more. It walks all keys: for people.

        :param identity: what stands between the braces of the keys.
        :raises StoreUnavailable: the shared counts cannot be reached.
        """
        forgotten: set[str] = set()
        for store in (self.local, self.shared):
            keys = store.keys_of(identity) if store is not None else []
            if store is not None and keys:
                store.reset(keys)
            forgotten.update(keys)
        self.denials.forget(sorted(forgotten))
        return len(forgotten)

    def ask(self, question: Callable[[], None]) -> None:
        """Ask the shared store something else, unless it is lost; if it is lost over this, that is noted."""
        if not self._may_try():
            return
        try:
            question()
        except StoreUnavailable as error:
            self._lost(str(error))
            return
        self._is_down = False

    async def aask(self, question: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """Ask the shared store something else in async code, and return the answer; None: it is lost."""
        if not self._may_try():
            return None
        try:
            answer = await question()
        except StoreUnavailable as error:
            await sync_to_async(self._lost)(str(error))
            return None
        self._is_down = False
        return answer

    def _may_try(self) -> bool:
        """Say whether to ask the shared store: while it is lost, one caller does in each probe interval."""
        if not self._is_down:
            return True
        with self._lock:
            now = self._clock()
            if now < self._down_until:
                return False
            self._down_until = now + conf.probe_interval
            return True

    def _lost(self, error: str) -> None:
        with self._lock:
            was_down, self._is_down = self._is_down, True
            self._down_until = self._clock() + conf.probe_interval
        if not was_down:
            logger.error("The limiter lost its store: %s", error)
            signals.limiter_unavailable.send_robust(
                sender=Limiter, request=None, user=None, target=None, outcome="failed", data={"error": error}
            )


#: The settings that were seen last, and the limiter that they describe: a request asks for it several times.
_latest: tuple[object, Limiter] | None = None


def limiter() -> Limiter:
    """Return the limiter that the settings describe, one for the process."""
    global _latest  # noqa: PLW0603 - a cache of one entry
    seen, settings = _latest, given()
    if seen is None or seen[0] is not settings:
        seen = _latest = (settings, _limiter(conf.redis_url, conf.redis_timeout, conf.redis_cluster))
    return seen[1]


@lru_cache(maxsize=8)
def _limiter(url: str, timeout: float, is_cluster: bool) -> Limiter:
    if not url:
        return Limiter(None, LocalStore())
    return Limiter(cluster_at(url, timeout) if is_cluster else connected(url, timeout, (counter_key(),)), LocalStore())
