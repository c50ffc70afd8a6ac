"""What only the shared store has to show: many processes, its own clock, little memory, one trip."""

import multiprocessing
import time
from typing import Any

import pytest
import redis
from django.conf import settings

from edge.ratelimit import Limit, RedisStore
from tests.edge.conftest import OwnRedis

from .clocks import ClockedRedisStore, RedisClock

pytestmark = pytest.mark.redis


@pytest.fixture
def client() -> "redis.Redis":
    return redis.Redis.from_url(settings.BULWARK_EDGE["REDIS_URL"])


def _race(url: str, limit: Limit, start: Any, results: Any) -> None:
    store = RedisStore(redis.Redis.from_url(url))
    start.wait()
    results.put(sum(store.spend([limit])[0].allowed for _ in range(30)))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("size", [5, 20, 50, 100])
def test_twelve_processes_get_exactly_the_limit(size: int) -> None:
    """REST framework's throttle lets 68 of 50 through."""
    context = multiprocessing.get_context("fork")
    start, results = context.Event(), context.Queue()
    limit = Limit("race", f"race:{size}", size, 60)
    arguments = (settings.BULWARK_EDGE["REDIS_URL"], limit, start, results)
    processes = [context.Process(target=_race, args=arguments) for _ in range(12)]
    for process in processes:
        process.start()
    start.set()
    assert sum(results.get(timeout=30) for _ in processes) == size
    for process in processes:
        process.join()


def _attack(url: str, limit: Limit, times: tuple[float, float, float], results: Any) -> None:
    """Spend what is left before the border of a window, and all that is to be had right after it."""
    store, allowed = RedisStore(redis.Redis.from_url(url)), []
    first, border, end = times
    time.sleep(max(0.0, first - time.monotonic()))
    while (asked := time.monotonic()) < end:
        if store.spend([limit])[0].allowed:
            allowed.append((asked, time.monotonic()))
        elif asked < border:
            time.sleep(max(0.0, border - time.monotonic()))
    results.put(allowed)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("size", [5, 20, 100])
@pytest.mark.parametrize("phase", [0.0, 0.5, 0.95])
def test_no_trailing_window_holds_more_than_the_limit(size: int, phase: float) -> None:
    """Twelve processes spend at once, from some moment of a window on, and again when the next one begins.

    A counter for each window lets twice the limit through in the seconds around its border.
    """
    context = multiprocessing.get_context("fork")
    window, results = 2, context.Queue()
    limit = Limit("attack", f"attack:{size}:{phase}", size, window)
    began = time.monotonic() + 0.7 + window - (time.time() + 0.7) % window  # a window of the clock begins
    times = (began + phase * window, began + window, began + 1.4 * window)
    url = settings.BULWARK_EDGE["REDIS_URL"]
    processes = [context.Process(target=_attack, args=(url, limit, times, results)) for _ in range(12)]
    for process in processes:
        process.start()
    allowed = sorted(each for _ in processes for each in results.get(timeout=60))
    for process in processes:
        process.join()
    # Counted between the asking for the first and the answer to the last: those surely lie within one window.
    most = max(sum(answered - asked < window for _, answered in allowed[at:]) for at, (asked, _) in enumerate(allowed))
    assert most == size


def test_the_hosts_clock_does_not_matter(client: "redis.Redis", monkeypatch: pytest.MonkeyPatch) -> None:
    store, limit = RedisStore(client), Limit("x", "clock", 1, 60)
    assert store.spend([limit])[0].allowed
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 61)
    assert not store.spend([limit])[0].allowed


def test_a_full_window_takes_less_than_a_kilobyte(client: "redis.Redis") -> None:
    store, limit = RedisStore(client), Limit("x", "memory", 10_000, 1)
    for _ in range(80):
        store.spend([limit], cost=150)
        time.sleep(0.015)
    assert int(client.hlen(limit.key)) > 40
    assert int(client.memory_usage(limit.key) or 0) in range(1, 1_000)


def test_counts_expire_by_themselves(client: "redis.Redis") -> None:
    store, limit = RedisStore(client), Limit("x", "expiry", 5, 60)
    store.spend([limit])
    assert 60_000 < int(client.pttl(limit.key)) <= 61_001


def test_a_count_is_kept_until_what_was_spent_last_has_left_it(client: "redis.Redis") -> None:
    clock, store, limit = RedisClock(client), ClockedRedisStore(client), Limit("x", "kept", 5, 60)
    for _ in range(3):
        store.spend([limit])
        assert int(client.pttl(limit.key)) > 60_000
        clock.advance(1)  # the next part begins
        client.pexpire(limit.key, 60_000)


def test_a_clock_that_is_set_back_gives_nothing_away(client: "redis.Redis") -> None:
    clock, store, limit = RedisClock(client), ClockedRedisStore(client), Limit("x", "back", 5, 60)
    spent = store.spend([limit])
    clock.advance(-30)
    assert [store.spend([limit])[0].remaining for _ in range(3)] == [3, 2, 1]
    store.refund(spent)
    clock.advance(30)
    assert [store.spend([limit])[0].allowed for _ in range(3)] == [True, True, False]
    clock.advance(61.01)
    assert store.spend([limit])[0].remaining == 4


def test_a_second_spending_in_a_part_costs_the_server_two_commands(own_redis: OwnRedis) -> None:
    client = redis.Redis.from_url(own_redis.url)
    clock, store, limit = RedisClock(client), ClockedRedisStore(client), Limit("x", "commands", 5, 60)
    store.spend([limit])
    client.config_resetstat()
    clock.now += 1
    assert store.spend([limit])[0].remaining == 3
    stats = client.info("commandstats")
    client.close()
    on_hashes = {name: entry["calls"] for name, entry in stats.items() if name.startswith(("cmdstat_h", "cmdstat_p"))}
    assert on_hashes == {"cmdstat_hmget": 1, "cmdstat_hset": 1}


def test_three_limits_are_one_command(own_redis: OwnRedis) -> None:
    client, other = redis.Redis.from_url(own_redis.url), redis.Redis.from_url(own_redis.url)
    store = RedisStore(client)
    limits = [Limit("x", f"trip:{n}", 5, 60) for n in range(3)]
    store.spend(limits)
    with other.monitor() as monitor:  # type: ignore[no-untyped-call]
        store.spend(limits)
        client.echo("end")
        sent: list[str] = []
        for command in monitor.listen():
            if command["client_type"] != "lua":
                sent.append(command["command"].split()[0])
            if sent[-1:] == ["ECHO"]:
                break
    client.close()
    other.close()
    assert sent == ["EVALSHA", "ECHO"]
