"""Whether there are nodes enough to witness the log: without them no receipt ever becomes final (SPEC P-109).

A node confirms nothing about itself, so a receipt that needs three witnesses needs four nodes. Counted are
nodes that may deliver and have a key for witnessing that was not withdrawn; whether they have been in contact
lately is not asked here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from protocol.keys import KeyPurpose
from protocol.texts import Text
from protocol.trust import KeyStatus, NodeEntry, NodeStatus


@dataclass(frozen=True, slots=True)
class Witnesses:
    """How many there are and how many are needed.

    Attributes:
        quorum: how many nodes other than the one concerned a final receipt needs, as officers have signed.
        nodes: how many nodes can witness.
    """

    quorum: int
    nodes: int

    @property
    def missing(self) -> int:
        """How many nodes are missing until the receipts of every node can become final."""
        return max(0, self.quorum + 1 - self.nodes) if self.quorum else 0

    def lines(self) -> list[Text]:
        """Return what is wrong and what helps; nothing if nodes enough are there."""
        if not self.missing:
            return []
        found = [
            Text(
                f"ACHTUNG: Quittungen werden noch nicht endgültig. Nötig sind je {self.quorum} andere Knoten "
                f"als Zeugen, also {self.quorum + 1} eingetragene; es sind {self.nodes}.",
                f"NOTE: receipts do not become final yet. Each needs {self.quorum} other nodes as witnesses, "
                f"that is {self.quorum + 1} that are entered; there are {self.nodes}.",
            )
        ]
        if self.nodes > 1:
            fewer = f"kim-hub trust propose --quorum {self.nodes - 1}"
            found.append(
                Text(
                    f"→ Weitere Knoten aufnehmen, oder bis dahin weniger verlangen: {fewer} --out …",
                    f"→ Admit more nodes, or demand fewer witnesses until then: {fewer} --out …",
                )
            )
        else:
            found.append(Text("→ Weitere Knoten aufnehmen.", "→ Admit more nodes."))
        return found

    @property
    def members(self) -> dict[str, int]:
        """The same for programs."""
        return {"quorum": self.quorum, "nodes": self.nodes, "missing": self.missing}


def witnesses_among(nodes: Iterable[NodeEntry], *, quorum: int) -> Witnesses:
    """Count those among the nodes of a directory."""
    can = [
        node
        for node in nodes
        if node.status is NodeStatus.ACTIVE
        and any(key.use is KeyPurpose.WITNESS and key.status is not KeyStatus.REVOKED for key in node.keys)
    ]
    return Witnesses(quorum, len(can))
