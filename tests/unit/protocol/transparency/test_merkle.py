"""The Merkle tree against the definition of RFC 6962, written out as it stands there (SPEC P-102, P-103)."""

from __future__ import annotations

import hashlib
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import KimError
from protocol.transparency.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    Node,
    completed_by,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    peaks,
    root,
    root_of_peaks,
    siblings_of,
    verify_consistency,
    verify_inclusion,
)
from tests.factories.logs import MemoryLog

LARGE = 65_536
#: 0, 1, and around every power of two and every edge of a tile.
EDGES = sorted({0, 1, 255, 256, 257, LARGE, *(2**k + d for k in range(1, 11) for d in (-1, 0, 1))})


@cache
def large_log() -> MemoryLog:
    return MemoryLog([f"leaf {n}".encode() for n in range(LARGE + 1)])


def definition(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, literally."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = 1 << (len(entries) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + definition(entries[:k]) + definition(entries[k:])).digest()


@cache
def root_of(size: int) -> bytes:
    return definition(large_log().entries[:size])


def test_the_empty_tree():
    assert (
        root(MemoryLog(), 0)
        == EMPTY_ROOT
        == bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    )


def test_the_tree_of_certificate_transparency():
    """The leaves and roots that every implementation of RFC 6962 tests (certificate-transparency, Go)."""
    leaves = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    log = MemoryLog([bytes.fromhex(leaf) for leaf in leaves])
    assert [root(log, size).hex() for size in (1, 2, 3, 8)] == [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    assert [item.hex() for item in inclusion_proof(log, 5, size=8)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [item.hex() for item in consistency_proof(log, 6, new=8)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@pytest.mark.parametrize("size", EDGES)
def test_roots_at_the_edges(size):
    assert root(large_log(), size) == root_of(size)


@pytest.mark.parametrize("size", [size for size in EDGES if size])
def test_inclusion_at_the_edges(size):
    log = large_log()
    for index in {0, 1, size // 2, 254, 255, 256, size - 2, size - 1} & set(range(size)):
        proof = inclusion_proof(log, index, size=size)
        leaf = leaf_hash(log.entries[index])
        verify_inclusion(leaf, index, size=size, proof=proof, root=root_of(size))
        with pytest.raises(KimError, match="proof_invalid"):
            verify_inclusion(leaf, index, size=size, proof=proof, root=leaf_hash(b"another"))


@pytest.mark.parametrize("new", [size for size in EDGES if size])
def test_consistency_at_the_edges(new):
    log = large_log()
    for old in [size for size in EDGES if 0 < size <= new]:
        proof = consistency_proof(log, old, new=new)
        verify_consistency(old, new, old_root=root_of(old), new_root=root_of(new), proof=proof)
        with pytest.raises(KimError, match="proof_invalid"):
            verify_consistency(old, new, old_root=root_of(old), new_root=leaf_hash(b"another"), proof=proof)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_proof_proves_nothing_else(data):
    size = data.draw(st.integers(1, 600))
    index = data.draw(st.integers(0, size - 1))
    log = large_log()
    proof = inclusion_proof(log, index, size=size)
    leaf, top = leaf_hash(log.entries[index]), root_of(size)
    verify_inclusion(leaf, index, size=size, proof=proof, root=top)
    other = data.draw(
        st.integers(0, size - 1).filter(lambda n: n != index) if size > 1 else st.just(index + 1)
    )
    wrong = [
        (leaf, other, size, proof, top),
        (leaf_hash(b"another"), index, size, proof, top),
        (leaf, index, size, [*proof, top], top),
        (leaf, index, size, proof[:-1] if proof else [leaf], top),
        (leaf, index, size, proof, leaf_hash(b"another root")),
        (leaf, -1, size, proof, top),
        (leaf, size, size, proof, top),
    ]
    if proof:
        place = data.draw(st.integers(0, len(proof) - 1))
        bit = data.draw(st.integers(0, 255))
        flipped = bytearray(proof[place])
        flipped[bit // 8] ^= 1 << bit % 8
        wrong.append((leaf, index, size, [*proof[:place], bytes(flipped), *proof[place + 1 :]], top))
    for a_leaf, an_index, a_size, a_proof, a_root in wrong:
        with pytest.raises(KimError) as error:
            verify_inclusion(a_leaf, an_index, size=a_size, proof=a_proof, root=a_root)
        assert error.value.code == "proof_invalid"


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_log_that_was_changed_is_not_consistent(data):
    """Two logs that differ in one old leaf: no proof of the second one fits what was known of the first."""
    new = data.draw(st.integers(1, 300))
    old = data.draw(st.integers(1, new))
    changed = data.draw(st.integers(0, old - 1))
    entries = large_log().entries[:new]
    other = MemoryLog([*entries[:changed], b"another", *entries[changed + 1 :]])
    proof = consistency_proof(other, old, new=new)
    verify_consistency(old, new, old_root=root(other, old), new_root=root(other, new), proof=proof)
    with pytest.raises(KimError) as error:
        verify_consistency(old, new, old_root=root_of(old), new_root=root(other, new), proof=proof)
    assert error.value.code == "proof_invalid"


@pytest.mark.parametrize(
    ("old", "new"), [(0, 0), (0, 5), (6, 5), (-1, 5), (1, MAX_SIZE + 1)], ids=lambda n: f"{n}"
)
def test_sizes_about_which_nothing_can_be_proven(old, new):
    with pytest.raises(KimError) as error:
        verify_consistency(old, new, old_root=EMPTY_ROOT, new_root=EMPTY_ROOT, proof=[])
    assert error.value.code == "proof_invalid"


def test_proofs_that_do_not_exist():
    log = large_log()
    with pytest.raises(IndexError):
        inclusion_proof(log, 5, size=5)
    with pytest.raises(IndexError):
        inclusion_proof(log, -1, size=5)
    with pytest.raises(IndexError):
        consistency_proof(log, 0, new=5)
    with pytest.raises(IndexError):
        consistency_proof(log, 6, new=5)


def test_what_a_leaf_completes():
    assert [completed_by(leaf) for leaf in range(4)] == [
        [],
        [Node(1, 0)],
        [],
        [Node(1, 1), Node(2, 0)],
    ]
    assert siblings_of(3) == [Node(0, 2), Node(1, 0)]
    assert all(node.last_leaf == 255 for node in completed_by(255))


def test_a_tree_is_cut_into_its_complete_subtrees():
    assert [peaks(size) for size in range(4)] == [[], [Node(0, 0)], [Node(1, 0)], [Node(1, 0), Node(0, 2)]]
    for size in EDGES:
        hashes = large_log().read(peaks(size))
        assert root_of_peaks(list(hashes.values())) == root_of(size)


def test_the_largest_tree():
    """2^63-1 leaves are 63 subtrees side by side; of no leaf of any tree a proof has more than 63 hashes."""
    assert MAX_SIZE == 2**63 - 1
    subtrees = [leaf_hash(bytes([level])) for level in reversed(range(63))]
    assert [node.level for node in peaks(MAX_SIZE)] == list(reversed(range(63)))
    top = root_of_peaks(subtrees)
    last, to_the_left = subtrees[-1], subtrees[-2::-1]
    verify_inclusion(last, MAX_SIZE - 1, size=MAX_SIZE, proof=to_the_left, root=top)
    half, rest = subtrees[0], root_of_peaks(subtrees[1:])
    verify_consistency(2**62, MAX_SIZE, old_root=half, new_root=node_hash(half, rest), proof=[rest])
    with pytest.raises(KimError, match="proof_invalid"):
        verify_inclusion(last, MAX_SIZE, size=MAX_SIZE + 1, proof=[top], root=node_hash(top, last))
