"""Proofs that have been used: remembered by all processes for as long as the proof would be accepted."""

import hashlib
from functools import lru_cache
from typing import Any

from edge.conf import conf as edge_conf
from edge.problems import LimiterUnavailable
from edge.ratelimit import Limit, Limiter, LocalStore, Store, StoreUnavailable, limiter


def use_up(jkt: str, jti: str, *, seconds: int) -> bool:
    """Use up the id of a proof and say whether it was unused: of any number of racers one is told so.

    A proof is a limit of one, so it is counted where limits are: in the shared store or, where there is none, in this
    process. Its window never ends early.

    :param jkt: the thumbprint of the key that made the proof.
    :param seconds: how long to remember it.
    :raises LimiterUnavailable: the shared store is lost; nothing is accepted then, and the refusal is counted.
    """
    digest = hashlib.sha256(f"{jkt}:{jti}".encode("utf-8", "surrogatepass")).hexdigest()
    limit = Limit("dpop", f"{edge_conf.redis_prefix}:{{{digest}}}:dpop", 1, seconds)
    shared: Any = limiter().shared
    try:
        return _counter(shared).spend([limit], closed=True).allowed
    except StoreUnavailable:
        raise LimiterUnavailable from None


@lru_cache(maxsize=8)
def _counter(shared: Store | None) -> Limiter:
    """Return the shared counts with local ones of their own: a flood of proofs must not make other limits forgotten."""
    return Limiter(shared, LocalStore())
