"""Protects one delivery of an area jointly with everything that is linked to it.

The steps, in this order, so that the pattern depends on the input alone and not on what a process remembers:

1. The rules make cells sensitive; small stocks that later quarters build on are to stay uncertain too.
2. The new delivery is protected table by table as far as that goes, with the cells that other tables and
   deliveries see held fixed, and the linked deliveries at their true values: rows that reach into them are
   kept, so what is proven here is proven in the joint system too.
3. What is left of it is protected in the joint system.
4. The sensitive cells of the linked deliveries are proven again, with what is withheld by now: a neighbour
   adds rows (people who went are not fewer than nobody in any breakdown) that older proofs did not know.
5. Those that the new delivery would open are protected in the joint system.
6. Where figures of a period change that are out, the difference is protected from whoever knows the earlier
   vintage: a correction by one person must not tell anything about this person.
7. Where a rule demands it, counts are protected from each person who is alone in a cell.
8. Amounts are protected from each of those who stand behind them and know their share (`insiders`). What
   is withheld for that takes nothing away from what is proven before.

Steps 2 to 8 are a :class:`PatternSearch`. Where it ends without a pattern, groups that hide a zero are
offered as a whole, one after the other, and only then the delivery is refused.

Deliveries that are out keep their pattern: published cells are constants, withheld ones variables. This
module deliberately decides no figure and changes no value: the result is a pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aggregation.disclosure.history import Delivered, History, linked_history, same_period
from aggregation.disclosure.pattern_search import NoPatternError, PatternSearch
from aggregation.disclosure.primary import (
    NO_REASON,
    Reason,
    hiding_zeros,
    open_zeros,
    primary_reasons,
    small_changes,
    with_whole_distributions,
)
from aggregation.disclosure.relations import Structure
from aggregation.sdc.linear_system import BoolArray, IntArray
from aggregation.sdc.programs import FloatArray
from aggregation.tabulation import Tabulation
from protocol.errors import KimError, kim_error
from protocol.periods import Period
from protocol.texts import Text


@dataclass(frozen=True, eq=False)
class Protection:
    """The pattern of a delivery, with reasons that stay in the node.

    Attributes:
        withheld: which cells are withheld.
        reasons: why, one of :class:`Reason` per cell; empty where published.
        sensitive: number of cells that the rules made sensitive.
        programs: number of programs solved.
    """

    withheld: BoolArray
    reasons: NDArray[np.str_]
    sensitive: int
    programs: int


def protect(
    structure: Structure,
    period: Period,
    table: Tabulation,
    *,
    linked: Sequence[Delivered] = (),
    min_contributors: int | None = None,
) -> Protection:
    """Find a safe pattern for a delivery.

    Args:
        structure: the dataflow.
        period: reporting period.
        table: true figures of the grid, margins included.
        linked: what was delivered before for the area, any dataflows and periods, any order.
        min_contributors: the node's own minimum; it can only be stricter.

    Returns:
        The pattern.

    Raises:
        KimError: ``disclosure_unsafe`` if no pattern protects some cell, even if a group is withheld as a
            whole, zeros included (the detail names the cells, never a
            value); ``disclosure_unknown`` if the values contradict the catalogue's relations or a program
            could not be solved.
    """
    nothing = np.zeros(len(table), dtype=np.bool_)
    try:
        return _protected(structure, period, table, linked, min_contributors, group=nothing)
    except NoPatternError as refused:
        programs = refused.programs
        for group in _groups_of(structure, table, refused.codes):
            try:
                found = _protected(structure, period, table, linked, min_contributors, group=group)
            except NoPatternError as again:
                programs += again.programs
            else:
                return replace(found, programs=programs + found.programs)
        raise _unsafe(refused.labels) from None


def _protected(
    structure: Structure,
    period: Period,
    table: Tabulation,
    linked: Sequence[Delivered],
    min_contributors: int | None,
    *,
    group: BoolArray,
) -> Protection:
    """Find a pattern that withholds a group as a whole, or raise that there is none."""
    reasons = primary_reasons(structure, table, stricter=min_contributors)
    sensitive: BoolArray = reasons != NO_REASON
    untouched = Delivered(structure.grid.dataset.id, period, table, sensitive)
    changed = _small_changes(structure, untouched, linked, min_contributors)
    first = replace(untouched, withheld=sensitive | changed | (group & table.collected))
    start = _starting_pattern(structure, first, linked)
    history = linked_history(structure, replace(untouched, withheld=start), linked)
    if not np.all(history.system.satisfied(history.values)):
        raise kim_error("disclosure_unknown", _CONTRADICTION)
    search = PatternSearch(history, _costs(history, linked), min_contributors)
    search.run()
    reasons[search.withheld & ~sensitive] = Reason.SECONDARY
    reasons[changed & ~sensitive] = Reason.CORRECTION
    reasons[search.withheld_with_total & ~sensitive] = Reason.DISTRIBUTION
    reasons[hiding_zeros(structure, table, search.withheld) & ~sensitive] = Reason.GROUP
    return Protection(search.withheld, reasons, int(sensitive.sum()), search.programs)


def costs_of(structure: Structure, values: IntArray) -> FloatArray:
    """Return what withholding each cell costs the readers: many small parts and a large value cost more."""
    return structure.weights * (1.0 + np.log2(1.0 + np.abs(values)))


def _costs(history: History, linked: Sequence[Delivered]) -> FloatArray:
    """Return :func:`costs_of` all cells; amounts that were withheld the last time too cost next to nothing.

    Posts hardly change from quarter to quarter. No relation of the catalogue says so, but whoever sees a
    figure now that was withheld before will guess that it was the same.
    """
    costs = np.concatenate(
        [
            costs_of(structure, delivery.values)
            for structure, delivery in zip(history.structures, history.deliveries, strict=True)
        ]
    )
    new, amount = history.deliveries[0], history.structures[0].rules.amount
    before = [d for d in linked if (d.dataset_id, d.period.freq) == (new.dataset_id, new.period.freq)]
    before = [d for d in before if d.period < new.period and len(d.values) == len(new.values)]
    if before and amount.any():
        latest = max(before, key=lambda delivery: delivery.period)
        costs[: len(new.values)][amount & latest.withheld] = 1.0
    return costs


def _small_changes(
    structure: Structure, new: Delivered, linked: Sequence[Delivered], stricter: int | None
) -> BoolArray:
    """Return the counts that differ by few from an earlier vintage."""
    changed = np.zeros_like(new.withheld)
    for earlier in linked:
        if same_period(earlier, new) and len(earlier.values) == len(new.values):
            changed |= small_changes(structure, earlier.table, new.table, stricter=stricter)
    return changed


def _starting_pattern(structure: Structure, new: Delivered, linked: Sequence[Delivered]) -> BoolArray:
    """Withhold what is sensitive, and what an earlier vintage of the period withheld and is unchanged.

    A group that it withheld as a whole stays so.
    """
    withheld, zeros = new.withheld.copy(), open_zeros(structure, new.table)
    for earlier in linked:
        if same_period(earlier, new) and len(earlier.values) == len(new.values):
            withheld |= earlier.withheld & (earlier.values == new.values) & new.table.collected & ~zeros
            withheld |= hiding_zeros(structure, earlier.table, earlier.withheld) & new.table.collected
    return with_whole_distributions(structure, withheld)


def _groups_of(structure: Structure, table: Tabulation, codes: Sequence[tuple[str, str]]) -> list[BoolArray]:
    """Return groups that would hide a zero if withheld as a whole, those that cost the readers least first.

    Args:
        structure: the dataflow.
        table: true figures of its grid.
        codes: dimension and code of the groups that come into question, in any order.
    """
    zeros, costs = open_zeros(structure, table), costs_of(structure, table.values)
    groups = [structure.groups[place] for place in sorted(set(codes)) if place in structure.groups]
    masks = []
    for rows in sorted(groups, key=lambda rows: float(costs[rows][table.values[rows] > 0].sum())):
        if zeros[rows].any():
            masks.append(np.zeros(len(table), dtype=np.bool_))
            masks[-1][rows] = True
    return masks


_CONTRADICTION = Text(
    "Die Tabellen widersprechen den Beziehungen des Katalogs; die Geheimhaltung ist nicht prüfbar.",
    "The tables contradict the relations of the catalogue; disclosure control cannot be checked.",
)


def _unsafe(labels: Sequence[Text]) -> KimError:
    return kim_error(
        "disclosure_unsafe",
        Text(
            "Kein Sperrmuster schützt diese Zellen: " + "; ".join(label.de for label in labels),
            "No pattern protects these cells: " + "; ".join(label.en for label in labels),
        ),
    )
