"""What a publication settles: the nodes of a test bench, and the changes that waited for it."""

from hub.domain.states import NodeStatus
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import kim_error
from protocol.texts import Text
from protocol.trust import AddKey, AddNode, Change, ChangeKey, ChangeNode, Directory


def check_bench(unit: UnitOfWork, directory: Directory) -> None:
    """Refuse a first directory without a node that delivers already: nobody would notice that it is gone.

    Raises:
        KimError: `trust_change_refused`.
    """
    stray = [
        node
        for node in unit.nodes.all()
        if node.status is NodeStatus.ACTIVE and directory.node(node.id) is None
    ]
    if stray:
        raise kim_error(
            "trust_change_refused",
            Text(
                f"{len(stray)} eingetragene Knoten fehlen im ersten Verzeichnis.",
                f"{len(stray)} registered nodes are missing in the first directory.",
            ),
        )


def settled_by(directory: Directory, change: Change) -> bool:
    """Whether a staged change is in a published directory."""
    entry = directory.node(change.node)
    if entry is None:
        return False
    match change:
        case AddNode(wanted):
            return {key.keyid for key in wanted.keys} <= {key.keyid for key in entry.keys}
        case ChangeNode():
            return (entry.name, entry.areas, entry.status) == (change.name, change.areas, change.status)
        case AddKey(_, key):
            return any(key.keyid == known.keyid for known in entry.keys)
        case ChangeKey(_, key):
            return key in entry.keys
