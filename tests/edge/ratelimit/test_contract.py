"""What every store promises: one suite, run against each."""

import math
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.ratelimit import Limit, Store

from .clocks import KINDS, Clock, stores


@pytest.fixture(params=KINDS)
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Store, Clock]]:
    yield from stores(request.param)


def limit(size: int = 5, window: int = 60, key: str = "edge:{alice}:login") -> Limit:
    return Limit("login", key, size, window)


def test_the_limit_is_given_and_not_one_more(pair: tuple[Store, Clock]) -> None:
    store, _ = pair
    left = [store.spend([limit()])[0].remaining for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    refused = store.spend([limit()])[0]
    assert not refused.allowed
    assert refused.remaining == 0


def test_a_refusal_costs_nothing(pair: tuple[Store, Clock]) -> None:
    store, clock = pair
    for _ in range(50):
        store.spend([limit()])
    clock.advance(61.01)
    assert store.spend([limit()])[0].remaining == 4


@pytest.mark.parametrize("size", [5, 20, 100])
@pytest.mark.parametrize("phase", [0, 0.5, 0.95])
def test_no_window_ever_holds_more_than_the_limit(pair: tuple[Store, Clock], size: int, phase: float) -> None:
    """Bursts around every border that an attacker may aim at; fixed windows let twice the limit through."""
    store, clock = pair
    window = 60
    clock.advance(phase * window)
    passed: list[int] = []
    for pause in (0.0, window * (1 - phase), 0.01, window / 2, window / 2, window / 60, window - 0.5, 0.5, 0.51, 0.6):
        clock.advance(pause)
        allowed = [store.spend([limit(size, window)])[0].allowed for _ in range(size + 3)]
        passed += [clock.now] * sum(allowed)
    most = max(sum(start <= other < start + window * 1_000_000 for other in passed) for start in passed)
    assert most == size


def test_what_was_spent_comes_back_one_part_late_at_most(pair: tuple[Store, Clock]) -> None:
    store, clock = pair
    for _ in range(5):
        store.spend([limit()])
    clock.advance(59.99)
    assert not store.spend([limit()])[0].allowed
    clock.advance(1.02)
    assert store.spend([limit()])[0].allowed


def test_all_limits_or_none(pair: tuple[Store, Clock]) -> None:
    store, _ = pair
    narrow, wide = limit(1, key="a"), limit(9, key="b")
    assert all(state.allowed for state in store.spend([narrow, wide]))
    narrow_state, wide_state = store.spend([wide, narrow])[::-1]
    assert not narrow_state.allowed
    assert wide_state.allowed
    assert wide_state.remaining == 8, "the wide limit was charged although the narrow one refused"


def test_one_count_that_is_named_twice_is_charged_once(pair: tuple[Store, Clock]) -> None:
    store, clock = pair
    for left in (4, 3):
        assert [state.remaining for state in store.spend([limit(), limit()])] == [left, left]
    clock.advance(61.01)
    assert sum(store.spend([limit()])[0].allowed for _ in range(20)) == 5


def test_a_cost_is_taken_whole_or_not_at_all(pair: tuple[Store, Clock]) -> None:
    store, _ = pair
    assert store.spend([limit(5)], cost=3)[0].remaining == 2
    assert not store.spend([limit(5)], cost=3)[0].allowed
    assert store.spend([limit(5)], cost=2)[0].remaining == 0


def test_a_cost_above_the_limit_never_fits_and_says_to_wait_a_window(pair: tuple[Store, Clock]) -> None:
    store, _ = pair
    state = store.spend([limit(5)], cost=6)[0]
    assert not state.allowed
    assert state.reset >= 60


def test_a_limit_of_none_refuses_all(pair: tuple[Store, Clock]) -> None:
    store, _ = pair
    assert not store.spend([limit(0)])[0].allowed


def test_a_refund_gives_back(pair: tuple[Store, Clock]) -> None:
    store, _ = pair
    states = store.spend([limit(1), limit(3, key="b")])
    store.refund(states)
    assert [state.remaining for state in store.spend([limit(1), limit(3, key="b")])] == [0, 2]


def test_a_refund_of_what_has_expired_changes_nothing(pair: tuple[Store, Clock]) -> None:
    store, clock = pair
    old = store.spend([limit(2)])
    clock.advance(62)
    store.spend([limit(2)])
    store.refund(old)
    assert store.spend([limit(2)])[0].remaining == 0


def test_a_refund_twice_gives_back_no_more_than_was_spent(pair: tuple[Store, Clock]) -> None:
    store, _ = pair
    states = store.spend([limit(2)])
    for _ in range(3):
        store.refund(states)
    assert store.spend([limit(2)])[0].remaining == 1


def test_reset_forgets(pair: tuple[Store, Clock]) -> None:
    store, _ = pair
    store.spend([limit(1)])
    store.reset([limit(1).key])
    assert store.spend([limit(1)])[0].allowed


def test_keys_do_not_share_a_count(pair: tuple[Store, Clock]) -> None:
    store, _ = pair
    store.spend([limit(1, key="alice")])
    assert store.spend([limit(1, key="bob")])[0].allowed


@pytest.mark.parametrize("window", [1, 7, 60, 900, 3_600])
def test_the_reset_is_never_too_early_and_at_most_a_part_late(pair: tuple[Store, Clock], window: int) -> None:
    store, clock = pair
    for step in range(5):
        store.spend([limit(5, window)])
        clock.advance(window / 50 * step)
    wait = store.spend([limit(5, window)])[0].reset
    clock.advance(wait - 0.000_01)
    assert not store.spend([limit(5, window)])[0].allowed
    clock.advance(0.000_02)
    assert store.spend([limit(5, window)])[0].allowed


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.integers(1, 8),
    steps=st.lists(st.tuples(st.floats(0, 40), st.integers(1, 3), st.booleans()), min_size=1, max_size=40),
)
def test_any_history_keeps_within_the_limit(
    pair: tuple[Store, Clock], size: int, steps: list[tuple[float, int, bool]]
) -> None:
    """A list of all that was spent is the judge: never above the limit, and refused only for a reason."""
    store, clock = pair
    window = 30
    own = limit(size, window, key=f"history:{size}")
    store.reset([own.key])
    spent: list[tuple[int, int]] = []
    for pause, cost, is_refunded in steps:
        clock.advance(pause)
        state = store.spend([own], cost)[0]
        in_window = sum(c for at, c in spent if at > clock.now - window * 1_000_000)
        in_late_window = sum(c for at, c in spent if at > clock.now - window * 1_000_000 * 61 / 60 - 1)
        if state.allowed:
            assert in_window + cost <= size
            if is_refunded:
                store.refund([state], cost)
            else:
                spent.append((clock.now, cost))
        else:
            assert in_late_window + cost > size
            assert math.isfinite(state.reset)
