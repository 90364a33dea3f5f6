"""Audits one delivery as it will leave the house, jointly with everything that is linked to it.

What is audited are the decoded bytes: a value per published cell, None where withheld. True values serve
only to know which cells are sensitive and to check that what is published is true. The attacker is the
strongest of level S1 (zeros known, rules known, all linked deliveries known); who is safe from it is safe
from the weaker ones. Where amounts have contributors, each of them attacks too (`insiders`).
It deliberately never repairs: a finding blocks.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aggregation.disclosure.history import Delivered, History, linked_history
from aggregation.disclosure.insiders import Insider, insiders_of, shares_are_known
from aggregation.disclosure.primary import attacker_floors, demands_of, open_zeros, with_whole_distributions
from aggregation.disclosure.proofs import ProofMemory
from aggregation.disclosure.relations import Structure
from aggregation.disclosure.wording import derivation, label_of
from aggregation.sdc.audit.attack import Examination, Verdict, examine, met_by_movement
from aggregation.sdc.demands import KINDS, Demands
from aggregation.sdc.linear_system import BoolArray
from aggregation.sdc.publication import Publication
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
    nothing = np.array([value is None for value in published], dtype=np.bool_)
    values, withheld = table.values, nothing & table.collected
    new = Delivered(structure.grid.dataset.id, period, table, withheld)
    wrong = [
        Finding(period, structure.grid.keys[row], _UNTRUE)
        for row, value in enumerate(published)
        if value is not None and (value != values[row] or not table.collected[row])
    ]
    wrong += [
        Finding(period, structure.grid.keys[row], _HIDDEN_ZERO)
        for row in np.flatnonzero(withheld & open_zeros(structure, table, withheld))
    ]
    wrong += [
        Finding(period, structure.grid.keys[row], _WITHOUT_TOTAL)
        for row in np.flatnonzero(with_whole_distributions(structure, withheld) & ~nothing)
    ]
    history = linked_history(structure, new, linked)
    linked_secrets = [
        _kept_secret(history, block, min_contributors) for block in range(1, len(history.deliveries))
    ]
    own = demands_of(structure, table, stricter=min_contributors)
    settled, programs = _settled(history, min_contributors)
    demands = Demands.behind_each_other([own, *linked_secrets])
    publication = _publication(history, min_contributors)
    outcome = examine(publication, demands, settled=settled)
    inside = [
        _examined_inside(insider, publication, own.among(withheld))
        for insider in insiders_of(structure, table)
    ]
    if not shares_are_known(structure, table):
        wrong.append(Finding(period, structure.grid.keys[0], _UNKNOWN_SHARES))
    return _report(
        history, publication, outcome, inside, wrong, sensitive=int(own.cells.sum()), programs=programs
    )


def _examined_inside(insider: Insider, publication: Publication, own: Demands) -> Examination:
    """Attack as somebody who knows a share of his own."""
    known = insider.publication(publication)
    return examine(known, insider.demands(own, known))


def _kept_secret(history: History, block: int, stricter: int | None) -> Demands:
    """Return what an earlier delivery keeps secret; what it published under milder rules is known."""
    delivery = history.deliveries[block]
    return demands_of(history.structures[block], delivery.table, stricter=stricter).among(delivery.withheld)


def _publication(history: History, stricter: int | None) -> Publication:
    floors = [
        attacker_floors(structure, delivery.table, delivery.withheld, stricter=stricter)
        for structure, delivery in zip(history.structures, history.deliveries, strict=True)
    ]
    return Publication(history.system, history.values, history.withheld, np.concatenate(floors))


def _settled(history: History, stricter: int | None) -> tuple[BoolArray, int]:
    """Return the demands that are met within their own delivery, with all other deliveries held fixed.

    Such a proof is one in the joint system too: nothing outside the delivery moves.
    """
    settled, programs = [], 0
    for block, delivery in enumerate(history.deliveries):
        if history.has_vintages(block):
            settled.append(np.zeros((KINDS, len(delivery.values)), dtype=np.bool_))
            continue
        proven = _PROOFS.recall(history, block, stricter=stricter)
        if proven is None:
            proven, solved = _settled_alone(history, block, stricter)
            _PROOFS.remember(history, block, proven, stricter=stricter)
            programs += solved
        settled.append(proven)
    return np.concatenate(settled, axis=1), programs


_PROOFS: Final = ProofMemory(max_deliveries=64)
"""What audits of this process have proven."""


def _settled_alone(history: History, block: int, stricter: int | None) -> tuple[BoolArray, int]:
    structure, delivery = history.structures[block], history.deliveries[block]
    floors = attacker_floors(structure, delivery.table, delivery.withheld, stricter=stricter)
    publication = Publication(history.among((block,)), delivery.values, delivery.withheld, floors)
    return met_by_movement(publication, _kept_secret(history, block, stricter))


def _report(
    history: History,
    publication: Publication,
    outcome: Examination,
    inside: Sequence[Examination],
    wrong: list[Finding],
    *,
    sensitive: int,
    programs: int,
) -> AuditReport:
    exposed = [
        _finding(history, cell.cell, derivation(history, publication, cell)) for cell in outcome.exposed
    ]
    known = {cell.cell for cell in outcome.exposed}
    from_inside = {cell.cell: cell for one in inside for cell in one.exposed if cell.cell not in known}
    exposed += [
        _finding(history, cell, derivation(history, publication, from_inside[cell], inside=True))
        for cell in sorted(from_inside)
    ]
    unsolved = {*outcome.undecided, *itertools.chain.from_iterable(one.undecided for one in inside)}
    undecided = [*wrong, *(_finding(history, cell, _UNSOLVED) for cell in sorted(unsolved))]
    if not outcome.consistent and not wrong:
        undecided.append(_finding(history, 0, _contradiction(history)))
    if any(not one.consistent for one in inside) and not undecided:
        undecided.append(_finding(history, 0, _contradiction(history)))
    verdict = Verdict.UNKNOWN if undecided else outcome.verdict
    return AuditReport(
        verdict=Verdict.UNSAFE if exposed else verdict,
        exposed=tuple(exposed),
        undecided=tuple(undecided),
        sensitive=sensitive,
        withheld=int(history.deliveries[0].withheld.sum()),
        linked=len(history.deliveries) - 1,
        programs=outcome.programs + sum(one.programs for one in inside) + programs,
    )


def _finding(history: History, cell: int, text: Text) -> Finding:
    block, row = history.place(cell)
    return Finding(history.deliveries[block].period, history.structures[block].grid.keys[row], text)


def _contradiction(history: History) -> Text:
    """Name the first relation that the true values break."""
    broken = np.flatnonzero(~history.system.satisfied(history.values))
    if not len(broken):
        return Text(
            "Ein gesperrter Wert ist kleiner, als die Regeln es zulassen.",
            "A withheld value is smaller than the rules allow.",
        )
    cell = int(history.system.columns[history.system.entries(int(broken[0]))][0])
    label = label_of(history, cell)
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
_WITHOUT_TOTAL = Text(
    "Ein Teil einer Verteilung ist offen, deren Summe gesperrt ist; das verrät etwas über die Summe.",
    "A part of a distribution is shown whose total is withheld; that tells something about the total.",
)
_UNSOLVED = Text(
    "Der Löser hat keine Antwort gegeben; ohne Antwort verlässt nichts das Haus.",
    "The solver gave no answer; without an answer nothing leaves the house.",
)
_UNKNOWN_SHARES: Final = Text(
    "Wer wie viel beigetragen hat, ist nicht bekannt; ohne das ist nicht prüfbar, was Beteiligte errechnen.",
    "Who contributed how much is not known; what contributors can compute cannot be checked without it.",
)
