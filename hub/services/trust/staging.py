"""Changes of the directory that wait for the officers' signatures.

Whoever decides on a node (enrolment, rotation, revocation) stages what follows from it, in the transaction of
its own decision; `kim-hub trust propose` takes all staged changes into one version that the officers sign.
Until that is published, nothing of it holds.
"""

import datetime as dt

from hub.store.trust import StagedChange
from hub.store.unit_of_work import UnitOfWork
from protocol.errors import kim_error
from protocol.trust import Change, Directory, apply
from protocol.trust.changes import kind_of


def stage(
    unit: UnitOfWork, directory: Directory, change: Change, *, at: dt.datetime, actor: str
) -> StagedChange:
    """Stage a change, in the caller's transaction.

    Args:
        unit: an open unit of work that writes.
        directory: what is published (:func:`hub.services.trust.repository.published_directory`).
        change: what is wanted; with what is staged already it has to give a directory.
        at: now, on the hub's clock.
        actor: who decided.

    Raises:
        KimError: `trust_change_refused`, `duplicate_key`, `trust_document_invalid`.
    """
    apply(directory, [*(item.change for item in unit.trust.staged()), change])
    number = unit.trust.stage(change, at=at, actor=actor)
    unit.audit("trust.staged", change.node, at=at, actor=actor, detail={"change": kind_of(change)})
    return StagedChange(number, at, actor, change)


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
