"""Changes of the directory: what can be done to it, and what was done between two versions (SPEC P-145).

`differences` and `apply` are inverse to each other, so what officers are shown before they sign is exactly
what happens. Nothing that was decided is undone: nodes and keys never leave the directory, a key never comes
back from `revoked` and never changes hands, and the moment since which it counts as compromised only moves
back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from protocol.errors import KimError, kim_error
from protocol.forms import AREA, NODE
from protocol.texts import Text
from protocol.trust.directory import (
    MAX_AREAS,
    Directory,
    KeyEntry,
    KeyStatus,
    NodeEntry,
    NodeStatus,
    read_key,
    read_node,
)
from protocol.trust.members import LINE, Members


@dataclass(frozen=True, slots=True)
class AddNode:
    """A node joins, with its keys."""

    entry: NodeEntry

    @property
    def node(self) -> str:
        """The node's id."""
        return self.entry.node


@dataclass(frozen=True, slots=True)
class ChangeNode:
    """A node has another name, other areas or another status; all three are said."""

    node: str
    name: str
    areas: tuple[str, ...]
    status: NodeStatus


@dataclass(frozen=True, slots=True)
class AddKey:
    """A node has one more key."""

    node: str
    key: KeyEntry


@dataclass(frozen=True, slots=True)
class ChangeKey:
    """A key that a node has already has other facts; it is told by its key id."""

    node: str
    key: KeyEntry


Change: TypeAlias = AddNode | ChangeNode | AddKey | ChangeKey

_KINDS: Final[Mapping[str, type[Change]]] = {
    "node.add": AddNode,
    "node.change": ChangeNode,
    "key.add": AddKey,
    "key.change": ChangeKey,
}


def kind_of(change: Change) -> str:
    """Return the word for a kind of change, for lists and logs."""
    return next(word for word, kind in _KINDS.items() if isinstance(change, kind))


def apply(directory: Directory, changes: Iterable[Change]) -> Directory:
    """Return the directory after changes, in their order.

    Raises:
        KimError: ``trust_change_refused`` if a change does not fit what is there, ``duplicate_key`` or
            ``trust_document_invalid`` if the outcome would be no directory.
    """
    nodes = {entry.node: entry for entry in directory.nodes}
    for change in changes:
        nodes[change.node] = _changed(nodes.get(change.node), change)
    return Directory(directory.audience, tuple(nodes.values()))


def differences(before: Directory, after: Directory) -> tuple[Change, ...]:
    """Return what turns one directory into another, ordered by node.

    Raises:
        KimError: ``trust_change_refused`` if something that was decided would be undone, or the directories
            are those of two hubs.
    """
    if before.audience != after.audience:
        raise _refused(Text("Das Verzeichnis ist das eines anderen Hubs.", "The directory is another hub's."))
    gone = next((entry.node for entry in before.nodes if after.node(entry.node) is None), None)
    if gone is not None:
        raise _refused(
            Text(f"Der Knoten {gone} würde verschwinden.", f"The node {gone} would vanish."),
        )
    changes: list[Change] = []
    for entry in after.nodes:
        changes += node_differences(before.node(entry.node), entry)
    return tuple(changes)


def node_differences(before: NodeEntry | None, after: NodeEntry) -> list[Change]:
    """Return what turns one entry into another; errors as of :func:`differences`.

    Args:
        before: None for a node that there was not.
        after: an entry of the same node.
    """
    if before is None:
        return [AddNode(after)]
    changes: list[Change] = []
    if (before.name, before.areas, before.status) != (after.name, after.areas, after.status):
        changes.append(ChangeNode(after.node, after.name, after.areas, after.status))
    known = {key.keyid: key for key in before.keys}
    if [key.keyid for key in after.keys[: len(known)]] != [key.keyid for key in before.keys]:
        raise _refused(
            Text(
                f"Schlüssel von {after.node} würden verschwinden oder stehen in anderer Reihenfolge.",
                f"Keys of {after.node} would vanish, or stand in another order.",
            )
        )
    for key in after.keys:
        old = known.get(key.keyid)
        if old is None:
            changes.append(AddKey(after.node, key))
        elif old != key:
            _check_life(old, key)
            changes.append(ChangeKey(after.node, key))
    return changes


def _changed(entry: NodeEntry | None, change: Change) -> NodeEntry:
    if isinstance(change, AddNode):
        if entry is not None:
            raise _refused(
                Text(f"Den Knoten {change.node} gibt es schon.", f"The node {change.node} exists already.")
            )
        return change.entry
    if entry is None:
        raise _refused(Text(f"Den Knoten {change.node} gibt es nicht.", f"There is no node {change.node}."))
    if isinstance(change, ChangeNode):
        return replace(entry, name=change.name, areas=change.areas, status=change.status)
    return replace(entry, keys=_changed_keys(entry, change))


def _changed_keys(entry: NodeEntry, change: AddKey | ChangeKey) -> tuple[KeyEntry, ...]:
    if isinstance(change, AddKey):
        return (*entry.keys, change.key)  # one that stands there already is refused by the directory
    known = next((key for key in entry.keys if key.keyid == change.key.keyid), None)
    if known is None:
        raise _refused(
            Text(f"Diesen Schlüssel hat {entry.node} nicht.", f"{entry.node} does not have this key.")
        )
    _check_life(known, change.key)
    return tuple(change.key if key is known else key for key in entry.keys)


def _check_life(before: KeyEntry, after: KeyEntry) -> None:
    since = before.compromised_since
    if since is not None and (after.compromised_since is None or after.compromised_since > since):
        raise _refused(
            Text(
                "Ein Schlüssel gilt seit einem Zeitpunkt als kompromittiert; der wird nur noch vorverlegt.",
                "A key counts as compromised since a moment; that is only ever moved back.",
            )
        )
    if before.status is KeyStatus.REVOKED and after.status is not KeyStatus.REVOKED:
        raise _refused(
            Text("Ein entzogener Schlüssel bleibt entzogen.", "A key that was revoked stays revoked.")
        )


def change_document(change: Change) -> dict[str, object]:
    """Return a change as JSON-ready members; :func:`read_change` gives it back."""
    document: dict[str, object] = {"kind": kind_of(change), "node": change.node}
    match change:
        case AddNode(entry):
            return {**document, "entry": dict(entry.members())}
        case ChangeNode():
            facts = {"name": change.name, "areas": list(change.areas), "status": change.status.value}
            return {**document, **facts}
        case AddKey(_, key) | ChangeKey(_, key):
            return {**document, "key": dict(key.members())}


def read_change(document: Mapping[str, object]) -> Change:
    """Read what :func:`change_document` wrote.

    Raises:
        KimError: as :func:`protocol.trust.parse_directory`, for a part of a directory.
    """
    members = Members(dict(document))  # type: ignore[arg-type]  # what is no JSON is refused by its type
    kind, node = members.text("kind"), members.text("node", NODE)
    change: Change
    if kind == "node.add":
        change = AddNode(read_node(members.inner("entry")))
    elif kind == "node.change":
        name, areas = members.text("name", LINE), members.texts("areas", AREA, most=MAX_AREAS)
        change = ChangeNode(node, name, areas, members.choice("status", NodeStatus))
    else:
        key = read_key(members.inner("key"))
        change = AddKey(node, key) if kind == "key.add" else ChangeKey(node, key)
    members.finish()
    if change.node != node or kind not in _KINDS:
        raise kim_error("trust_document_invalid", pointer="/kind")
    return change


def _refused(detail: Text) -> KimError:
    return kim_error("trust_change_refused", detail)
