"""Each kind of change of the directory, and each refusal of one (SPEC P-145)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest

from protocol.errors import KimError
from protocol.keys import KeyPurpose
from protocol.trust import (
    AddKey,
    AddNode,
    Change,
    ChangeKey,
    ChangeNode,
    Directory,
    KeyEntry,
    KeyStatus,
    NodeStatus,
    RevocationReason,
    apply,
    differences,
)
from protocol.trust.changes import change_document, kind_of, node_differences, read_change
from tests.unit.protocol.test_trust_documents import AUDIENCE, DAY, entry, node

BEFORE = Directory(AUDIENCE, (node(1, entry(1), entry(2, KeyPurpose.WITNESS)), node(2, entry(3))))
REVOKED = replace(entry(1), status=KeyStatus.REVOKED, revoked_at=DAY, reason=RevocationReason.SUPERSEDED)
STOLEN = replace(REVOKED, reason=RevocationReason.COMPROMISED, compromised_since=DAY - dt.timedelta(days=2))
CHANGES: dict[str, Change] = {
    "node.add": AddNode(node(3, entry(4))),
    "node.change": ChangeNode("node-0001", "Umbenannt", ("NW00001", "NW00009"), NodeStatus.SUSPENDED),
    "key.add": AddKey("node-0002", entry(5, KeyPurpose.WITNESS)),
    "key.change": ChangeKey("node-0001", REVOKED),
}


def with_key(key: KeyEntry) -> Directory:
    """`BEFORE` with other facts about the first key of the first node."""
    first, second = BEFORE.nodes
    return Directory(AUDIENCE, (replace(first, keys=(key, *first.keys[1:])), second))


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(KimError) as caught:
        act()
    assert caught.value.detail.de != caught.value.problem.title.de
    return caught.value.code


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_is_done_told_and_written(kind: str) -> None:
    change = CHANGES[kind]
    after = apply(BEFORE, [change])
    assert differences(BEFORE, after) == (change,)
    assert kind_of(change) == kind
    assert read_change(change_document(change)) == change
    assert change_document(change)["kind"] == kind


def test_several_changes_follow_each_other() -> None:
    after = apply(BEFORE, CHANGES.values())
    assert [entry.node for entry in after.nodes] == ["node-0001", "node-0002", "node-0003"]
    assert apply(BEFORE, differences(BEFORE, after)) == after
    added, first = node(3, entry(4)), AddKey("node-0003", entry(6))
    assert apply(BEFORE, [AddNode(added), first]).node("node-0003") == replace(
        added, keys=(entry(4), entry(6))
    )


def test_what_is_added_must_be_new_and_what_is_changed_must_be_there() -> None:
    for change in (
        AddNode(node(1)),
        ChangeNode("node-0009", "Niemand", ("NW00009",), NodeStatus.ACTIVE),
        AddKey("node-0009", entry(9)),
        ChangeKey("node-0009", entry(1)),
        ChangeKey("node-0002", entry(1)),
    ):
        assert refusal(lambda change=change: apply(BEFORE, [change])) == "trust_change_refused"
    with pytest.raises(KimError) as caught:
        apply(BEFORE, [AddKey("node-0001", entry(1))])
    assert caught.value.code == "duplicate_key"
    with pytest.raises(KimError) as caught:
        apply(BEFORE, [AddKey("node-0002", entry(1))])
    assert caught.value.code == "duplicate_key"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (REVOKED, entry(1)),
        (STOLEN, REVOKED),
        (STOLEN, replace(STOLEN, compromised_since=DAY)),
    ],
)
def test_a_key_does_not_come_back(before: KeyEntry, after: KeyEntry) -> None:
    assert refusal(lambda: differences(with_key(before), with_key(after))) == "trust_change_refused"
    undo = ChangeKey("node-0001", after)
    assert refusal(lambda: apply(with_key(before), [undo])) == "trust_change_refused"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (entry(1), REVOKED),
        (REVOKED, STOLEN),
        (STOLEN, replace(STOLEN, compromised_since=DAY - dt.timedelta(days=9))),
        (STOLEN, replace(STOLEN, revoked_at=DAY + dt.timedelta(days=1))),
        (entry(1, status=KeyStatus.RETIRING), entry(1)),
    ],
)
def test_a_key_goes_on(before: KeyEntry, after: KeyEntry) -> None:
    assert differences(with_key(before), with_key(after)) == (ChangeKey("node-0001", after),)


def test_nobody_and_nothing_vanishes() -> None:
    first, second = BEFORE.nodes
    for after in (
        Directory(AUDIENCE, (second,)),
        Directory(AUDIENCE, (replace(first, keys=first.keys[:1]), second)),
        Directory(AUDIENCE, (replace(first, keys=first.keys[::-1]), second)),
        Directory(AUDIENCE, (replace(first, keys=(entry(9), *first.keys)), second)),
        Directory("kim-nrw/prod", BEFORE.nodes),
    ):
        assert refusal(lambda after=after: differences(BEFORE, after)) == "trust_change_refused"


def test_the_differences_of_one_entry() -> None:
    first = BEFORE.nodes[0]
    assert node_differences(None, first) == [AddNode(first)]
    assert node_differences(first, first) == []
    for name, value in (("name", "Neu"), ("areas", ("NW00001", "NW00003")), ("status", NodeStatus.SUSPENDED)):
        after = replace(first, **{name: value})
        assert node_differences(first, after) == [
            ChangeNode(after.node, after.name, after.areas, after.status)
        ]


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"kind": "node.remove", "node": "node-0001"}, "/key"),
        ({"kind": "key.add", "node": "node-0001"}, "/key"),
        ({"kind": "key.add", "node": "node-0001", "key": {}}, "/key/keyid"),
        ({"kind": "node.add", "node": "node-0001", "entry": {}}, "/entry/node"),
        ({**change_document(CHANGES["key.add"]), "kind": "key.remove"}, "/kind"),
        ({**change_document(CHANGES["node.add"]), "node": "node-0009"}, "/kind"),
        ({**change_document(CHANGES["key.add"]), "node": "Node-0001"}, "/node"),
        ({**change_document(CHANGES["key.change"]), "note": "x"}, ""),
        ({**change_document(CHANGES["node.change"]), "name": "zwei\nZeilen"}, "/name"),
        ({**change_document(CHANGES["node.change"]), "areas": ["NW00001", "NW1"]}, "/areas/1"),
        ({**change_document(CHANGES["node.change"]), "status": "retiring"}, "/status"),
    ],
)
def test_a_document_that_is_no_change(document: dict[str, object], pointer: str) -> None:
    with pytest.raises(KimError) as caught:
        read_change(document)
    assert (caught.value.code, caught.value.pointer) == ("trust_document_invalid", pointer)
