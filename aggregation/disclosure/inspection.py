"""Audits one delivery as it will leave the house, jointly with everything that is linked to it.

What is audited are the decoded bytes: a value per published cell, None where withheld. True values serve
only to know which cells are sensitive and to check that what is published is true. The attacker is the
strongest of level S1 (zeros known, rules known, all linked deliveries known); who is safe from it is safe
from the weaker ones. Where amounts have contributors, each of them attacks too (`insiders`).
It deliberately never repairs: a finding blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aggregation.disclosure.history import Delivered, History, linked_history
from aggregation.disclosure.insiders import Insider, insiders_of, shares_are_known
from aggregation.disclosure.knowledge import all_published, alone, corrected, kept_secret, within
from aggregation.disclosure.primary import demands_of, hiding_zeros, open_zeros, with_whole_distributions
from aggregation.disclosure.proofs import WITNESSES, WitnessMemory
from aggregation.disclosure.relations import Structure
from aggregation.disclosure.wording import CONTRIBUTORS, KNOWS_BEFORE, LONE_PERSON, derivation, label_of
from aggregation.sdc.audit import Examination, Verdict, Witness, examine, examine_views
from aggregation.sdc.audit.attack import moved_at_random
from aggregation.sdc.demands import Demands
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.publication import Publication
from aggregation.sdc.views import View
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
        for row in np.flatnonzero(
            withheld & open_zeros(structure, table, withheld) & ~hiding_zeros(structure, table, withheld)
        )
    ]
    wrong += [
        Finding(period, structure.grid.keys[row], _WITHOUT_TOTAL)
        for row in np.flatnonzero(with_whole_distributions(structure, withheld) & ~nothing)
    ]
    history = linked_history(structure, new, linked)
    out = zip(history.structures[1:], history.deliveries[1:], strict=True)
    secrets = [kept_secret(of, delivery, min_contributors) for of, delivery in out]
    own = demands_of(structure, table, stricter=min_contributors)
    demands = Demands.behind_each_other([own, *secrets])
    publication = all_published(history, min_contributors)
    settled, programs = _settled(history, publication, demands)
    outcome = examine(publication, demands, settled=settled)
    _kept(history, np.arange(history.system.cells), outcome.witnesses, demands)
    inside = [
        _examined_inside(insider, publication, own.among(withheld))
        for insider in insiders_of(structure, table)
    ]
    inside += [_examined_changes(history, publication, view) for view in corrected(history, min_contributors)]
    inside += _examined_alone(history, publication, min_contributors)
    if not shares_are_known(structure, table):
        wrong.append(Finding(period, structure.grid.keys[0], _UNKNOWN_SHARES))
    return _report(
        history, publication, outcome, inside, wrong, sensitive=int(own.cells.sum()), programs=programs
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Inside:
    """The attack of somebody who knows more than everybody: what he sees, who he is, how it ended."""

    publication: Publication
    who: Text
    outcome: Examination


def _examined_inside(insider: Insider, publication: Publication, own: Demands) -> _Inside:
    """Attack as somebody who knows a share of his own."""
    known = insider.publication(publication)
    return _Inside(known, CONTRIBUTORS, examine(known, insider.demands(own, known)))


def _examined_alone(history: History, publication: Publication, stricter: int | None) -> list[_Inside]:
    """Attack as each person who is alone in a cell, where a rule demands it."""
    views = _WITNESSES.left(history, publication, alone(history, stricter))
    if not views:
        return []
    nobody = View(Demands.nothing(history.system.cells))
    _, *outcomes = examine_views(publication, (nobody, *views))
    return [
        _Inside(view.of(publication), LONE_PERSON, outcome)
        for view, outcome in zip(views, outcomes, strict=True)
    ]


def _examined_changes(history: History, publication: Publication, view: View) -> _Inside:
    """Attack what changed as somebody who knows the earlier vintages."""
    known = view.of(publication)
    settled = _WITNESSES.met(history, known, view.demands)
    outcome = examine(known, view.demands, settled=settled)
    _kept(history, np.arange(history.system.cells), outcome.witnesses, view.demands)
    return _Inside(known, KNOWS_BEFORE, outcome)


def _settled(history: History, publication: Publication, demands: Demands) -> tuple[BoolArray, int]:
    """Return the demands that are met by a part of the history moving, with everything else held fixed.

    Such a proof is one in the joint system too: nothing outside that part moves. First what this process has
    found before is checked again, for deliveries that are out what the suppression found, too; then
    deliveries of which much is left move by themselves, and then those next to the new one together.
    """
    out = np.ones(history.system.cells, dtype=np.bool_)
    out[: history.starts[1]] = False
    settled, programs = WITNESSES.met(history, publication, demands.among(out)), 0
    settled |= _WITNESSES.met(history, publication, demands.without(settled))
    for blocks in (*((block,) for block in range(len(history.deliveries))), *history.around()):
        cells = history.cells_of(blocks)
        left = demands.without(settled).of(cells)
        if left.cells.sum() >= (_MANY if len(blocks) == 1 else 1):
            found, solved = moved_at_random(within(history, publication, blocks), left)
            programs += solved
            settled |= _kept(history, cells, found, demands)
    return settled, programs


def _kept(history: History, cells: IntArray, found: Sequence[Witness], demands: Demands) -> BoolArray:
    """Keep witnesses of some cells of a history for the audits to come, and return what they meet."""
    met = np.zeros_like(demands.matrix)
    changes = []
    for witness in found:
        changes.append(np.zeros(history.system.cells, dtype=np.int64))
        changes[-1][cells[witness.cells]] = witness.change
        met |= demands.met_by(changes[-1])
    _WITNESSES.remember(history, changes)
    return met


_WITNESSES: Final = WitnessMemory(max_witnesses=20_000)
"""What audits of this process have found."""

_MANY: Final = 8
"""Open cells of a delivery for which it is worth moving it by itself first."""


def _report(
    history: History,
    publication: Publication,
    outcome: Examination,
    inside: Sequence[_Inside],
    wrong: list[Finding],
    *,
    sensitive: int,
    programs: int,
) -> AuditReport:
    exposed = [
        _finding(history, cell.cell, derivation(history, publication, cell)) for cell in outcome.exposed
    ]
    known = {cell.cell for cell in outcome.exposed}
    for one in inside:
        for cell in one.outcome.exposed:
            if cell.cell not in known:
                known.add(cell.cell)
                exposed.append(
                    _finding(history, cell.cell, derivation(history, one.publication, cell, who=one.who))
                )
    unsolved = {*outcome.undecided, *(cell for one in inside for cell in one.outcome.undecided)}
    undecided = [*wrong, *(_finding(history, cell, _UNSOLVED) for cell in sorted(unsolved))]
    if not outcome.consistent and not wrong:
        undecided.append(_finding(history, 0, _contradiction(history)))
    if any(not one.outcome.consistent for one in inside) and not undecided:
        undecided.append(_finding(history, 0, _contradiction(history)))
    verdict = Verdict.UNKNOWN if undecided else outcome.verdict
    return AuditReport(
        verdict=Verdict.UNSAFE if exposed else verdict,
        exposed=tuple(exposed),
        undecided=tuple(undecided),
        sensitive=sensitive,
        withheld=int(history.deliveries[0].withheld.sum()),
        linked=len(history.deliveries) - 1,
        programs=outcome.programs + sum(one.outcome.programs for one in inside) + programs,
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
