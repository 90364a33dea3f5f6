"""Changes of the directory that wait for the officers' signatures.

Whoever decides on a node (enrolment, rotation, revocation) stages what follows from it, in the transaction of
its own decision; `kim-hub trust propose` takes all staged changes into one version that the officers sign.
Until that is published, nothing of it holds.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from hub.domain.enrolment import EnrolmentState
from hub.services.enrolment.deciding import EntryChange
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import kim_error
from protocol.trust import Change, Directory, apply
from protocol.trust.changes import kind_of, node_differences

_ACTOR: Final = "enrolment"


class OfficersRegistry:
    """Where decisions on nodes go on a hub that officers govern: they wait for signatures."""

    takes_effect: Final = EnrolmentState.APPROVED

    def __init__(self, directory: Directory) -> None:
        """Stage changes of what is published (:func:`hub.services.trust.repository.published_directory`)."""
        self._published = directory

    def change(
        self,
        unit: UnitOfWork,
        changes: Sequence[tuple[str, EntryChange]],
        *,
        at: dt.datetime,
    ) -> None:
        """Stage what decisions make of nodes' entries, all or none.

        Args:
            unit: an open unit of work that writes.
            changes: node ids, and what becomes of the entry as it stands with all that is staged.
            at: now, on the hub's clock.

        Raises:
            KimError: `trust_change_refused`, `duplicate_key` or `trust_document_invalid`: with what is staged
                already, the changes have to give a directory.
        """
        directory = apply(self._published, [item.change for item in unit.trust.staged()])
        entries = {entry.node: entry for entry in directory.nodes}
        staged: list[Change] = []
        for node, change in changes:
            after = change(entries.get(node))
            staged += node_differences(entries.get(node), after)
            entries[node] = after
        apply(directory, staged)
        for item in staged:
            unit.trust.stage(item, at=at, actor=_ACTOR)
            unit.audit("trust.staged", item.node, at=at, actor=_ACTOR, detail={"change": kind_of(item)})


def withdraw(unit: UnitOfWork, number: int, *, at: dt.datetime, actor: str) -> None:
    """Take back a staged change before it is signed.

    Raises:
        KimError: `not_found` if no such change is staged.
    """
    found = next((item for item in unit.trust.staged() if item.id == number), None)
    if found is None:
        raise kim_error("not_found")
    unit.trust.withdraw([number])
    unit.audit("trust.withdrawn", found.change.node, at=at, actor=actor, detail={"number": number})
