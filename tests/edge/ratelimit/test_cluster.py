"""A real Redis Cluster of three nodes: identities live on different nodes, and the promise is the same."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from edge.ratelimit import Limit, Limiter, LocalStore, StoreUnavailable
from edge.ratelimit.cluster import ClusterStore, cluster_at, tag_of
from tests.edge.conftest import OwnRedis

pytestmark = pytest.mark.skipif(not shutil.which("redis-cli"), reason="needs redis-server and redis-cli")


class Cluster:
    def __init__(self, nodes: list[OwnRedis]) -> None:
        self.nodes = nodes
        self.url = nodes[0].url
        for node in nodes:
            node.start()
        addresses = [f"127.0.0.1:{node.port}" for node in nodes]
        program = shutil.which("redis-cli")
        assert program
        subprocess.run(
            [program, "--cluster", "create", *addresses, "--cluster-yes"], check=True, stdout=subprocess.DEVNULL
        )
        for node in nodes:
            self._wait(node)

    @staticmethod
    def _wait(node: OwnRedis) -> None:
        client = redis.Redis.from_url(node.url, decode_responses=True)
        for _ in range(200):
            if client.execute_command("CLUSTER INFO")["cluster_state"] == "ok":  # type: ignore[no-untyped-call]
                break
            time.sleep(0.05)
        client.close()

    def kill(self) -> None:
        for node in self.nodes:
            node.kill()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folders: list[Path] = [tmp_path_factory.mktemp("node") for _ in range(3)]
    options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
    made = Cluster([OwnRedis(folder, *options) for folder in folders])
    yield made
    made.kill()


@pytest.fixture
def store(cluster: Cluster) -> Iterator[ClusterStore]:
    made = cluster_at(cluster.url, 1)
    yield made
    made.client.close()


def limits(*names: str, size: int = 2) -> list[Limit]:
    return [Limit(name, f"edge:{{{name}}}:x:{size}/60", size, 60) for name in names]


def test_the_identities_are_on_several_nodes(store: ClusterStore) -> None:
    nodes = {store.client.get_node_from_key(f"edge:{{user-{n}}}:x").name for n in range(30)}
    assert len(nodes) == 3


def test_limits_of_several_identities_are_all_kept(store: ClusterStore) -> None:
    both = limits("one", "two", "three")
    assert [state.remaining for state in store.spend(both)] == [1, 1, 1]
    assert [state.limit.name for state in store.spend(both)] == ["one", "two", "three"]
    assert not any(state.allowed for state in store.spend(both)[:1])


def test_a_refusal_on_one_node_charges_nothing_on_the_others(store: ClusterStore) -> None:
    (full,) = limits("full", size=1)
    others = limits("a", "b", "c", "d", "e", size=5)
    store.spend([full])
    for _ in range(3):
        states = store.spend([*others[:3], full, *others[3:]])
        assert [state.allowed for state in states] == [True, True, True, False, True, True]
        assert {state.remaining for state in states if state.allowed} == {5}


def test_refunds_and_resets_reach_every_node(store: ClusterStore) -> None:
    some = limits("p", "q", "r", "s")
    store.refund(store.spend(some))
    assert {state.remaining for state in store.spend(some)} == {1}
    for limit in some:
        store.reset([limit.key])
    assert {state.remaining for state in store.spend(some)} == {1}


def test_counts_are_found_for_people(store: ClusterStore) -> None:
    store.spend(limits("found"))
    assert [limit.key for limit in store.counted("found")] == ["edge:{found}:x:2/60"]


def test_limits_of_one_request_of_one_identity_are_in_one_slot() -> None:
    from django.test import RequestFactory

    from edge.ratelimit import named_policy

    request = RequestFactory().get("/")
    keys = [limit.key for name in ("general", "login", "register") for limit in named_policy(name).limits(request)]
    assert len(keys) == 6
    assert len({tag_of(key) for key in keys}) == 1


def test_a_cluster_that_does_not_answer_is_an_outage_like_any_other() -> None:
    nowhere = cluster_at("redis://127.0.0.1:1/0", 0.2)
    with pytest.raises(StoreUnavailable):
        nowhere.spend(limits("x"))
    assert Limiter(nowhere, LocalStore()).spend(limits("x")).allowed
