"""A flood is refused without asking Redis again, for a second and never longer than the limit is closed."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from pytest_django.fixtures import Settings

from edge.ratelimit import Limit, Limiter, LocalStore, Spent


class CountingStore(LocalStore):
    """Stands for the shared store, and counts the questions."""

    questions = 0

    def spend(self, limits: Sequence[Limit], cost: int = 1) -> Spent:
        self.questions += 1
        return super().spend(limits, cost)


class World:
    def __init__(self) -> None:
        self.now = 1_000.0
        self.store = CountingStore(clock=lambda: int(self.now * 1_000_000))
        self.limiter = Limiter(self.store, LocalStore(), clock=lambda: self.now)

    def ask(self, *, size: int = 1, window: int = 60) -> bool:
        return self.limiter.spend([Limit("x", f"x:{size}/{window}", size, window)]).allowed


def test_a_flood_costs_one_question_a_second() -> None:
    world = World()
    world.ask()
    for _ in range(100):
        assert not world.ask()
        world.now += 0.01
    assert world.store.questions <= 3


def test_it_is_never_closed_longer_than_the_limit() -> None:
    world = World()
    world.ask(window=1)
    decision = world.limiter.spend([Limit("x", "x:1/1", 1, 1)])
    world.now += decision.states[0].reset + 0.000_1
    assert world.ask(window=1)


def test_a_known_refusal_says_how_long_is_left() -> None:
    world = World()
    world.ask()
    first = world.limiter.spend([Limit("x", "x:1/60", 1, 60)])
    world.now += 0.5
    second = world.limiter.spend([Limit("x", "x:1/60", 1, 60)])
    assert second.retry_after in {first.retry_after, first.retry_after - 1}
    assert world.store.questions == 2


def test_others_are_not_refused() -> None:
    world = World()
    world.ask()
    world.ask()
    assert world.ask(size=2)


def test_it_can_be_switched_off(settings: Settings) -> None:
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "DENY_CACHE": 0}
    world = World()
    for _ in range(5):
        world.ask()
    assert world.store.questions == 5


def test_what_is_remembered_is_bounded() -> None:
    from edge.ratelimit import denials

    world = World()
    for number in range(denials.MOST + 50):
        limit = Limit("x", f"key:{number}", 0, 60)
        world.limiter.spend([limit])
    assert len(world.limiter.denials._ends) == denials.MOST


def test_a_refusal_that_another_thread_forgets_at_that_moment_is_no_error() -> None:
    world = World()
    denials = world.limiter.denials

    class Interrupted(OrderedDict[str, tuple[float, float]]):
        def __setitem__(self, key: str, value: tuple[float, float]) -> None:
            super().__setitem__(key, value)
            other = threading.Thread(target=denials.forget, args=([key],))
            other.start()
            other.join(0.2)  # it waits for its turn, or has had it
            others.append(other)

    others: list[threading.Thread] = []
    denials._ends = Interrupted()
    world.ask()
    assert not world.ask()
    for other in others:
        other.join()
    assert len(others) == 1
    assert not denials._ends
