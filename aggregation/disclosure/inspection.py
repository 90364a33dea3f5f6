"""Audits one delivery as it will leave the house, jointly with everything that is linked to it.

What is audited are the decoded bytes: a value per published cell, None where withheld. True values serve
only to know which cells are sensitive and to check that what is published is true. The attacker is the
strongest of level S1 (zeros known, rules known, all linked deliveries known); who is safe from it is safe
from the weaker ones. It deliberately never repairs: a finding blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aggregation.disclosure.audit import Examination, Verdict, examine, protected_by_movement
from aggregation.disclosure.history import Delivered, History, linked_history
from aggregation.disclosure.linear_system import BoolArray
from aggregation.disclosure.primary import attacker_floors, open_zeros, sensitive_cells
from aggregation.disclosure.proofs import ProofMemory
from aggregation.disclosure.publication import Publication
from aggregation.disclosure.relations import Structure
from aggregation.disclosure.wording import cell_label, derivation
from aggregation.tabulation import Tabulation
from protocol.grid import Key
from protocol.periods import Period
from protocol.texts import Text


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason why a delivery must not leave.

    Attributes:
        period: period of the cell (an earlier one if the new delivery opens a cell of an old one).
        key: key of the cell.
        text: what an attacker can do, in words, or what could not be decided; never a value.
    """

    period: Period
    key: Key
    text: Text


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The outcome of an audit.

    Attributes:
        verdict: ``safe``, ``unsafe`` or ``unknown``; anything but ``safe`` blocks the delivery.
        exposed: sensitive cells that can be computed, with the derivation.
        undecided: what could not be decided, with the reason.
        sensitive: number of sensitive cells of this delivery.
        withheld: number of withheld cells of this delivery.
        linked: number of other deliveries the audit took into account.
        programs: number of programs solved.
    """

    verdict: Verdict
    exposed: tuple[Finding, ...]
    undecided: tuple[Finding, ...]
    sensitive: int
    withheld: int
    linked: int
    programs: int


def inspect(
    structure: Structure,
    period: Period,
    published: Sequence[int | None],
    *,
    table: Tabulation,
    linked: Sequence[Delivered] = (),
    min_contributors: int | None = None,
) -> AuditReport:
    """Audit a delivery.

    Args:
        structure: the dataflow.
        period: reporting period.
        published: the delivered value of each cell of the grid, None where withheld.
        table: true figures of the same cells.
        linked: what was delivered before for the area, any dataflows and periods, any order.
        min_contributors: the node's own minimum.

    Returns:
        The report; it never raises for a bad delivery.
    """
    withheld = np.array([value is None for value in published], dtype=np.bool_)
    values = table.values
    new = Delivered(structure.grid.dataset.id, period, table, withheld)
    wrong = [
        Finding(period, structure.grid.keys[row], _UNTRUE)
        for row, value in enumerate(published)
        if value is not None and value != values[row]
    ]
    wrong += [
        Finding(period, structure.grid.keys[row], _HIDDEN_ZERO)
        for row in np.flatnonzero(withheld & open_zeros(structure, values))
    ]
    history = linked_history(structure, new, linked)
    sensitive = [_sensitive(structure, delivery, min_contributors) for delivery in history.deliveries]
    sensitive[0] = sensitive_cells(structure, values, stricter=min_contributors)
    settled, programs = _settled(history, sensitive, min_contributors)
    outcome = examine(_publication(history, min_contributors), np.concatenate(sensitive), settled=settled)
    return _report(history, outcome, wrong, sensitive=int(sensitive[0].sum()), programs=programs)


def _sensitive(structure: Structure, delivery: Delivered, stricter: int | None) -> BoolArray:
    """Return what an earlier delivery keeps secret; what it published under milder rules is known."""
    return delivery.withheld & sensitive_cells(structure, delivery.values, stricter=stricter)


def _publication(history: History, stricter: int | None) -> Publication:
    floors = [
        attacker_floors(history.structure, delivery.values, delivery.withheld, stricter=stricter)
        for delivery in history.deliveries
    ]
    return Publication(history.system, history.values, history.withheld, np.concatenate(floors))


def _settled(history: History, sensitive: Sequence[BoolArray], stricter: int | None) -> tuple[BoolArray, int]:
    """Return the cells that are proven within their own delivery, with all other deliveries held fixed.

    Such a proof is one in the joint system too: nothing outside the delivery moves.
    """
    settled, programs = [], 0
    for block, (delivery, cells) in enumerate(zip(history.deliveries, sensitive, strict=True)):
        if sum(other.period == delivery.period for other in history.deliveries) > 1:
            settled.append(np.zeros_like(cells))
            continue
        proven = _PROOFS.recall(history, block, stricter=stricter)
        if proven is None:
            proven, solved = _settled_alone(history, block, stricter)
            _PROOFS.remember(history, block, proven, stricter=stricter)
            programs += solved
        settled.append(proven & cells)
    return np.concatenate(settled), programs


_PROOFS: Final = ProofMemory(max_deliveries=64)
"""What audits of this process have proven."""


def _settled_alone(history: History, block: int, stricter: int | None) -> tuple[BoolArray, int]:
    structure, delivery = history.structure, history.deliveries[block]
    floors = attacker_floors(structure, delivery.values, delivery.withheld, stricter=stricter)
    publication = Publication(history.alone(block), delivery.values, delivery.withheld, floors)
    return protected_by_movement(publication, _sensitive(structure, delivery, stricter))


def _report(
    history: History, outcome: Examination, wrong: list[Finding], *, sensitive: int, programs: int
) -> AuditReport:
    structure = history.structure
    exposed = []
    for cell in outcome.exposed:
        delivery, row = history.place(cell.cell)
        exposed.append(Finding(delivery.period, structure.grid.keys[row], derivation(history, cell)))
    undecided = list(wrong)
    for number in outcome.undecided:
        delivery, row = history.place(number)
        undecided.append(Finding(delivery.period, structure.grid.keys[row], _UNSOLVED))
    if not outcome.consistent and not wrong:
        undecided.append(
            Finding(history.deliveries[0].period, structure.grid.keys[0], _contradiction(history))
        )
    verdict = Verdict.UNKNOWN if undecided else outcome.verdict
    return AuditReport(
        verdict=Verdict.UNSAFE if exposed else verdict,
        exposed=tuple(exposed),
        undecided=tuple(undecided),
        sensitive=sensitive,
        withheld=int(history.deliveries[0].withheld.sum()),
        linked=len(history.deliveries) - 1,
        programs=outcome.programs + programs,
    )


def _contradiction(history: History) -> Text:
    """Name the first relation that the true values break."""
    broken = np.flatnonzero(~history.system.satisfied(history.values))
    if not len(broken):
        return Text(
            "Ein gesperrter Wert ist kleiner, als die Regeln es zulassen.",
            "A withheld value is smaller than the rules allow.",
        )
    cell = int(history.system.columns[history.system.entries(int(broken[0]))][0])
    delivery, row = history.place(cell)
    label = cell_label(history.structure, row, delivery.period)
    return Text(
        f"Die Werte widersprechen einer Beziehung des Katalogs bei {label.de}.",
        f"The values contradict a relation of the catalogue at {label.en}.",
    )


_UNTRUE = Text(
    "Der gelieferte Wert ist nicht der ausgezählte.", "The delivered value is not the one that was counted."
)
_HIDDEN_ZERO = Text(
    "Eine veröffentlichbare Null ist gesperrt; wer weiß, dass Nullen veröffentlicht werden, rechnet falsch.",
    "A publishable zero is withheld; who knows that zeros are published computes wrongly.",
)
_UNSOLVED = Text(
    "Der Löser hat keine Antwort gegeben; ohne Antwort verlässt nichts das Haus.",
    "The solver gave no answer; without an answer nothing leaves the house.",
)
