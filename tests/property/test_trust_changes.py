"""What officers are shown is what happens: differences and apply are inverse to each other (SPEC P-145)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from protocol import strict_json
from protocol.errors import KimError
from protocol.keys import KeyPurpose, PrivateKey
from protocol.trust import (
    Directory,
    KeyEntry,
    KeyStatus,
    NodeEntry,
    NodeStatus,
    RevocationReason,
    apply,
    differences,
    parse_directory,
)
from protocol.trust.changes import change_document, read_change

DAY = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
# Deriving a public key costs more than everything else here; a few hundred will do.
PUBLIC = {
    (number, purpose): PrivateKey(
        Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big")), purpose=purpose
    ).public
    for number in range(1, 40)
    for purpose in KeyPurpose
}


PUBLIC_NUMBER = {key.raw: number for (number, _), key in PUBLIC.items()}


@st.composite
def keys(draw: st.DrawFn, number: int) -> KeyEntry:
    days = draw(st.integers(1, 400))
    status = draw(st.sampled_from(KeyStatus))
    facts: dict[str, object] = {}
    if status is KeyStatus.REVOKED:
        reason = draw(st.sampled_from(RevocationReason))
        facts = {"revoked_at": DAY, "reason": reason}
        if reason is RevocationReason.COMPROMISED:
            facts["compromised_since"] = DAY - dt.timedelta(days=draw(st.integers(0, 30)))
    return KeyEntry(
        public_key=PUBLIC[number, draw(st.sampled_from(KeyPurpose))],
        not_before=DAY,
        not_after=DAY + dt.timedelta(days=days),
        status=status,
        **facts,  # type: ignore[arg-type]
    )


@st.composite
def directories(draw: st.DrawFn) -> Directory:
    numbers = iter(draw(st.permutations(range(1, 40))))
    nodes = [
        NodeEntry(
            node=f"node-{number:02}",
            name=draw(st.sampled_from(["Köln", "Bonn", "Städteregion Aachen"])),
            areas=tuple(f"NW{number:03}{n:02}" for n in range(draw(st.integers(1, 3)))),
            status=draw(st.sampled_from(NodeStatus)),
            keys=tuple(draw(keys(next(numbers))) for _ in range(draw(st.integers(0, 4)))),
        )
        for number in draw(st.lists(st.integers(1, 20), unique=True, max_size=6))
    ]
    return Directory("kim-nrw/local", tuple(nodes))


@given(directories())
def test_a_directory_survives_the_wire(directory: Directory) -> None:
    assert parse_directory(directory.to_bytes()) == directory


@st.composite
def successors(draw: st.DrawFn, before: Directory) -> Directory:
    """A directory that may follow: more nodes, more keys, other facts, nothing undone."""
    used = {PUBLIC_NUMBER[key.public_key.raw] for node in before.nodes for key in node.keys}
    fresh = iter(sorted({*range(1, 40)} - used))
    nodes = []
    for node in before.nodes:
        facts = [_revoked(key) if draw(st.booleans()) else key for key in node.keys]
        more = [draw(keys(number)) for _, number in zip(range(draw(st.integers(0, 2))), fresh, strict=False)]
        name, status = draw(st.sampled_from(["Köln", "Essen"])), draw(st.sampled_from(NodeStatus))
        nodes.append(replace(node, name=name, status=status, keys=(*facts, *more)))
    for number in draw(st.lists(st.integers(21, 30), unique=True, max_size=3)):
        nodes.append(NodeEntry(node=f"node-{number}", name="Neu", areas=(f"NW{number:03}99",)))
    return Directory(before.audience, tuple(nodes))


def _revoked(key: KeyEntry) -> KeyEntry:
    since = min(key.compromised_since or DAY, DAY) - dt.timedelta(days=1)
    return replace(
        key,
        status=KeyStatus.REVOKED,
        revoked_at=key.revoked_at or DAY,
        compromised_since=since,
        reason=RevocationReason.COMPROMISED,
    )


@given(st.data())
def test_what_is_told_is_what_happens(data: st.DataObject) -> None:
    before = data.draw(directories())
    after = data.draw(successors(before))
    changes = differences(before, after)
    assert apply(before, changes) == after
    documents = [strict_json.loads(strict_json.dumps(change_document(change))) for change in changes]
    assert tuple(read_change(document) for document in documents) == changes  # type: ignore[arg-type]


@given(directories())
def test_nothing_is_told_of_nothing(directory: Directory) -> None:
    assert differences(directory, directory) == ()


@given(directories(), st.data())
def test_what_was_decided_is_not_undone(directory: Directory, data: st.DataObject) -> None:
    known = [(node, key) for node in directory.nodes for key in node.keys]
    if not known:
        return
    node, key = data.draw(st.sampled_from(known))
    others = tuple(entry for entry in directory.nodes if entry is not node)
    kept = tuple(entry for entry in node.keys if entry is not key)
    undone = [
        Directory(directory.audience, others),
        Directory(directory.audience, (*others, replace(node, keys=kept))),
    ]
    if key.status is KeyStatus.REVOKED:
        alive = KeyEntry(public_key=key.public_key, not_before=key.not_before, not_after=key.not_after)
        brought_back = tuple(alive if entry is key else entry for entry in node.keys)
        undone.append(Directory(directory.audience, (*others, replace(node, keys=brought_back))))
    if key.compromised_since is not None:
        later = replace(key, compromised_since=key.compromised_since + dt.timedelta(seconds=1))
        softened = tuple(later if entry is key else entry for entry in node.keys)
        undone.append(Directory(directory.audience, (*others, replace(node, keys=softened))))
    for after in undone:
        with pytest.raises(KimError) as caught:
            differences(directory, after)
        assert caught.value.code == "trust_change_refused"


@given(directories())
def test_a_key_does_not_change_hands(directory: Directory) -> None:
    givers = [node for node in directory.nodes if node.keys]
    takers = [node for node in directory.nodes if node is not (givers[0] if givers else None)]
    if not givers or not takers:
        return
    giver, taker = givers[0], takers[0]
    moved = {
        giver.node: replace(giver, keys=giver.keys[1:]),
        taker.node: replace(taker, keys=(*taker.keys, giver.keys[0])),
    }
    after = Directory(directory.audience, tuple(moved.get(entry.node, entry) for entry in directory.nodes))
    with pytest.raises(KimError):
        differences(directory, after)
