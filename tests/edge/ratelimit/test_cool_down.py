"""Whoever does not stop waits longer and longer; attempts while waiting do not make it longer."""

from collections.abc import Iterator

import pytest

from edge.ratelimit import Limit, Store

from .clocks import KINDS, Clock, stores

LIMIT = Limit("login", "edge:{mallory}:login", 2, 10, (0, 60, 300))


@pytest.fixture(params=KINDS)
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[Store, Clock]]:
    yield from stores(request.param)


def allowed(store: Store) -> bool:
    return store.spend([LIMIT])[0].allowed


def offend(store: Store) -> float:
    """Spend what there is and one more; return how long to wait."""
    while (state := store.spend([LIMIT])[0]).allowed:
        pass
    return state.reset


def test_it_grows(pair: tuple[Store, Clock]) -> None:
    store, clock = pair
    waits = []
    for _ in range(4):
        waits.append(round(offend(store)))
        clock.advance(waits[-1] + 11)
    assert waits == [10, 60, 300, 300]


def test_nothing_passes_until_it_is_over(pair: tuple[Store, Clock]) -> None:
    store, clock = pair
    offend(store)
    clock.advance(11)
    wait = offend(store)
    clock.advance(wait - 0.001)
    state = store.spend([LIMIT])[0]
    assert not state.allowed
    assert state.remaining == 0
    clock.advance(0.002)
    assert allowed(store)


def test_attempts_meanwhile_do_not_prolong_it(pair: tuple[Store, Clock]) -> None:
    store, clock = pair
    offend(store)
    clock.advance(11)
    wait = offend(store)
    for _ in range(50):
        clock.advance(1)
        assert not allowed(store)
    assert store.spend([LIMIT])[0].reset == pytest.approx(wait - 50)


def test_a_day_without_an_offence_forgets_them(pair: tuple[Store, Clock]) -> None:
    store, clock = pair
    for _ in range(3):
        clock.advance(offend(store) + 11)
    clock.advance(86_401)
    assert round(offend(store)) == 10


def test_one_cool_down_closes_what_is_checked_with_it(pair: tuple[Store, Clock]) -> None:
    store, clock = pair
    other = Limit("general", "edge:{mallory}:general", 100, 60)
    offend(store)
    clock.advance(11)
    offend(store)
    clock.advance(11)
    cooling, general = store.spend([LIMIT, other])
    assert not cooling.allowed
    assert general.allowed
    assert general.remaining == 100


def test_reset_ends_it(pair: tuple[Store, Clock]) -> None:
    store, clock = pair
    offend(store)
    clock.advance(11)
    offend(store)
    store.reset([LIMIT.key])
    assert allowed(store)
    assert round(offend(store)) == 10


def test_without_steps_there_is_none(pair: tuple[Store, Clock]) -> None:
    store, clock = pair
    plain = Limit("login", "edge:{mallory}:plain", 2, 10)
    for _ in range(20):
        store.spend([plain])
    clock.advance(11)
    assert store.spend([plain])[0].allowed
