"""The Merkle tree of RFC 6962: hashes, roots, and proofs that are made and verified (SPEC P-102, P-103).

A complete subtree is named by its level and its index on that level: node (l, i) covers the leaves
``i * 2^l`` up to, not including, ``(i + 1) * 2^l``. Such a node never changes once its leaves are there, so
it can be stored, cached and served. Every root and every proof is a fold over a few of them; they are asked
for in one call, so that a reader can answer with one query or one round of downloads.

Source: RFC 6962 section 2.1; verification as in RFC 9162 section 2.1.3.2 and 2.1.4.2, restated recursively.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from protocol.errors import KimError
from protocol.transparency.faults import bad_proof

HASH_BYTES: Final = 32
#: Root of the tree without leaves: the hash of nothing (RFC 6962 section 2.1).
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
#: A tree is never larger; C2SP allows no proof beyond 63 hashes.
MAX_SIZE: Final = 2**63 - 1

Hash = bytes


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A complete subtree: ``2 ** level`` leaves from ``index << level`` on."""

    level: int
    index: int

    @property
    def last_leaf(self) -> int:
        """The leaf with which the subtree became complete."""
        return ((self.index + 1) << self.level) - 1


class HashReader(Protocol):
    """Where the hashes of complete subtrees come from."""

    def read(self, nodes: Sequence[Node]) -> Mapping[Node, Hash]:
        """Return the hash of every node asked for; a missing one is the reader's own error."""
        ...


def leaf_hash(entry: bytes) -> Hash:
    """Return the hash of a leaf; its prefix keeps it apart from every interior hash."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """Return the hash of two subtrees side by side."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def peaks(size: int) -> list[Node]:
    """Return the complete subtrees that a tree consists of, which grow smaller from left to right."""
    return _complete_subtrees(0, size)


def root_of_peaks(hashes: Sequence[Hash]) -> Hash:
    """Return the root of a tree, or of a range of one, from the hashes of its complete subtrees."""
    if not hashes:
        return EMPTY_ROOT
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result


def completed_by(leaf: int) -> list[Node]:
    """Return the subtrees above a leaf that become complete with it, from level 1 upwards.

    Leaf 3 completes (1, 1) and (2, 0). On average one per leaf.
    """
    found = []
    level, index = 0, leaf
    while index & 1:
        level, index = level + 1, index >> 1
        found.append(Node(level, index))
    return found


def siblings_of(leaf: int) -> list[Node]:
    """Return the left siblings that :func:`extend` needs to append a leaf, lowest first."""
    return [Node(node.level - 1, 2 * node.index) for node in completed_by(leaf)]


def extend(leaf: int, own: Hash, siblings: Mapping[Node, Hash]) -> list[Hash]:
    """Return the hashes that a new leaf brings: its own, then those of :func:`completed_by`."""
    hashes = [own]
    for sibling in siblings_of(leaf):
        hashes.append(node_hash(siblings[sibling], hashes[-1]))
    return hashes


def root(reader: HashReader, size: int) -> Hash:
    """Return the root of the first ``size`` leaves."""
    return _folded(reader, [(0, size)])[0]


def inclusion_proof(reader: HashReader, index: int, *, size: int) -> list[Hash]:
    """Return PATH(index, D[size]) of RFC 6962 section 2.1.1, from the leaf's sibling upwards.

    Raises:
        IndexError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise IndexError(index)
    return _folded(reader, _path(index, 0, size))


def consistency_proof(reader: HashReader, old: int, *, new: int) -> list[Hash]:
    """Return PROOF(old, D[new]) of RFC 6962 section 2.1.2.

    Raises:
        IndexError: unless ``0 < old <= new``; there is nothing to prove about an empty tree.
    """
    if not 0 < old <= new:
        raise IndexError(old)
    return _folded(reader, _subproof(old, 0, new, complete=True))


def root_of_inclusion(leaf: Hash, index: int, *, size: int, proof: Sequence[Hash]) -> Hash:
    """Return the root that a proof leads to.

    Raises:
        KimError: ``proof_invalid`` if index and size allow no proof of this length.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise _wrong_inclusion()
    turns = list(_turns(index, size))
    if len(turns) != len(proof) or any(len(item) != HASH_BYTES for item in (leaf, *proof)):
        raise _wrong_inclusion()
    result = leaf
    for is_right, sibling in zip(turns, proof, strict=True):
        result = node_hash(sibling, result) if is_right else node_hash(result, sibling)
    return result


def verify_inclusion(leaf: Hash, index: int, *, size: int, proof: Sequence[Hash], root: Hash) -> None:
    """Check that a leaf is at ``index`` of the tree with ``size`` leaves and this root.

    Raises:
        KimError: ``proof_invalid`` if that is not proven.
    """
    if not _equal(root_of_inclusion(leaf, index, size=size, proof=proof), root):
        raise _wrong_inclusion()


def verify_consistency(old: int, new: int, *, old_root: Hash, new_root: Hash, proof: Sequence[Hash]) -> None:
    """Check that the tree of ``new`` leaves begins with that of ``old`` leaves.

    About the empty tree nothing can be proven (SPEC P-103): a caller that knows no earlier state accepts the
    first one without asking here.

    Raises:
        KimError: ``proof_invalid`` if that is not proven.
    """
    if not 0 < old <= new <= MAX_SIZE or any(len(item) != HASH_BYTES for item in proof):
        raise _wrong_consistency()
    remaining = iter(proof)
    try:
        found = _roots(old, 0, new, old_root, remaining)
    except StopIteration:
        raise _wrong_consistency() from None
    whole = next(remaining, None) is None
    if not (_equal(found[0], old_root) & _equal(found[1], new_root) & whole):
        raise _wrong_consistency()


# ------------------------------------------------------------------------------------ ranges and folds

_Range = tuple[int, int]


def _split(start: int, end: int) -> int:
    """Return the largest power of two smaller than the number of leaves, as an offset from the start."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def _path(index: int, start: int, end: int) -> list[_Range]:
    ranges: list[_Range] = []
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def _turns(index: int, size: int) -> Iterator[bool]:
    """Yield for each hash of an inclusion proof whether the leaf lies to its right."""
    for sibling_start, _ in _path(index, 0, size):
        yield sibling_start <= index


def _subproof(old: int, start: int, end: int, *, complete: bool) -> list[_Range]:
    """SUBPROOF of RFC 6962: ``old`` is a position, ``complete`` its third argument."""
    if old == end:
        return [] if complete else [(start, end)]
    middle = _split(start, end)
    if old <= middle:
        return [*_subproof(old, start, middle, complete=complete), (middle, end)]
    return [*_subproof(old, middle, end, complete=False), (start, middle)]


def _roots(old: int, start: int, end: int, known: Hash | None, proof: Iterator[Hash]) -> tuple[Hash, Hash]:
    """Return the old and the new root of a range, reading the proof in the order in which it was made.

    Args:
        old: a position; what lies before it is the old tree.
        start: of the range.
        end: of the range.
        known: root of the old tree if the range begins with all of it, which the proof then leaves out.
        proof: the hashes not read yet.
    """
    if old == end:
        hash_here = next(proof) if known is None else known
        return hash_here, hash_here
    middle = _split(start, end)
    if old <= middle:
        before, after = _roots(old, start, middle, known, proof)
        return before, node_hash(after, next(proof))
    before, after = _roots(old, middle, end, None, proof)
    left = next(proof)
    return node_hash(left, before), node_hash(left, after)


def _complete_subtrees(start: int, end: int) -> list[Node]:
    """Cut a range that begins at a multiple of its size, rounded up to a power of two, into subtrees."""
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def _folded(reader: HashReader, ranges: Sequence[_Range]) -> list[Hash]:
    parts = [_complete_subtrees(start, end) for start, end in ranges]
    wanted = [node for part in parts for node in part]
    hashes = reader.read(wanted)
    return [root_of_peaks([hashes[node] for node in part]) for part in parts]


def fold_complete(hashes: Iterable[Hash]) -> Hash:
    """Return the root of a complete subtree from the hashes of its parts, whose number is a power of two."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def _equal(left: Hash, right: Hash) -> bool:
    return hmac.compare_digest(left, right)


def _wrong_inclusion() -> KimError:
    return bad_proof(
        "Der Nachweis zeigt nicht, dass der Eintrag im Protokoll steht.",
        "The proof does not show that the entry is in the log.",
    )


def _wrong_consistency() -> KimError:
    return bad_proof(
        "Der neue Stand des Protokolls enthält den alten nicht nachweislich.",
        "The newer state of the log does not provably contain the older one.",
    )
