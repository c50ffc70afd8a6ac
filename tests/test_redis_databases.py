"""The suite empties Redis databases, so it had better be sure whose they are."""

import os
from collections.abc import Iterator

import pytest
import redis

from tests import redis_databases
from tests.edge.conftest import OwnRedis, own_redis
from tests.redis_databases import Claims, NoFreeDatabaseError

__all__ = ["own_redis"]


@pytest.fixture
def claims(own_redis: OwnRedis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Claims]:
    monkeypatch.setattr(redis_databases, "WAIT", 0)
    own = Claims(own_redis.url)
    yield own
    own.release()


def size(claims: Claims, index: int) -> int:
    client = redis.Redis.from_url(redis_databases.database_url(claims.url, index))
    found = client.dbsize()
    client.close()
    return int(found)


def write(claims: Claims, index: int) -> None:
    client = redis.Redis.from_url(redis_databases.database_url(claims.url, index))
    client.set("somebody's", "data")
    client.close()


def test_two_runs_never_get_the_same_database(claims: Claims) -> None:
    other = Claims(claims.url)
    given = [claims.claim(), other.claim(), claims.claim(), other.claim()]
    assert len(set(given)) == 4
    other.release()


def test_a_database_with_data_is_left_alone(claims: Claims) -> None:
    write(claims, 0)
    assert not claims.claim().endswith("/0")
    claims.clear()
    assert size(claims, 0) == 1


def test_only_what_is_owned_is_emptied(claims: Claims) -> None:
    claims.claim()
    write(claims, 0)
    write(claims, 7)
    claims.clear()
    assert (size(claims, 0), size(claims, 7)) == (0, 1)


def test_what_is_given_back_is_empty_and_free(claims: Claims) -> None:
    first = claims.claim()
    write(claims, 0)
    claims.release()
    assert size(claims, 0) == 0
    assert claims.claim() == first


def test_what_a_dead_run_left_is_taken_over(claims: Claims) -> None:
    dead = Claims(claims.url, owner=claims.owner.replace(f":{os.getpid()}:", ":999999999:"))
    left = dead.claim()
    write(dead, 0)
    assert claims.claim() == left
    assert size(claims, 0) == 0


def test_what_another_hosts_run_holds_is_not_taken_over(claims: Claims) -> None:
    far = Claims(claims.url, owner="elsewhere:999999999:1")
    assert far.claim() != claims.claim()


def test_a_full_server_is_said_so(claims: Claims) -> None:
    for index in range(15):
        write(claims, index)
    with pytest.raises(NoFreeDatabaseError):
        claims.claim()
