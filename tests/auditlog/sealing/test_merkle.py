import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditlog.sealing import merkle

from .independent import is_consistent, root_of_inclusion

# The leaves and roots that the implementations of RFC 6962 are tested with (certificate-transparency, merkletree).
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


class Leaves:
    """A store of complete subtrees that computes each anew."""

    def __init__(self, entries: list[bytes]) -> None:
        self.hashes = [merkle.leaf_hash(entry) for entry in entries]

    def node(self, level: int, index: int) -> bytes:
        width = 1 << level
        chosen = self.hashes[index * width : (index + 1) * width]
        assert len(chosen) == width, "a proof asks for complete subtrees only"
        return merkle.subtree_hash(b"".join(chosen))


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert merkle.root(Leaves([]).node, 0).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_rfcs_vectors(size: int) -> None:
    assert merkle.root(Leaves(LEAVES).node, size).hex() == ROOTS[size - 1]


def test_proofs_are_those_of_the_rfcs_vectors() -> None:
    node = Leaves(LEAVES).node

    assert [found.hex() for found in merkle.inclusion_proof(node, 5, 8)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [found.hex() for found in merkle.consistency_proof(node, 6, 8)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@given(st.integers(1, 70), st.data())
def test_somebody_else_can_check_inclusion(size: int, data: st.DataObject) -> None:
    leaves = Leaves([bytes([number]) for number in range(size)])
    index = data.draw(st.integers(0, size - 1))

    proof = merkle.inclusion_proof(leaves.node, index, size)

    root = merkle.root(leaves.node, size)
    assert root_of_inclusion(leaves.hashes[index], index, size, proof) == root
    assert merkle.root_of_inclusion(leaves.hashes[index], index, size, proof) == root
    assert merkle.root_of_inclusion(merkle.leaf_hash(b"forged"), index, size, proof) != root


@given(st.integers(1, 70), st.data())
def test_somebody_else_can_check_consistency(new: int, data: st.DataObject) -> None:
    leaves = Leaves([bytes([number]) for number in range(new)])
    old = data.draw(st.integers(1, new))
    roots = merkle.root(leaves.node, old), merkle.root(leaves.node, new)

    proof = merkle.consistency_proof(leaves.node, old, new)

    assert is_consistent(old, roots[0], new, roots[1], proof)
    assert not is_consistent(old, merkle.leaf_hash(b"forged"), new, roots[1], proof)


def test_what_is_not_there_cannot_be_proved() -> None:
    node = Leaves(LEAVES).node

    with pytest.raises(ValueError, match="no leaf 8"):
        merkle.inclusion_proof(node, 8, 8)
    with pytest.raises(ValueError, match="does not grow"):
        merkle.consistency_proof(node, 9, 8)
    with pytest.raises(merkle.ProofRejected):
        merkle.root_of_inclusion(b"", 0, 8, [])
