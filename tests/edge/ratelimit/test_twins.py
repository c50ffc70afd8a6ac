"""Both stores answer alike, to the last number."""

import pytest
import redis
from django.conf import settings as django_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.ratelimit import Limit, LocalStore

from .clocks import Clock, ClockedRedisStore, RedisClock

pytestmark = pytest.mark.redis

_STEPS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.001, 0.5, 1.0, 9.99, 30.0, 61.0, 200.0]), st.integers(1, 3), st.booleans()),
    max_size=30,
)
_LIMITS = st.tuples(st.integers(0, 6), st.sampled_from([1, 7, 60]), st.sampled_from([(), (5,), (0, 40, 90_000)]))


@settings(max_examples=60, deadline=None)
@given(steps=_STEPS, sizes=st.lists(_LIMITS, min_size=1, max_size=3))
def test_the_twins_agree(steps: list[tuple[float, int, bool]], sizes: list[tuple[int, int, tuple[int, ...]]]) -> None:
    client = redis.Redis.from_url(django_settings.BULWARK_EDGE["REDIS_URL"])
    limits = [Limit("x", f"twin:{index}", *size) for index, size in enumerate(sizes)]
    clock, redis_clock = Clock(), RedisClock(client)
    local, shared = LocalStore(clock=clock), ClockedRedisStore(client)
    shared.reset([limit.key for limit in limits])
    for pause, cost, is_refunded in steps:
        clock.advance(pause)
        redis_clock.advance(pause)
        mine, theirs = local.spend(limits, cost), shared.spend(limits, cost)
        assert mine == theirs
        if is_refunded and all(state.allowed for state in mine):
            local.refund(mine, cost)
            shared.refund(theirs, cost)
    client.close()
