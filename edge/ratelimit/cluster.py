"""Counts in a Redis Cluster: one trip for each identity, as a script may touch the keys of one slot only."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import redis
from redis.cluster import RedisCluster
from redis.exceptions import RedisClusterException

from .contract import Limit, Spent, State, StoreUnavailable
from .redis import RedisStore, Script


def tag_of(key: str) -> str:
    """Return the part of ``key`` that its slot is chosen by (Redis Cluster specification, hash tags)."""
    inside = key.partition("{")[2].partition("}")[0]
    return inside or key


class ClusterStore(RedisStore):
    """`RedisStore` on a cluster.

    Between identities there is no atomic step: each is charged in turn, and what was charged is given back when a
    later one refuses. Never more than a limit gets through; at worst a refused request is counted for a moment.
    Async code asks in a thread.

    :param connect: returns the client; it is called when it is first needed, as it reaches for the cluster.
    """

    def __init__(self, connect: Callable[[], "RedisCluster"]) -> None:
        super().__init__(None)  # type: ignore[arg-type]  # connected when it is needed
        self._connect = connect

    def spend(self, limits: Sequence[Limit], cost: int = 1) -> Spent:
        states: dict[str, State] = {}
        ordered = sorted(limits, key=lambda limit: tag_of(limit.key))
        for _, group in groupby(ordered, key=lambda limit: tag_of(limit.key)):
            own = super().spend(list(group), cost)
            if not all(state.allowed for state in own):
                return self._refused(limits, own, list(states.values()), cost)
            states.update((state.limit.key, state) for state in own)
        return Spent(states[limit.key] for limit in limits)

    def _refused(
        self, limits: Sequence[Limit], refusing: Sequence[State], charged: Sequence[State], cost: int
    ) -> Spent:
        if charged:
            self.refund(charged, cost)
        states = {state.limit.key: state for state in refusing}
        others = [limit for limit in limits if limit.key not in states]
        states.update((limit.key, super(ClusterStore, self).spend([limit], 0)[0]) for limit in others)
        return Spent(states[limit.key] for limit in limits)

    def refund(self, states: Sequence[State], cost: int = 1) -> None:
        ordered = sorted(states, key=lambda state: tag_of(state.limit.key))
        for _, group in groupby(ordered, key=lambda state: tag_of(state.limit.key)):
            super().refund(list(group), cost)

    def _run(self, script: Script, keys: Sequence[str], arguments: Sequence[int]) -> Any:
        try:
            return super()._run(script, keys, arguments)
        except RedisClusterException as error:  # not one of redis-py's RedisErrors
            raise StoreUnavailable(type(error).__name__) from error

    @property
    def client(self) -> Any:
        """The client, connected now if it was not yet.

        :raises StoreUnavailable: no node answers.
        """
        if self._client is None:
            try:
                self._client = self._connect()
            except (RedisClusterException, redis.RedisError, OSError) as error:
                raise StoreUnavailable(type(error).__name__) from error
        return self._client


def cluster_at(url: str, timeout: float) -> ClusterStore:
    """Return the store of the cluster that the node at ``url`` belongs to.

    :param timeout: seconds to wait for a connection, and for each answer.
    """
    return ClusterStore(lambda: RedisCluster.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout))
